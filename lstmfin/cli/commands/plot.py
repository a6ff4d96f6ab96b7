"""Draw pictures of what the workspace holds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from lstmfin.advice import advised
from lstmfin.cli.completion import first_word
from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options
from lstmfin.config import PlotConfig
from lstmfin.errors import DataError, UsageError
from lstmfin.registry import PLOTS, did_you_mean
from lstmfin.workspace import absolute

KINDS = (
    "adding", "calibration", "equity", "forecast", "gates", "gradients", "seeds", "skill", "timing",
    "training",
)  # fmt: skip
"""Kinds of pictures, for a shell that does not wait for their parts."""


@click.command("plot")
@click.argument(
    "words", nargs=-1, metavar="[KIND] [SYMBOL]...", shell_complete=first_word(lambda: KINDS)
)
@section_options(PlotConfig)
@click.pass_obj
def plot(job: Job, /, words: tuple[str, ...], **options: Any) -> None:
    """Draw pictures of SYMBOL..., or of what was measured.

    KIND is one of calibration, equity, forecast, gates, seeds, skill and training; or, of no
    symbol, of adding, gradients and timing: the last run of `bench` or `gradients`.
    Without KIND: every picture of a symbol there is something for. Pictures go to the workspace's
    reports unless --out names a file or a folder. In a chain, "plot forecast" is plot and then
    forecast; at the head of the line it is the picture.
    """
    from lstmfin.cli.output import Column, Result
    from lstmfin.plots.save import picture_format

    config = job.settings.plot.evolve(**options)
    named = _names_a_kind(words)
    kinds = words[:1] if named else [kind for kind in PLOTS.names() if PLOTS.get(kind).subject]
    _refuse_unread(kinds, options)
    if config.out is not None and _is_file(config.out):
        picture_format(config.out)
    drawing = _Drawing(job, config)
    if PLOTS.get(kinds[0]).subject is None:
        if words[1:]:
            raise UsageError(
                f"the picture '{kinds[0]}' is of no symbol; draw it without '{words[1]}': "
                f"{advised('plot', kinds[0])}"
            )
        drawing.draw(kinds[0], None)
    else:
        chosen = job.choose(words[named:], job.stored_symbols)
        if config.out is not None and _is_file(config.out) and not (named and len(chosen) == 1):
            raise UsageError(
                f"--out {config.out} is one file, and there are several pictures to draw; name one "
                "KIND and one SYMBOL, or give a folder"
            )
        with job.progress("Drawing"):
            job.each(chosen, lambda symbol: drawing.draw_all(kinds, symbol))
    columns = [Column(key, key, right=False) for key in ("symbol", "kind", "path")]
    job.emit(Result("plot", columns, drawing.rows, title="Pictures"))


@dataclass(frozen=True)
class _Drawing:
    """Draws, writes, and notes what it wrote."""

    job: Job
    config: PlotConfig
    rows: list[dict[str, Any]] = field(default_factory=list)

    def draw(self, kind: str, symbol: str | None) -> None:
        """Draw a kind of picture, of a symbol or of none; DataError where there is nothing."""
        from lstmfin.plots.measured import FOLDER
        from lstmfin.plots.save import figure_bytes, picture_format
        from lstmfin.workspace import safe_name, write_atomically

        plot, out = PLOTS.get(kind), self.config.out
        figure = plot.figure(
            plot.gathered(self.job.workspace, symbol or "", self.config), theme=self.config.theme
        )
        name = FOLDER if symbol is None else safe_name(symbol)
        place = _place(out, reports=self.job.workspace.reports, name=name, kind=kind)
        content = figure_bytes(figure, picture_format(place))
        write_atomically(place, content, flag="--out" if out else "-C")
        self.job.keep(str(place))
        self.rows.append({"symbol": symbol, "kind": kind, "path": str(place)})

    def draw_all(self, kinds: Sequence[str], symbol: str) -> None:
        """Draw each kind of which there is something; DataError where there is nothing at all."""
        missing: list[DataError] = []
        for kind in kinds:
            try:
                self.draw(kind, symbol)
            except DataError as error:
                missing.append(error)
        if len(missing) == len(kinds):
            self.job.refuse_mistyped(symbol)
            raise missing[0]
        for absent in missing:
            self.job.tell(str(absent))


def _names_a_kind(words: tuple[str, ...]) -> bool:
    """Tell whether the first word is a kind; a symbol that looks like one is in capitals."""
    if not words or words[0] in PLOTS.names():
        return bool(words)
    if late := [word for word in words[1:] if word in PLOTS.names()]:
        symbols = [word for word in words if word not in late]
        raise UsageError(f"KIND comes first: {advised('plot', late[0], *symbols)}")
    near = did_you_mean(words[0], PLOTS.names())
    if words[0].islower() and near:
        raise UsageError(
            f"there is no picture '{words[0]}'{near} (a symbol of that name is written "
            f"{words[0].upper()})"
        )
    return False


def _refuse_unread(kinds: Sequence[str], options: dict[str, Any]) -> None:
    """Refuse options that no picture reads: they would seem to have done something."""
    for name in set(options) - {"out", "theme"}:
        if options[name] is not None and not any(PLOTS.get(kind).reads(name) for kind in kinds):
            able = [kind for kind in PLOTS.names() if PLOTS.get(kind).reads(name)]
            raise UsageError(
                f"the picture '{kinds[0]}' has no --{name.rstrip('_')}; it is for: "
                f"{', '.join(able)}"
            )


def _place(out: Path | None, *, reports: Path, name: str, kind: str) -> Path:
    if out is not None and _is_file(out):
        return absolute(out)
    return (absolute(out) if out else reports) / name / f"{kind}.png"


def _is_file(out: Path) -> bool:
    return out.suffix != "" and not out.is_dir()


COMMAND = plot
