"""Make a workspace."""

from pathlib import Path

import click

from lstmfin.cli.completion import words
from lstmfin.cli.job import Job
from lstmfin.cli.options import symbols_argument
from lstmfin.config import (
    CONFIG_NAME,
    BacktestConfig,
    FetchConfig,
    ForecastConfig,
    PlotConfig,
    RunConfig,
    ScoreConfig,
    Section,
    TrainConfig,
    TuneConfig,
    allowed_text,
    choice_names,
    saved_fields,
    section_to_table,
    toml_value,
)
from lstmfin.errors import UsageError
from lstmfin.registry import SOURCES
from lstmfin.workspace import write_atomically


@click.command("init")
@symbols_argument
@click.option(
    "--source",
    default=None,
    help="Where the prices of this workspace come from.",
    shell_complete=words(SOURCES.names),
)
@click.pass_obj
def init(job: Job, /, symbols: tuple[str, ...], source: str | None) -> None:
    """Make a workspace: a folder with an lstmfin.toml to edit.

    SYMBOL... becomes its watch-list. Without -C the workspace is the folder you are in.
    """
    from lstmfin.data.symbols import parse_symbol

    fetch = FetchConfig().evolve(source=source)
    names = tuple(dict.fromkeys(parse_symbol(name) for name in symbols))
    place = (job.workspace.root if job.chosen else Path.cwd()) / CONFIG_NAME
    if place.exists():
        raise UsageError(f"{place} is there already; edit it, or name another folder with -C")
    write_atomically(place, _toml(names, fetch).encode())
    job.keep(str(place))
    job.symbols = names
    job.tell(f"wrote {place}; next: lstmfin fetch{'' if names else ' AAPL'}")


def _toml(symbols: tuple[str, ...], fetch: FetchConfig) -> str:
    sections = {
        "fetch": fetch,
        "train": TrainConfig(),
        "tune": TuneConfig(),
        "backtest": BacktestConfig(),
        "plot": PlotConfig(),
        "forecast": ForecastConfig(),
        "score": ScoreConfig(),
        "run": RunConfig(),
    }
    head = (
        "# The watch-list, and defaults of each command; what is commented out is as it comes.\n"
        f"symbols = {toml_value(list(symbols))}\n"
    )
    parts = [_section(name, section) for name, section in sections.items()]
    return head + "".join(parts)


def _section(name: str, section: Section) -> str:
    set_now, as_it_comes = section_to_table(section), section_to_table(type(section)())
    lines = [f"\n[{name}]"]
    for key, spec in saved_fields(type(section)).items():
        notes = [spec.metadata["help"], allowed_text(spec.metadata)]
        if names := choice_names(spec.metadata):
            notes.append("one of " + ", ".join(names))
        lines.append("# " + "  ".join(note for note in notes if note))
        value = set_now.get(key)
        is_default = value == as_it_comes.get(key)
        lines.append(f"{'# ' if is_default else ''}{key} = {toml_value(value)}".rstrip())
    return "\n".join(lines) + "\n"


COMMAND = init
