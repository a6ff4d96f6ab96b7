"""How every picture is laid out: type, frame, axes and footnote, in one place."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib import dates, ticker
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lstmfin.plots.save import figure_bytes
from lstmfin.plots.text import literal
from lstmfin.plots.theme import Theme

WIDTH = 8.0  # inches, so that at 100 dpi a picture is 800 px wide and its smallest type 10 px
HEIGHT = 4.5
_FEWEST_TICKS, _MOST_TICKS = 3, 8
LEFT, RIGHT = 0.105, 0.785  # of the width; labels of the lines stand in the right margin
TOP, BOTTOM = 0.84, 0.66  # inches for the words above and below
LABEL_SIZE = 8.5


class Frame(NamedTuple):
    """The words around a picture; ``dated`` says what the day ``as_of`` is of."""

    title: str
    subtitle: str
    source: str
    as_of: dt.date | np.datetime64
    aside: str = ""
    dated: str = "Data to"


class Sheet(Figure):
    """A figure that a notebook shows by itself, as sharp as a file and 800 px wide."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        width, height = (round(100 * inches) for inches in self.get_size_inches())
        return figure_bytes(self, "png"), {"width": width, "height": height}


def framed(theme: Theme, frame: Frame, *, height: float = HEIGHT) -> Figure:
    """Return a figure with title, subtitle and footnote, and room for axes between them."""
    figure = Sheet(figsize=(WIDTH, height))
    left = LEFT - 0.08

    def write(x: float, inches_up: float, text: str, **kwargs: Any) -> None:
        figure.text(x, inches_up / height, literal(text), **kwargs)

    write(left, height - 0.33, frame.title, size=13.5, weight="bold")
    write(left, height - 0.57, frame.subtitle, size=9.0, color=theme.muted)
    footnote = f"Source: {literal(frame.source, 60)}. {frame.dated} {frame.as_of}."
    write(left, 0.13, footnote, size=7.5, color=theme.muted)
    if frame.aside:
        write(1 - left, 0.13, frame.aside, size=7.5, color=theme.rival, weight="bold", ha="right")
    else:
        write(1 - left, 0.13, "lstmfin", size=7.5, color=theme.muted, ha="right")
    return figure


def panel(figure: Figure, theme: Theme, cell: Any, *, ylabel: str, **kwargs: Any) -> Axes:
    """Return axes in a cell of the grid: a quiet grid, no box, a label with its unit."""
    axes: Axes = figure.add_subplot(cell, **kwargs)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(theme.muted)
    axes.grid(axis="y", color=theme.grid, linewidth=0.8)
    axes.tick_params(colors=theme.muted, labelsize=LABEL_SIZE, length=0, pad=5)
    axes.tick_params(axis="x", length=3)
    axes.set_ylabel(literal(ylabel), size=LABEL_SIZE, color=theme.muted, labelpad=5)
    return axes


def named(axes: Axes, text: str, theme: Theme) -> None:
    """Say in words above axes what they show."""
    axes.set_title(literal(text), loc="left", size=LABEL_SIZE, color=theme.ink, pad=4)


def grid_of(
    figure: Figure,
    heights: Sequence[float],
    *,
    columns: int = 1,
    top: float = TOP,
    bottom: float = BOTTOM,
) -> Any:
    """Return the cells between title and footnote, one row for each relative height."""
    total = figure.get_figheight()
    return figure.add_gridspec(
        len(heights),
        columns,
        height_ratios=heights,
        left=LEFT,
        right=RIGHT,
        top=1 - top / total,
        bottom=bottom / total,
    )


def date_axis(axes: Axes) -> None:
    """Show dates as briefly as they can be told apart."""
    locator = dates.AutoDateLocator(minticks=4, maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = dates.ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    axes.xaxis.get_offset_text().set_fontsize(LABEL_SIZE)


def session_axis(axes: Axes, sessions: NDArray[np.datetime64]) -> None:
    """Write dates below an axis that counts sessions, so that weekends leave no gaps."""
    axes.set_xticks(*session_ticks(sessions))


def session_ticks(sessions: NDArray[np.datetime64]) -> tuple[NDArray[np.intp], list[str]]:
    """Return which sessions to name below an axis, and their names."""
    days = sessions.astype("M8[D]")
    number = days.astype(int)
    units = (
        ("%Y", days.astype("M8[Y]").astype(int)),
        ("%b", days.astype("M8[M]").astype(int)),
        ("%d %b", (number + 3) // 7),  # weeks begin on Monday; day 0 was a Thursday
        ("%d %b", number),
    )
    ticks = [(style, np.flatnonzero(np.diff(unit)) + 1) for style, unit in units]
    style, starts = next((one for one in ticks if len(one[1]) >= _FEWEST_TICKS), ticks[-1])
    starts = starts[:: -(-len(starts) // _MOST_TICKS) or 1]
    years = days.astype("M8[Y]")[starts].astype(str)
    turns = np.append(True, years[1:] != years[:-1]) & (style != "%Y")
    words = [day.strftime(style).lstrip("0") for day in days[starts].tolist()]
    named = [f"{w}\n{y}" if new else w for w, y, new in zip(words, years, turns, strict=False)]
    return starts, named


def percent_axis(axes: Axes) -> None:
    """Show fractions on the y axis as percent."""
    axes.yaxis.set_major_locator(ticker.MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(ticker.FuncFormatter(lambda y, _: f"{100 * y:.3g} %"))


class Label(NamedTuple):
    """A line's name at its right end."""

    y: float
    text: str
    colour: Any
    weight: str = "normal"


def label_right(axes: Axes, labels: Sequence[Label]) -> None:
    """Write labels beside the right edge at their heights, moved apart where they would overlap."""
    figure = axes.get_figure(root=True)
    labels = sorted((one for one in labels if np.isfinite(one.y)), key=lambda one: one.y)
    if figure is None or not labels:
        return
    axes.set_ylim(axes.get_ylim())  # settles the scale, on which the heights depend
    points = axes.get_position().height * figure.get_figheight() * 72
    to_fraction = axes.transData + axes.transAxes.inverted()
    wanted = [float(to_fraction.transform((0.0, one.y))[1]) for one in labels]
    for one, at, place in zip(
        labels, wanted, spread(wanted, 1.35 * LABEL_SIZE / points), strict=True
    ):
        axes.annotate(
            literal(one.text),
            (1.0, at),
            (1.022, place),
            xycoords="axes fraction",
            textcoords="axes fraction",
            color=one.colour,
            size=LABEL_SIZE,
            weight=one.weight,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": one.colour,
                "lw": 0.7,
                "relpos": (0.0, 0.5),  # to where the text begins, through no other one
                "shrinkA": 1,
                "shrinkB": 1,
            },
        )


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Return places for sorted heights, ``gap`` apart and near to where they want to be.

    Pushing all up and pushing all down both keep the gap, and so does the mean of the two.
    """
    up, down = list(wanted), list(wanted)
    for i in range(1, len(up)):
        up[i] = max(up[i], up[i - 1] + gap)
        down[-1 - i] = min(down[-1 - i], down[-i] - gap)
    return [(high + low) / 2 for high, low in zip(up, down, strict=True)]
