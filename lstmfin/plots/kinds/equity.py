"""What a strategy would have made of 1, how deep it fell, and what it held."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from lstmfin.metrics.returns import underwater
from lstmfin.plots.kind import PlotKind
from lstmfin.plots.style import Label, date_axis, grid_of, label_right, named, panel, percent_axis
from lstmfin.plots.subject import Picture, Tested
from lstmfin.plots.theme import Theme

_LOG_FROM = 3.0  # ratio of highest to lowest equity from which equal steps should be equal growth


@dataclass(frozen=True)
class EquityPicture(Picture):
    """What an equity picture shows; arrays of shape (N,), one element a session.

    Parameters
    ----------
    strategy : array
        Worth of 1 after each session, costs paid.
    benchmark : array
        The same for buying at the start and holding.
    gross : array
        The same for the strategy without costs.
    position : array
        Share of equity held: 1 long, 0 out, -1 short.
    cost_bps : float
        Cost of turning a position over, in basis points.
    fold_starts : array of datetime64[D]
        First session of each test block; may be empty.
    verdict : str
        What the tests say, in a few words; shown in the subtitle.
    sharpe, sharpe_of_holding : float or None
        Annualised, after costs; None where nothing was held.
    """

    sessions: NDArray[np.datetime64]
    strategy: NDArray[np.float64]
    benchmark: NDArray[np.float64]
    gross: NDArray[np.float64]
    position: NDArray[np.float64]
    cost_bps: float
    fold_starts: NDArray[np.datetime64]
    verdict: str
    sharpe: float | None = None
    sharpe_of_holding: float | None = None


def draw(picture: EquityPicture, theme: Theme) -> Figure:
    """Return equity, drawdown and position, one below the other."""
    figure = picture.framed(
        theme,
        f"{_growth(picture.strategy)} by the strategy, {_growth(picture.benchmark)} by holding",
        f", walk-forward, {picture.cost_bps:g} bps a turn; {picture.verdict}; {_sharpe(picture)}",
        height=6.0,
    )
    grid = grid_of(figure, [3.0, 1.2, 0.75])
    grid.update(hspace=0.2)
    equity = panel(figure, theme, grid[0], ylabel="Worth of 1 (×)")
    drawdown = panel(figure, theme, grid[1], ylabel="Drawdown (%)", sharex=equity)
    position = panel(figure, theme, grid[2], ylabel="Held (share)", sharex=equity)
    _equity(equity, picture, theme)
    _drawdown(drawdown, picture, theme)
    _position(position, picture, theme)
    first, last = picture.sessions[0], picture.sessions[-1]
    within = [one for one in picture.fold_starts if first < one < last]
    for axes in (equity, drawdown, position):
        for start in within:
            axes.axvline(start, color=theme.grid, lw=0.8, zorder=0)
    if within:
        named(equity, "Upright lines: a test block begins, the network is trained anew", theme)
    for axes in (equity, drawdown):
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(axis="x", length=0, labelbottom=False)
    equity.set_xlim(picture.sessions[0], picture.sessions[-1])
    date_axis(position)
    for axes in (equity, drawdown):
        axes.xaxis.get_offset_text().set_visible(False)
    figure.align_ylabels()
    _label_lines(equity, picture, theme)
    return figure


def _sharpe(picture: EquityPicture) -> str:
    own, held = (
        "undefined" if one is None else f"{one:.2f}"
        for one in (picture.sharpe, picture.sharpe_of_holding)
    )
    return f"Sharpe {own}, of holding {held}"


def _growth(worth: NDArray[np.float64]) -> str:
    return f"{100 * (worth[-1] - 1):+,.0f} %"


def _equity(axes: Axes, picture: EquityPicture, theme: Theme) -> None:
    axes.plot(picture.sessions, picture.benchmark, color=theme.rival, lw=1.3)
    axes.plot(picture.sessions, picture.gross, color=theme.model, lw=1.0, ls=(0, (3, 2)))
    axes.plot(picture.sessions, picture.strategy, color=theme.model, lw=2.0)
    axes.axhline(1.0, color=theme.muted, lw=0.8)
    worth = np.concatenate((picture.strategy, picture.benchmark, picture.gross))
    low, high = float(np.nanmin(worth)), float(np.nanmax(worth))
    if low > 0 and high > _LOG_FROM * low:
        axes.set_yscale("log")
        steps = (1, 1.5, 2, 3, 5, 7) if high < 10 * low else (1, 2, 5)
        axes.yaxis.set_major_locator(LogLocator(subs=steps, numticks=8))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_ylabel("Worth of 1 (×, log scale)")
    else:
        axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.4g}×"))


def _drawdown(axes: Axes, picture: EquityPicture, theme: Theme) -> None:
    depth = underwater(picture.strategy)
    axes.fill_between(picture.sessions, depth, 0, color=theme.tint(theme.model, 0.35), lw=0)
    held = underwater(picture.benchmark)
    axes.plot(picture.sessions, held, color=theme.rival, lw=0.9)
    axes.set_ylim(top=0)
    percent_axis(axes)
    worst, of_holding = float(np.nanmin(depth)), float(np.nanmin(held))
    for deepest, line, colour in ((worst, depth, theme.model), (of_holding, held, theme.rival)):
        at = picture.sessions[int(np.nanargmin(line))]
        axes.plot(at, deepest, "o", ms=4.5, color=colour, mec=theme.background, clip_on=False)
    label_right(
        axes,
        [
            Label(worst, f"{100 * worst:.0f} % at worst", theme.model, "bold"),
            Label(of_holding, f"{100 * of_holding:.0f} % of holding", theme.rival),
        ],
    )


def _position(axes: Axes, picture: EquityPicture, theme: Theme) -> None:
    colour = theme.tint(theme.model, 0.7)
    axes.fill_between(picture.sessions, picture.position, 0, step="mid", color=colour, lw=0)
    limit = max(1.0, float(np.nanmax(np.abs(picture.position))))
    low = -limit if np.nanmin(picture.position) < 0 else 0.0
    axes.set_ylim(1.1 * low, 1.1 * limit)
    axes.set_yticks([low, limit] if low == 0 else [low, 0, limit])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:.2g}"))


def _label_lines(axes: Axes, picture: EquityPicture, theme: Theme) -> None:
    def label(worth: NDArray[np.float64], name: str, colour: str, weight: str = "normal") -> Label:
        return Label(float(worth[-1]), f"{_growth(worth)} {name}", colour, weight)

    label_right(
        axes,
        [
            label(picture.strategy, "strategy", theme.model, "bold"),
            label(picture.gross, "before costs", theme.model),
            label(picture.benchmark, "buy and hold", theme.rival),
        ],
    )


def make(tested: Tested) -> EquityPicture:
    """Take the record of a backtest."""
    record = tested.record
    money = next(one for one in record.findings if one.topic == "money")
    return EquityPicture(
        symbol=record.symbol,
        sessions=np.array(record.sessions, dtype="datetime64[D]"),
        strategy=np.array(record.equity),
        benchmark=np.array(record.benchmark),
        gross=np.array(record.gross),
        position=np.array(record.position),
        cost_bps=record.cost_bps,
        fold_starts=np.array([one["test_first"] for one in record.folds], dtype="datetime64[D]"),
        verdict=money.text.partition(":")[0],
        sharpe=record.scores[0].sharpe,
        sharpe_of_holding=record.scores[-1].sharpe,
        source=record.source,
        as_of=tested.as_of,
        model_label=tested.label,
        aside=tested.aside,
    )


PLOT = PlotKind(EquityPicture, draw, make, Tested)
