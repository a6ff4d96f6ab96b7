"""What the gates of a network did over a stretch of price, and what its forecast rests on."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from lstmfin.config import PlotConfig
from lstmfin.errors import DataError, UsageError
from lstmfin.models.explain import Explanation, explain
from lstmfin.models.insight import Reading, read_layer
from lstmfin.models.threads import one_thread
from lstmfin.plots.kind import PlotKind
from lstmfin.plots.kinds._gate_words import Panel, memory_words, panels_of, title_of, unit_names
from lstmfin.plots.style import LABEL_SIZE, Label, grid_of, label_right, named, panel, session_axis
from lstmfin.plots.subject import Picture, Trained
from lstmfin.plots.text import literal, price_label
from lstmfin.plots.theme import Theme

USUAL_SESSIONS, USUAL_UNITS, MOST_SESSIONS = 120, 3, 2000

_PANEL, _GAP, _PRICE, _ROW = 0.5, 0.27, 1.25, 0.165  # inches
_ABOVE, _BELOW = 0.95, 0.95

LEAST_GAP = 1e-9
"""A sum is not called more exact than this."""


@dataclass(frozen=True)
class GatesPicture(Picture):
    """What a picture of gates shows: N sessions, U units, D inputs, T days of the last window.

    Parameters
    ----------
    units : tuple of str
        Names of the units, with how long they remember.
    panels : tuple of Panel
        Gates and states.
    inputs : tuple of str
        Names of the inputs, D.
    attributions : array (T, D)
        What each day and input adds to the forecast from the last session.
    explained, added_up : str
        What of the forecast that is, and what they add up to, in words.
    title, memory : str
        How long the network remembers, and how that is measured.
    """

    sessions: NDArray[np.datetime64]
    closes: NDArray[np.float64]
    currency: str
    units: tuple[str, ...]
    panels: tuple[Panel, ...]
    inputs: tuple[str, ...]
    attributions: NDArray[np.float64]
    explained: str
    added_up: str
    title: str
    memory: str


def draw(picture: GatesPicture, theme: Theme) -> Figure:
    """Return the price, the gates under it, and the map of what the forecast rests on."""
    n, D = len(picture.panels), len(picture.inputs)
    heights = [_PRICE, *[_PANEL] * n, max(_ROW * D, _PANEL)]
    below = _BELOW + 0.15 * (len(picture.attributions) > len(picture.sessions))
    height = _ABOVE + sum(heights) + _GAP * (n + 1) + below
    figure = picture.framed(theme, picture.title, f". {picture.memory}", height=height)
    grid = grid_of(figure, heights, top=_ABOVE, bottom=below)
    grid.update(hspace=_GAP * len(heights) / sum(heights))
    first = panel(figure, theme, grid[0], ylabel=price_label(picture.currency, picture.symbol))
    first.plot(picture.closes, color=theme.ink, lw=1.4)
    named(first, "Close", theme)
    first.yaxis.set_major_locator(MaxNLocator(4))
    rows = [first]
    for at, one in enumerate(picture.panels):
        axes = panel(figure, theme, grid[at + 1], ylabel=f"({one.unit})", sharex=first)
        _curves(axes, one, theme)
        rows.append(axes)
    label_right(
        rows[1],
        [
            Label(float(picture.panels[0].curves[-1, k]), name, colour)
            for k, (name, colour) in enumerate(zip(picture.units, _colours(theme), strict=False))
        ],
    )
    lowest = panel(figure, theme, grid[n + 1], ylabel="Input (name)", sharex=first)
    _map(lowest, picture, theme)
    first.set_xlim(-0.5, len(picture.sessions) - 0.5)
    session_axis(lowest, picture.sessions)
    for axes in rows:
        axes.tick_params(axis="x", length=0, labelbottom=False)
    figure.align_ylabels()
    return figure


def _colours(theme: Theme) -> tuple[str, ...]:
    return theme.model, theme.rival, theme.third, theme.muted


def _curves(axes: Axes, one: Panel, theme: Theme) -> None:
    for curve, colour in zip(one.curves.T, _colours(theme), strict=False):
        axes.plot(curve, color=colour, lw=1.4)
    if one.is_share:
        axes.set_ylim(-0.04, 1.04)
        axes.set_yticks([0, 0.5, 1])
    else:
        axes.axhline(0, color=theme.muted, lw=0.6)
        axes.margins(y=0.12)
        if not one.curves.any():
            axes.set_ylim(-1, 1)
        axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.3g}"))
    named(axes, one.title, theme)


def _map(axes: Axes, picture: GatesPicture, theme: Theme) -> None:
    """Draw days across and inputs down, blue where they add and orange where they take away."""
    T, D = picture.attributions.shape
    n = len(picture.sessions)
    values = picture.attributions[-n:]
    most = float(np.abs(picture.attributions).max())
    if most == 0:
        middle = n - (len(values) + 1) / 2
        axes.text(
            middle, (D - 1) / 2, "Nothing: this network says the same of all inputs",
            size=LABEL_SIZE, color=theme.muted, ha="center", va="center",
        )  # fmt: skip
    colours = LinearSegmentedColormap.from_list("add", [theme.rival, theme.background, theme.model])
    edges = np.arange(n - len(values), n + 1) - 0.5
    rows = np.arange(D + 1) - 0.5
    # Of a linear part most rests on the last session: the rest would be as pale as the paper.
    roots = np.sign(values) * np.sqrt(np.abs(values) / (most or 1.0))
    axes.pcolormesh(edges, rows, roots.T[::-1], cmap=colours, vmin=-1, vmax=1)
    axes.set_ylim(-0.5, D - 0.5)
    axes.set_yticks([])
    axes.grid(visible=False)
    if n > T:
        axes.axvline(edges[0], color=theme.muted, lw=0.8, ls=(0, (1, 3)))
    named(axes, f"{picture.explained}, root scale", theme)
    rest = f"{picture.attributions[:-n].sum():+.2g} of it from {T - n} sessions before these"
    words = literal(picture.added_up) + (f"\n{rest}" if n < T else "")
    axes.set_xlabel(words, size=LABEL_SIZE, color=theme.muted, labelpad=6)
    label_right(
        axes,
        [
            Label(D - 1 - k, f"{total:+.3f} {literal(name, 16)}", theme.ink)
            for k, (name, total) in enumerate(
                zip(picture.inputs, picture.attributions.sum(axis=0), strict=True)
            )
        ],
    )


def make(trained: Trained, asked: PlotConfig) -> GatesPicture:
    """Run the model, its first network of several, over a stretch of the prices."""
    forecaster, prices = trained.forecaster, trained.prices
    first = int(forecaster.first_origin(prices))
    origins = stretch(prices.sessions, first, asked, symbol=prices.symbol)
    network = forecaster.network
    assert network is not None
    with one_thread():
        reading = read_layer(network, forecaster.seen(prices, origins))
    units = _chosen(reading, asked.units, network.architecture.n_hidden)
    found = explain(forecaster, prices, int(origins[-1]), asked.explain)
    window = forecaster.config.window
    return GatesPicture(
        symbol=prices.symbol,
        sessions=prices.sessions[origins],
        closes=prices.column("close")[origins],
        currency=prices.currency,
        units=unit_names(reading, units, window=window),
        panels=tuple(panels_of(network.layers[0].cell, reading, units)),
        inputs=found.inputs,
        attributions=found.attribution.values,
        explained=(
            f"What {found.more} (blue) and {found.less} (orange) the next session's {found.part} "
            f"({found.unit})"
        ),
        added_up=_added_up(found),
        title=title_of(reading, window=window),
        memory=memory_words(reading, window=window),
        source=prices.source,
        as_of=prices.sessions[origins[-1]],
        model_label=_label(trained),
        aside=trained.aside,
    )


def stretch(
    sessions: NDArray[np.datetime64], first: int, asked: PlotConfig, *, symbol: str
) -> NDArray[np.intp]:
    """Return the positions of the sessions that are asked for, from ``first`` on.

    Raises
    ------
    DataError
        When they are not in the data; the message says what there is.
    """
    there = sessions[first:]
    low = there[0] if asked.from_ is None else np.datetime64(asked.from_)
    high = there[-1] if asked.to is None else np.datetime64(asked.to)
    chosen = first + np.flatnonzero((there >= low) & (there <= high))
    if asked.from_ is None:
        chosen = chosen[-(asked.last or USUAL_SESSIONS) :]
    if low > high:  # one of the two is not asked for, and the data ends before the other
        name, day = ("--from", low) if asked.from_ else ("--to", high)
        raise DataError(
            f"{symbol}: {name} {day} is not in the data; gates can be shown from {there[0]} to "
            f"{there[-1]} ({len(there):,} sessions), two sessions or more"
        )
    outside = (asked.from_ and low < there[0]) or (asked.to and high > there[-1])
    if outside or len(chosen) < 2:
        raise DataError(
            f"{symbol}: from {low} to {high} is not in the data; gates can be shown from "
            f"{there[0]} to {there[-1]} ({len(there):,} sessions), two sessions or more"
        )
    if len(chosen) > MOST_SESSIONS:
        raise DataError(
            f"{symbol}: from {low} to {high} are {len(chosen):,} sessions; a picture shows "
            f"{MOST_SESSIONS:,} at most, choose a later --from or an earlier --to"
        )
    return chosen


def _chosen(reading: Reading, named: tuple[int, ...], n_units: int) -> NDArray[np.intp]:
    if beyond := [one for one in named if one >= n_units]:
        raise UsageError(
            f"--units names unit {beyond[0]}; the model has {n_units}, from 0 to {n_units - 1}"
        )
    return np.array(named) if named else reading.by_memory()[:USUAL_UNITS]


def _added_up(found: Explanation) -> str:
    one = found.attribution
    return (
        f"All add up to {one.values.sum():+.3f}: {found.unit} of {one.forecast:.3f}, with average "
        f"inputs {one.baseline:.3f} (exact to {max(one.gap, LEAST_GAP):.0e})"
    )


def _label(trained: Trained) -> str:
    n = len(trained.forecaster.members)
    return trained.label + (f", the first of {n} networks" if n > 1 else "")


PLOT = PlotKind(GatesPicture, draw, make, Trained, asks=True)
