"""The next sessions as a fan of ranges behind the last prices."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from lstmfin.models.forecasts import make_forecast
from lstmfin.plots.kind import PlotKind
from lstmfin.plots.style import LABEL_SIZE, Label, grid_of, label_right, panel, session_axis
from lstmfin.plots.subject import Picture, Trained
from lstmfin.plots.text import price, price_label
from lstmfin.plots.theme import Theme

FAN = (0.05, 0.1, 0.25, 0.75, 0.9, 0.95)
"""Quantiles that bound the bands of 50, 80 and 90 %."""

_PAST_FOR_EACH_STEP = 6  # so that the fan takes a seventh of the width, or more
_SHORTEST_PAST = 24


@dataclass(frozen=True)
class ForecastPicture(Picture):
    """What a forecast picture shows; prices throughout, in ``currency``.

    Parameters
    ----------
    sessions, closes : array, shape (N,)
        The last closes and their dates; the latest of them are drawn.
    future : array of datetime64[D], shape (H,)
    quantile_levels : array, shape (Q,)
        Increasing, symmetric about one half: pairs are drawn as bands.
    quantiles : array, shape (H, Q)
    median : array, shape (H,)
    baseline_low, baseline_high : array, shape (H,)
        Bounds of the 90 % range if returns had no direction and the usual size.
    currency : str
        ISO code, or empty for an index in points.
    """

    sessions: NDArray[np.datetime64]
    closes: NDArray[np.float64]
    future: NDArray[np.datetime64]
    quantile_levels: NDArray[np.float64]
    quantiles: NDArray[np.float64]
    median: NDArray[np.float64]
    baseline_low: NDArray[np.float64]
    baseline_high: NDArray[np.float64]
    currency: str


def draw(picture: ForecastPicture, theme: Theme) -> Figure:
    """Return the fan chart."""
    steps = len(picture.future)
    sessions = f"{steps} sessions" if steps > 1 else "session"
    figure = picture.framed(
        theme,
        _in_words(picture),
        f", the next {sessions}. Dashed: 90 % range of the naive forecast",
    )
    cell = grid_of(figure, [1], top=1.04)[0]
    axes = panel(figure, theme, cell, ylabel=price_label(picture.currency, picture.symbol))
    past = picture.closes[-max(_SHORTEST_PAST, _PAST_FOR_EACH_STEP * steps) :]
    today = len(past) - 1
    bands = _fan(axes, picture, theme, today)
    axes.plot(past, color=theme.ink, lw=1.4)
    axes.axvline(today, color=theme.muted, lw=0.8, ls=(0, (1, 3)))
    axes.annotate(
        f"last close, {picture.sessions[-1].item():%d %b}".replace(" 0", " "),
        (today, 1.0),
        (0, 3),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        size=LABEL_SIZE,
        color=theme.muted,
        ha="center",
    )
    axes.set_xlim(0, today + steps)
    axes.margins(y=0.08)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: _tick(y, axes)))
    session_axis(axes, np.concatenate((picture.sessions[-len(past) :], picture.future)))
    _legend(axes, bands, theme)
    _labels(axes, picture, theme)
    return figure


def _in_words(picture: ForecastPicture) -> str:
    chance = f"{100 * (picture.quantile_levels[-1] - picture.quantile_levels[0]):.3g} %"
    low, high = (price(float(picture.quantiles[-1, i]), picture.currency) for i in (0, -1))
    return f"{chance} between {low} and {high} on {picture.future[-1]}"


def _fan(axes: Axes, picture: ForecastPicture, theme: Theme, today: int) -> list[tuple[Any, str]]:
    """Draw bands, median and baseline from the last close; return each band's colour and name."""
    steps = today + np.arange(len(picture.future) + 1)

    def joined(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate((picture.closes[-1:], values))

    pairs = len(picture.quantile_levels) // 2
    bands = []
    for i in range(pairs):
        colour = theme.tint(theme.model, 0.16 + 0.34 * i / max(pairs - 1, 1))
        low, high = joined(picture.quantiles[:, i]), joined(picture.quantiles[:, -1 - i])
        axes.fill_between(steps, low, high, color=colour, lw=0)
        bands.append((colour, f"{100 * (1 - 2 * picture.quantile_levels[i]):.3g} %"))
    for bound in (picture.baseline_low, picture.baseline_high):
        axes.plot(steps, joined(bound), color=theme.rival, lw=1.1, ls=(0, (4, 2)))
    axes.plot(steps, joined(picture.median), color=theme.model, lw=2.0)
    return bands


def _tick(value: float, axes: Axes) -> str:
    """Return a price at a tick, with the digits that tell it from its neighbours."""
    ticks = axes.get_yticks()
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else 1.0
    digits = max(0, math.ceil(-math.log10(step) - 1e-9))
    return f"{value:,.{digits}f}"


def _legend(axes: Axes, bands: list[tuple[Any, str]], theme: Theme) -> None:
    handles = [Patch(color=colour, label=f"{name} range") for colour, name in reversed(bands)]
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.012, 1.0),
        frameon=False,
        ncols=len(handles) or 1,
        fontsize=LABEL_SIZE,
        labelcolor=theme.muted,
        handlelength=1.1,
        handleheight=1.0,
        columnspacing=1.2,
        borderpad=0.2,
        borderaxespad=0.1,
    )


def _labels(axes: Axes, picture: ForecastPicture, theme: Theme) -> None:
    def label(value: float, text: str, colour: Any, weight: str = "normal") -> Label:
        return Label(float(value), f"{price(value, picture.currency)}  {text}", colour, weight)

    labels = [
        label(picture.median[-1], "median", theme.model, "bold"),
        label(picture.baseline_low[-1], "naive 5 %", theme.rival),
        label(picture.baseline_high[-1], "naive 95 %", theme.rival),
    ]
    for i in (0, -1) if len(picture.quantile_levels) > 1 else ():
        level = f"{100 * picture.quantile_levels[i]:.3g} %"
        labels.append(label(picture.quantiles[-1, i], level, theme.model))
    label_right(axes, labels)


def make(trained: Trained) -> ForecastPicture:
    """Forecast from the last of the prices."""
    prices = trained.prices
    forecast = make_forecast(trained.forecaster, prices)
    quantiles = forecast.prices(FAN)
    naive = forecast.naive_prices((0.05, 0.95))
    return ForecastPicture(
        symbol=prices.symbol,
        sessions=prices.sessions,
        closes=prices.column("close"),
        future=forecast.sessions,
        quantile_levels=np.array(FAN),
        quantiles=quantiles,
        median=forecast.prices((0.5,))[:, 0],
        baseline_low=naive[:, 0],
        baseline_high=naive[:, 1],
        currency=forecast.currency,
        source=forecast.source,
        as_of=forecast.origin,
        model_label=trained.label,
        aside=trained.aside,
    )


PLOT = PlotKind(ForecastPicture, draw, make, Trained)
