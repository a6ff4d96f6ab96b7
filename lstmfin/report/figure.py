"""Charts as shapes: what a template writes as SVG, and the table of the same numbers beside it.

A panel is drawn on a square of ``SIZE`` units that the page stretches to any width, so that lines
and type stay as thick as they are. Shapes: N places along the x axis.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmfin.plots.style import session_ticks

Floats = NDArray[np.float64]

SIZE = 1000

MOST_PLACES = 400
"""Places beyond which a chart is thinned: more than a screen can tell apart."""

AREAS = ("band", "bars", "span")
"""Shapes that lie under the lines of levels."""

EDGE = 0.08
"""Share of the width within which a tick's words would stick out."""

_LOG_FROM = 3.0  # ratio of highest to lowest from which equal steps should be equal growth


@dataclass(frozen=True, eq=False)
class Series:
    """A curve (N,), or the space between two: NaN where there is nothing.

    Parameters
    ----------
    style : str
        Its class in the style sheet.
    shape : str
        ``line``, ``band``, ``bars``, ``dots``, or ``span``: a band of one height all across.
    """

    name: str
    style: str
    values: Floats
    upper: Floats | None = None
    shape: str = "line"

    def ends(self) -> Floats:
        """Return all that must fit into the panel."""
        return self.values if self.upper is None else np.concatenate([self.values, self.upper])


@dataclass(frozen=True, eq=False)
class Panel:
    """Curves over one y axis.

    Parameters
    ----------
    title : str
        What they are, with the unit.
    show : callable
        A value of the axis in words, given the step to the next one.
    height : str
        ``tall``, ``middle`` or ``low``.
    limits : tuple of float, optional
        Ends of the axis; those of the curves if not given.
    levels : tuple of float
        Where a line lies across the panel.
    may_log : bool
        Whether the axis is logarithmic where the curves grow several times over.
    """

    title: str
    series: Sequence[Series]
    show: Callable[[float, float], str]
    height: str = "middle"
    limits: tuple[float, float] | None = None
    levels: tuple[float, ...] = ()
    may_log: bool = False
    from_zero: bool = False


class Column(NamedTuple):
    """A column of the table, N cells; an empty one says nothing."""

    name: str
    cells: Sequence[str]


@dataclass(frozen=True, eq=False)
class Figure:
    """Panels over one x axis, and their numbers as a table.

    Parameters
    ----------
    key : str
        Names it within its page.
    summary : str
        What is to be seen, in words.
    places : sequence of str
        What the places along the x axis are, N.
    ticks : sequence of (int, str)
        Places that are written below.
    keys : sequence of (str, str)
        Style and name of what the legend explains.
    """

    key: str
    title: str
    summary: str
    place: str
    places: Sequence[str]
    ticks: Sequence[tuple[int, str]]
    panels: Sequence[Panel]
    columns: Sequence[Column]
    keys: Sequence[tuple[str, str]] = ()
    note: str = ""

    def drawn(self) -> list["Drawn"]:
        """Return the shapes of each panel."""
        return [_drawn(panel, len(self.places)) for panel in self.panels]

    def tick_shares(self) -> list[tuple[str, str, str]]:
        """Return where along the width each tick stands, in percent, its words and its class."""
        shares = [_x(at, len(self.places)) / SIZE for at, _ in self.ticks]
        return [
            (f"{x:.2%}", words, "first" if x < EDGE else "last" if x > 1 - EDGE else "within")
            for x, (_, words) in zip(shares, self.ticks, strict=True)
        ]


class Shape(NamedTuple):
    """One element of SVG: its tag, class and geometry."""

    tag: str
    style: str
    points: str
    first: int = 0


class Drawn(NamedTuple):
    """A panel as shapes, and its y axis: percent from above, and words."""

    panel: Panel
    shapes: list[Shape]
    ticks: list[tuple[str, str]]


def thinned(n: int) -> NDArray[np.intp]:
    """Return the places that are kept of n: all of few, else evenly many, the last among them."""
    step = -(-n // MOST_PLACES)
    return np.arange(n)[::-1][::step][::-1]


def session_words(sessions: NDArray[np.datetime64]) -> list[tuple[int, str]]:
    """Return places and words of dates along an axis of sessions."""
    places, words = session_ticks(sessions)
    return [(int(at), text.replace("\n", " ")) for at, text in zip(places, words, strict=True)]


def _drawn(panel: Panel, n: int) -> Drawn:
    low, high = panel.limits or _limits(panel)
    is_log = panel.may_log and low > 0 and high > _LOG_FROM * low
    most = 3 if panel.height == "low" else 5
    ticks = log_ticks(low, high) if is_log else nice_ticks(low, high, most)
    warp = np.log if is_log else np.asarray
    bottom, top = float(warp(low)), float(warp(high))

    def y(values: Floats) -> Floats:
        return np.asarray(SIZE * (top - warp(np.clip(values, low, high))) / (top - bottom))

    areas, lines = (
        [
            shape
            for one in panel.series
            if (one.shape in AREAS) == is_area
            for shape in _SHAPES[one.shape](one, y, n)
        ]
        for is_area in (True, False)
    )
    levels = [
        Shape("polyline", "level", f"0,{at:.1f} {SIZE},{at:.1f}")
        for at in y(np.array(panel.levels))
    ]
    step = float(np.min(np.diff(ticks), initial=high - low))
    shown = [(f"{float(y(np.array(at))) / SIZE:.2%}", panel.show(at, step)) for at in ticks]
    return Drawn(panel, [*areas, *levels, *lines], shown)


def _limits(panel: Panel) -> tuple[float, float]:
    values = np.concatenate([*(one.ends() for one in panel.series), panel.levels])
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if panel.from_zero:
        return min(0.0, low), max(high, low + 1e-9) * 1.06
    room = 0.06 * (high - low) or max(abs(high), 1e-9) * 0.1
    return (low if low > 0 >= low - room else low - room), high + room


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers within two ends, as few as can be and at most so many.

    Examples
    --------
    >>> nice_ticks(0.13, 0.88)
    [0.2, 0.4, 0.6, 0.8]
    """
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(s * power for s in (1, 2, 5, 10, 20) if (high - low) / (s * power) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten within two ends above zero."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [s * 10.0**k for k in powers for s in (1, 2, 5) if low <= s * 10.0**k <= high]


def _x(at: float, n: int) -> float:
    return SIZE * (at + 0.5) / n


Scale = Callable[[Floats], Floats]


def _pieces(known: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
    """Yield the runs of places that are known."""
    at = np.flatnonzero(known)
    yield from (run for run in np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(run))


def _line(one: Series, y: Scale, n: int) -> list[Shape]:
    return [
        Shape("polyline", f"line {one.style}", _points(run, y(one.values[run]), n), int(run[0]))
        for run in _pieces(np.isfinite(one.values))
    ]


def _band(one: Series, y: Scale, n: int) -> list[Shape]:
    assert one.upper is not None
    shapes = []
    for run in _pieces(np.isfinite(one.values) & np.isfinite(one.upper)):
        there = _points(run, y(one.upper[run]), n)
        back = _points(run[::-1], y(one.values[run[::-1]]), n)
        shapes.append(Shape("polygon", f"band {one.style}", f"{there} {back}"))
    return shapes


def _span(one: Series, y: Scale, n: int) -> list[Shape]:
    del n
    assert one.upper is not None
    low, high = float(y(one.values[:1])[0]), float(y(one.upper[:1])[0])
    corners = f"0,{low:.1f} {SIZE},{low:.1f} {SIZE},{high:.1f} 0,{high:.1f}"
    return [Shape("polygon", f"band {one.style}", corners)]


def _bars(one: Series, y: Scale, n: int) -> list[Shape]:
    half = 0.44 * SIZE / n
    shapes = []
    for at in np.flatnonzero(np.isfinite(one.values)):
        x, (top, bottom) = _x(int(at), n), y(np.array([one.values[at], 0.0]))
        corners = ((x - half, top), (x + half, top), (x + half, bottom), (x - half, bottom))
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
        shapes.append(Shape("polygon", f"bar {one.style}", points))
    return shapes


def _dots(one: Series, y: Scale, n: int) -> list[Shape]:
    """Return marks of no length, which round ends make dots that no stretching deforms."""
    at = np.flatnonzero(np.isfinite(one.values))
    marks = _points(at, y(one.values[at]), n).split()
    return [
        Shape("polyline", f"dot {one.style}", f"{mark} {mark}", int(place))
        for place, mark in zip(at, marks, strict=True)
    ]


_SHAPES: dict[str, Callable[[Series, Scale, int], list[Shape]]] = {
    "line": _line,
    "band": _band,
    "bars": _bars,
    "dots": _dots,
    "span": _span,
}


def _points(at: NDArray[np.intp], heights: Floats, n: int) -> str:
    return " ".join(f"{_x(k, n):.1f},{h:.1f}" for k, h in zip(at.tolist(), heights, strict=True))
