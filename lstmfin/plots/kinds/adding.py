"""How cells learn a problem that needs a memory: the error by sequences seen, cell beside cell."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from lstmfin.engine.problems import Problem
from lstmfin.engine.trial import Outcome
from lstmfin.plots.kind import PlotKind
from lstmfin.plots.style import LABEL_SIZE, Frame, Label, Theme, framed, grid_of, label_right, panel
from lstmfin.plots.text import literal

_DRAWN = 1500  # points of a curve: more are no smoother at this width


@dataclass(frozen=True)
class Course:
    """Mean absolute error (S,) of the last sequences of a cell, after so many (S,)."""

    cell: str
    sequences: NDArray[np.float64]
    errors: NDArray[np.float64]
    solved: bool


@dataclass(frozen=True)
class AddingPicture:
    """What a picture of a problem shows.

    Parameters
    ----------
    problem : str
        What it is called.
    length, hidden : int
        Steps of a sequence, and units of each cell.
    goal : float
        Mean absolute error below which it may count as solved.
    """

    problem: str
    length: int
    hidden: int
    courses: tuple[Course, ...]
    goal: float


def adding_picture(
    name: str, outcomes: Mapping[str, Outcome], *, length: int, hidden: int, problem: Problem
) -> AddingPicture:
    """Return the picture of what became of cells."""
    courses = tuple(
        Course(cell, seen, errors, one.solved)
        for cell, one in outcomes.items()
        for seen, errors in [np.array(one.course).T]
    )
    return AddingPicture(name, length, hidden, courses, problem.mean_error)


def draw(picture: AddingPicture, theme: Theme) -> Figure:
    """Return the curves, on logarithmic axes of error."""
    solved = [one.cell for one in picture.courses if one.solved]
    who = "solved by " + ", ".join(solved) if solved else "solved by none"
    frame = Frame(
        f"{literal(picture.problem, 40)}, {picture.length} steps: {literal(who, 32)}",
        f"Mean absolute error of the last 500 sequences, before each is learned from; "
        f"{picture.hidden} units",
        "measured on this machine by lstmfin bench",
        None,
    )
    figure = framed(theme, frame)
    axes = panel(figure, theme, grid_of(figure, [1], bottom=0.8)[0], ylabel="Error (absolute)")
    _curves(axes, picture, theme)
    axes.set_xlabel("Sequences seen (thousands)", size=LABEL_SIZE, color=theme.muted)
    return figure


def _curves(axes: Axes, picture: AddingPicture, theme: Theme) -> None:
    axes.set_yscale("log")
    colours = (theme.model, theme.rival, theme.third, theme.ink, theme.muted)
    axes.axhline(picture.goal, color=theme.muted, lw=1.0, ls=(0, (1, 2)))
    labels = [Label(picture.goal, f"goal {picture.goal:g}", theme.muted)]
    for k, one in enumerate(picture.courses):
        colour, dashed = colours[k % len(colours)], k >= len(colours)
        step = -(-len(one.errors) // _DRAWN)
        x, y = one.sequences / 1000, one.errors
        style = (0, (4, 2)) if dashed else "-"
        axes.plot(np.r_[x[::step], x[-1]], np.r_[y[::step], y[-1]], color=colour, lw=1.7, ls=style)
        if one.solved:
            axes.plot(x[-1], y[-1], "o", ms=6, color=colour, mec=theme.background, zorder=5)
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


PLOT = PlotKind(AddingPicture, draw, drawn_by="bench adding")
