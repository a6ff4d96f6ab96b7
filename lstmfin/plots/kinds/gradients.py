"""How gradients decay or grow back through time: the simple network by scale, cell beside cell."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import NDArray

from lstmfin.engine.gradient_decay import Decay
from lstmfin.plots.kind import PlotKind
from lstmfin.plots.measured import Measured
from lstmfin.plots.style import LABEL_SIZE, TOP, Frame, Label, framed, grid_of, label_right, panel
from lstmfin.plots.text import literal
from lstmfin.plots.theme import Theme

LEAST, MOST = 1e-8, 1e4
"""Ends of the axis: what is beyond has vanished or exploded by any standard."""


@dataclass(frozen=True)
class Curve:
    """Norms (L,) by lag (L,) and their name; curves of one ``kind`` share a colour."""

    label: str
    lags: NDArray[np.int64]
    norms: NDArray[np.float64]
    kind: str
    dashed: bool = False


@dataclass(frozen=True)
class GradientsPicture:
    """What a picture of gradients shows: one panel for each group of curves that is not empty.

    Parameters
    ----------
    subject : str
        Whose gradients, for the title: a symbol where a saved model is among them.
    scales, cells : tuple of Curve
        The simple network by the scale of its recurrent weights; cells as they come.
    source, as_of : str, date
        Which command measured it, and when.
    """

    subject: str
    scales: tuple[Curve, ...]
    cells: tuple[Curve, ...]
    source: str
    as_of: dt.date


def make(measured: Measured) -> GradientsPicture:
    """Return the picture of what was measured."""
    found = measured.found
    if not found["cells"] + found["scales"]:
        raise ValueError("no curve")
    cells = [_decay(one) for one in found["cells"]]

    def curve(decay: Decay) -> Curve:
        at_rest = decay.inputs == 0
        kind = decay.label.removeprefix("rnn, ")
        return _curve(decay, kind + (", at rest" if at_rest else ""), kind, dashed=at_rest)

    compared = {one.cell for one in cells if one.label != one.cell}
    return GradientsPicture(
        found["subject"] or "Recurrent cells",
        tuple(curve(_decay(one)) for one in found["scales"]),
        tuple(
            _curve(
                one, one.label, one.cell, dashed=one.cell in compared and one.label in _firsts(one)
            )
            for one in cells
        ),
        measured.source,
        measured.day,
    )


def _decay(table: dict[str, Any]) -> Decay:
    """Return what was measured of one cell, from plain values."""
    norms = np.asarray(table["norms"], np.float64)
    if norms.shape != (len(table["lags"]),) or not (norms >= 0).all() or np.isinf(norms).any():
        raise ValueError(f"norms of {table['label']}")
    return Decay(table["label"], table["cell"], table["inputs"], tuple(table["lags"]), norms)


def _firsts(decay: Decay) -> tuple[str, str]:
    """Return how a cell is called before it learns, beside one that has."""
    return decay.cell, f"{decay.cell}, new"


def _curve(decay: Decay, label: str, kind: str, *, dashed: bool) -> Curve:
    norms = np.asarray(decay.norms, np.float64)
    return Curve(label, np.array(decay.lags), norms, kind, dashed)


def draw(picture: GradientsPicture, theme: Theme) -> Figure:
    """Return the curves, on a logarithmic axis."""
    frame = Frame(
        f"{literal(picture.subject, 40)}: gradients back through time",
        "Share of a gradient that arrives so many steps earlier, on random inputs",
        picture.source,
        picture.as_of,
        dated="Measured on",
    )
    groups = [
        (name, curves)
        for name, curves in (
            ("Simple network, recurrent weights U scaled", picture.scales),
            ("New and trained cells", picture.cells),
        )
        if curves
    ]
    figure = framed(theme, frame, height=2.2 + 2.2 * len(groups))
    grid = grid_of(figure, [1.0] * len(groups), top=TOP + 0.16, bottom=0.8)
    grid.update(hspace=0.3)
    for row, (name, curves) in enumerate(groups):
        axes = panel(figure, theme, grid[row, 0], ylabel="Norm (1 = unchanged)")
        _curves(axes, curves, theme)
        axes.set_title(name, loc="left", size=LABEL_SIZE, color=theme.muted, pad=4)
        axes.set_xlabel("Lag (steps)", size=LABEL_SIZE, color=theme.muted)
        axes.label_outer()
    return figure


def _curves(axes: Axes, curves: Sequence[Curve], theme: Theme) -> None:
    axes.set_yscale("log")
    axes.axhline(1, color=theme.muted, lw=0.8)
    colours = (theme.model, theme.rival, theme.third, theme.ink, theme.muted)
    kinds = list(dict.fromkeys(curve.kind for curve in curves))
    labels = []
    for curve in curves:
        colour = colours[kinds.index(curve.kind) % len(colours)]
        lags, norms = np.append(0, curve.lags), np.append(1.0, curve.norms)
        axes.plot(lags, norms, color=colour, lw=1.6, ls=(0, (4, 2)) if curve.dashed else "-")
        labels.append(Label(float(np.clip(norms[-1], LEAST, MOST)), curve.label, colour))
    every = np.concatenate([curve.norms for curve in curves])
    axes.set_ylim(max(LEAST, min(every.min() / 3, 0.1)), min(MOST, max(every.max() * 3, 10)))
    axes.set_xlim(0, max(curve.lags.max() for curve in curves))
    axes.yaxis.set_major_locator(LogLocator(numticks=7))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    label_right(axes, labels)


PLOT = PlotKind(GradientsPicture, draw, make, measured_by="gradients")
