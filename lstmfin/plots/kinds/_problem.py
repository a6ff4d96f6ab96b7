"""How cells learn a problem that needs a memory: the error by sequences seen, cell beside cell."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from lstmfin.plots.kind import PlotKind
from lstmfin.plots.measured import Measured
from lstmfin.plots.style import LABEL_SIZE, Frame, Label, framed, grid_of, label_right, panel
from lstmfin.plots.text import literal
from lstmfin.plots.theme import Theme


@dataclass(frozen=True)
class Course:
    """Mean absolute error (S,) of the last sequences of a cell, after so many (S,)."""

    cell: str
    sequences: NDArray[np.float64]
    errors: NDArray[np.float64]
    solved: bool


@dataclass(frozen=True)
class ProblemPicture:
    """What a picture of a problem shows.

    Parameters
    ----------
    problem : str
        What it is called.
    length, hidden : int
        Steps of a sequence, and units of each cell.
    goal : float
        Mean absolute error below which it may count as solved, if no sequence was far off, too.
    source, as_of : str, date
        Which command measured it, and when.
    """

    problem: str
    length: int
    hidden: int
    courses: tuple[Course, ...]
    goal: float
    source: str
    as_of: dt.date


def make(measured: Measured) -> ProblemPicture:
    """Return the picture of what became of cells."""
    found = measured.found
    courses = tuple(
        Course(row["cell"], seen, errors, row["solved"])
        for row in found["rows"]
        for seen, errors in [np.array(found["courses"][row["cell"]], np.float64).T]
    )
    return ProblemPicture(
        f"The {found['problem']} problem",
        found["length"],
        found["hidden"],
        courses,
        found["goal"],
        measured.source,
        measured.day,
    )


def draw(picture: ProblemPicture, theme: Theme) -> Figure:
    """Return the curves, on logarithmic axes of error."""
    solved = [one.cell for one in picture.courses if one.solved]
    who = "solved by " + ", ".join(solved) if solved else "solved by none"
    frame = Frame(
        f"{literal(picture.problem, 40)}, {picture.length} steps: {literal(who, 32)}",
        f"Mean absolute error of the last 500 sequences, before each is learned from; "
        f"{picture.hidden} units",
        picture.source,
        picture.as_of,
        dated="Measured on",
    )
    figure = framed(theme, frame)
    axes = panel(figure, theme, grid_of(figure, [1], bottom=0.8)[0], ylabel="Error (absolute)")
    _curves(axes, picture, theme)
    axes.set_xlabel("Sequences seen (thousands)", size=LABEL_SIZE, color=theme.muted)
    return figure


def _curves(axes: Axes, picture: ProblemPicture, theme: Theme) -> None:
    axes.set_yscale("log")
    colours = (theme.model, theme.rival, theme.third, theme.ink, theme.muted)
    axes.axhline(picture.goal, color=theme.muted, lw=1.0, ls=(0, (1, 2)))
    labels = [Label(picture.goal, f"goal {picture.goal:g}, on average", theme.muted)]
    for k, one in enumerate(picture.courses):
        colour, dashed = colours[k % len(colours)], k >= len(colours)
        x, y = one.sequences / 1000, one.errors
        style = (0, (4, 2)) if dashed else "-"
        axes.plot(x, y, color=colour, lw=1.7, ls=style)
        if one.solved:
            (dot,) = axes.plot(
                x[-1], y[-1], "o", ms=6, color=colour, mec=theme.background, zorder=5
            )
            dot.set_clip_on(False)
        words = one.cell + (f", {1000 * x[-1]:,.0f}" if one.solved else "")
        labels.append(Label(float(y[-1]), words, colour))
    every = np.concatenate([one.errors for one in picture.courses])
    axes.set_ylim(0.7 * min(every.min(), picture.goal), 1.4 * every.max())
    axes.set_xlim(0, max(one.sequences[-1] for one in picture.courses) / 1000)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    label_right(axes, labels)


def problem_plot(problem: str) -> PlotKind[ProblemPicture]:
    """Return the kind of picture that shows a problem of ``lstmfin bench``."""
    return PlotKind(ProblemPicture, draw, make, measured_by=f"bench {problem}")
