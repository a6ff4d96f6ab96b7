"""Draw pictures of what the workspace holds."""

from pathlib import Path
from typing import Any

import click

from lstmfin.cli.completion import first_word
from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options
from lstmfin.config import PlotConfig
from lstmfin.errors import DataError, UsageError
from lstmfin.registry import PLOTS, did_you_mean
from lstmfin.workspace import absolute

KINDS = ("calibration", "equity", "forecast", "gates", "seeds", "skill", "training")
"""Pictures of a symbol, for a shell that does not wait for the others' parts."""


@click.command("plot")
@click.argument(
    "words", nargs=-1, metavar="[KIND] [SYMBOL]...", shell_complete=first_word(lambda: KINDS)
)
@section_options(PlotConfig)
@click.pass_obj
def plot(job: Job, /, words: tuple[str, ...], **options: Any) -> None:
    """Draw pictures of SYMBOL...

    KIND is one of calibration, equity, forecast, gates, seeds, skill and training.
    Without KIND: every picture there is something for. Pictures go to the workspace's reports
    unless --out names a file or a folder. In a chain, "plot forecast" is plot and then forecast; at
    the head of the line it is the picture.
    """
    from lstmfin.cli.output import Column, Result
    from lstmfin.plots.save import figure_bytes, picture_format
    from lstmfin.workspace import safe_name, write_atomically

    config = job.settings.plot.evolve(**options)
    named = _names_a_kind(words)
    kinds = words[:1] if named else [kind for kind in PLOTS.names() if PLOTS.get(kind).gather]
    if PLOTS.get(kinds[0]).gather is None:
        raise UsageError(
            f"the picture '{kinds[0]}' is of no symbol; draw it with: lstmfin "
            f"{PLOTS.get(kinds[0]).drawn_by} --out {kinds[0]}.png"
        )
    if not any(PLOTS.get(kind).asks for kind in kinds):
        _refuse_unread(kinds[0], options)
    chosen = job.choose(words[named:], job.stored_symbols)
    if config.out is not None and _is_file(config.out):
        picture_format(config.out)
        if not named or len(chosen) > 1:
            raise UsageError(
                f"--out {config.out} is one file, and there are several pictures to draw; name one "
                "KIND and one SYMBOL, or give a folder"
            )
    reports = job.workspace.reports
    rows: list[dict[str, Any]] = []

    def one(symbol: str) -> None:
        missing: list[DataError] = []
        for kind in kinds:
            try:
                picture = PLOTS.get(kind).gathered(job.workspace, symbol, config)
            except DataError as error:
                missing.append(error)
                continue
            place = _place(config.out, reports=reports, name=safe_name(symbol), kind=kind)
            figure = PLOTS.get(kind).figure(picture, theme=config.theme)
            content = figure_bytes(figure, picture_format(place))
            write_atomically(place, content, flag="--out" if config.out else "-C")
            job.keep(str(place))
            rows.append({"symbol": symbol, "kind": kind, "path": str(place)})
        if len(missing) == len(kinds):
            job.refuse_mistyped(symbol)
            raise missing[0]
        for absent in missing:
            job.tell(str(absent))

    with job.progress("Drawing"):
        job.each(chosen, one)
    columns = [Column(key, key, right=False) for key in ("symbol", "kind", "path")]
    job.emit(Result("plot", columns, rows, title="Pictures"))


def _names_a_kind(words: tuple[str, ...]) -> bool:
    """Tell whether the first word is a kind; a symbol that looks like one is in capitals."""
    if not words or words[0] in PLOTS.names():
        return bool(words)
    if late := [word for word in words[1:] if word in PLOTS.names()]:
        symbols = [word for word in words if word not in late]
        raise UsageError(f"KIND comes first: lstmfin plot {late[0]} {' '.join(symbols)}")
    near = did_you_mean(words[0], PLOTS.names())
    if words[0].islower() and near:
        raise UsageError(
            f"there is no picture '{words[0]}'{near} (a symbol of that name is written "
            f"{words[0].upper()})"
        )
    return False


def _refuse_unread(kind: str, options: dict[str, Any]) -> None:
    """Refuse options that the picture does not read: they would seem to have done something."""
    for name in set(options) - {"out", "theme"}:
        if options[name] is not None:
            raise UsageError(
                f"the picture '{kind}' has no --{name.rstrip('_')}; it is of: lstmfin plot gates"
            )


def _place(out: Path | None, *, reports: Path, name: str, kind: str) -> Path:
    if out is not None and _is_file(out):
        return absolute(out)
    return (absolute(out) if out else reports) / name / f"{kind}.png"


def _is_file(out: Path) -> bool:
    return out.suffix != "" and not out.is_dir()


COMMAND = plot
