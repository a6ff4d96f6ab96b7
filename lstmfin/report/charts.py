"""The charts of a symbol's page, each from what was computed before.

Shapes: N sessions or quarters, H sessions ahead, T days and D inputs of a window.
"""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from lstmfin.backtest.record import Record
from lstmfin.data.prices import Prices
from lstmfin.metrics.returns import underwater
from lstmfin.models.forecasts import LEVELS, Forecast
from lstmfin.plots.kinds.calibration import CalibrationPicture
from lstmfin.plots.kinds.gates import GatesPicture
from lstmfin.plots.text import price, price_label
from lstmfin.report.facts import Missing, Published
from lstmfin.report.figure import Column, Figure, Floats, Panel, Series, session_words, thinned
from lstmfin.report.words import number, percent, signed, stepped, stepped_percent

FEWEST_PAST, PAST_FOR_EACH_STEP = 40, 6
"""Sessions before a fan: so many at least, and so many for each session ahead."""

UNITS = ("model", "rival", "third", "muted")
"""Colours of the units of a network, in order."""

Z = 1.96
"""Normal quantile of the two-sided 95 % band of a share."""


def fan(forecast: Forecast, prices: Prices) -> Figure:
    """Return the last closes and the ranges of the sessions ahead."""
    H = len(forecast.sessions)
    n_past = min(max(FEWEST_PAST, PAST_FOR_EACH_STEP * H), len(prices))
    past = prices.column("close")[-n_past:]
    quantiles, naive = forecast.prices(), forecast.naive_prices()
    sessions = np.concatenate([prices.sessions[-n_past:], forecast.sessions])

    def ahead(values: Floats) -> Floats:
        return np.concatenate([np.full(n_past - 1, np.nan), [forecast.last_close], values])

    lines = {f"{100 * level:g} %": ahead(quantiles[:, k]) for k, level in enumerate(LEVELS)}
    low, low_half, median, high_half, high = lines.values()
    naive_low, naive_high = ahead(naive[:, 0]), ahead(naive[:, -1])
    closes = np.concatenate([past, np.full(H, np.nan)])

    def show(value: float) -> str:
        return price(value, forecast.currency)

    panel = Panel(
        price_label(forecast.currency, forecast.symbol),
        (
            Series("90 %", "wide", low, upper=high, shape="band"),
            Series("50 %", "narrow", low_half, upper=high_half, shape="band"),
            Series("naive 5 %", "rival dashed", naive_low),
            Series("naive 95 %", "rival dashed", naive_high),
            Series("close", "ink", closes),
            Series("median", "model", median),
        ),
        lambda value, _: show(value),
        height="tall",
    )
    beyond = np.arange(len(sessions)) >= n_past  # at the last close all ranges are a point
    cells = {"close": closes} | {
        name.replace("50 %", "median"): np.where(beyond, values, np.nan)
        for name, values in {**lines, "naive 5 %": naive_low, "naive 95 %": naive_high}.items()
    }
    return Figure(
        "fan",
        "The next sessions",
        f"{100 * (LEVELS[-1] - LEVELS[0]):g} % between {show(float(low[-1]))} and "
        f"{show(float(high[-1]))} on {sessions[-1]}; last close {show(forecast.last_close)}.",
        "session",
        [str(one) for one in sessions],
        session_words(sessions),
        (panel,),
        [Column(name, _cells(values, show)) for name, values in cells.items()],
        keys=(
            ("ink", "close"), ("model", "median"), ("narrow", "50 % range"), ("wide", "90 % range"),
            ("rival dashed", "90 % by trailing volatility alone"),
        ),
    )  # fmt: skip


def equity(record: Record) -> Figure:
    """Return what 1 became, how deep it fell, and what was held."""
    at = thinned(len(record.sessions))
    own, gross, held = (np.array(v) for v in (record.equity, record.gross, record.benchmark))
    depth, depth_of_holding = underwater(own)[at], underwater(held)[at]
    own, gross, held = own[at], gross[at], held[at]
    position = np.array(record.position)[at]
    sessions = np.array(record.sessions, "datetime64[D]")[at]
    limit = max(1.0, float(np.abs(position).max()))
    panels = (
        Panel(
            "Worth of 1 after each session (×)",
            (
                Series("buy and hold", "rival", held),
                Series("before costs", "model dashed", gross),
                Series("strategy", "model", own),
            ),
            lambda value, step: f"{stepped(value, step)}×",
            height="tall", levels=(1.0,), may_log=True,
        ),
        Panel(
            "Drawdown (%)",
            (
                Series("strategy", "wide", np.zeros(len(at)), upper=depth, shape="band"),
                Series("buy and hold", "rival", depth_of_holding),
            ),
            stepped_percent, height="low",
        ),
        Panel(
            "Held (share of equity)",
            (Series("held", "narrow", np.zeros(len(at)), upper=position, shape="band"),),
            stepped, height="low", limits=(-1.08 * limit * (position.min() < 0), 1.08 * limit),
            levels=(0.0,),
        ),
    )  # fmt: skip
    step = -(-len(record.sessions) // len(at))
    note = f"Drawn and listed: every {step}th session." if step > 1 else ""
    return Figure(
        "equity",
        "What the strategy made of it",
        f"{signed(0)(own[-1] - 1)} by the strategy after {record.cost_bps:g} bp a turn, "
        f"{signed(0)(held[-1] - 1)} by buying and holding, {record.sessions[0]} to "
        f"{record.sessions[-1]}.",
        "session",
        [str(one) for one in sessions],
        session_words(sessions),
        panels,
        [
            Column("strategy", _cells(own, number(3, "×"))),
            Column("before costs", _cells(gross, number(3, "×"))),
            Column("buy and hold", _cells(held, number(3, "×"))),
            Column("drawdown", _cells(depth, percent(1))),
            Column("of holding", _cells(depth_of_holding, percent(1))),
            Column("held", _cells(position, number(2))),
        ],
        keys=(
            ("model", "strategy, after costs"), ("model dashed", "before costs"),
            ("rival", "buy and hold"),
        ),
        note=note,
    )  # fmt: skip


def coverage(picture: CalibrationPicture) -> Figure:
    """Return how often the range held, quarter by quarter."""
    level = picture.level
    half = Z * np.sqrt(level * (1 - level) / np.maximum(picture.n_sessions, 1))
    low, high = level - half, np.minimum(level + half, 1)
    panel = Panel(
        f"Outcomes inside the {100 * level:g} % range, by quarter (%)",
        (
            Series("as it should be", "grey", low, upper=high, shape="band"),
            Series("last price", "rival dashed", picture.reference),
            Series("network", "model", picture.coverage),
        ),
        stepped_percent,
        levels=(level,),
    )
    return Figure(
        "coverage",
        "Did the range hold?",
        f"The {100 * level:g} % range held {percent(1)(picture.overall)} of the next sessions. "
        "Shaded: where 95 % of the quarters lie if it is right.",
        "quarter",
        picture.quarters,
        [(k, q[:4]) for k, q in enumerate(picture.quarters) if q.endswith("Q1")],
        (panel,),
        [
            Column("network", _cells(picture.coverage, percent(1))),
            Column("last price", _cells(picture.reference, percent(1))),
            Column("outcomes", _cells(picture.n_sessions, number(0))),
        ],
        keys=(("model", "network"), ("rival dashed", "last price"), ("grey", "if it is right")),
    )


def pit(picture: CalibrationPicture) -> Figure:
    """Return where in their forecast the outcomes fell."""
    K = len(picture.pit)
    even, n = 1 / K, max(float(picture.n_sessions.sum()), 1)
    half = Z * np.sqrt(even * (1 - even) / n)
    panel = Panel(
        "Outcomes in each part of their forecast (%)",
        (
            Series("outcomes", "model", picture.pit, shape="bars"),
            Series(
                "if calibrated", "veil", np.full(K, even - half), np.full(K, even + half), "span"
            ),
        ),
        stepped_percent,
        levels=(even,),
        from_zero=True,
    )  # fmt: skip
    places = [f"{k / K:.0%} to {(k + 1) / K:.0%}" for k in range(K)]
    return Figure(
        "pit",
        "Were lows and highs as rare as forecast?",
        "From the lowest outcomes to the highest (PIT). Low at both ends: ranges too wide; high at "
        "both: too narrow.",
        "part",
        places,
        [(0, "lowest"), (K // 2, "middle"), (K - 1, "highest")],
        (panel,),
        [Column("outcomes", _cells(picture.pit, percent(1)))],
        keys=(("model", "outcomes"), ("veil", "if calibrated")),
    )


def gates(picture: GatesPicture) -> Figure:
    """Return what chosen units did over the last sessions, the price above."""

    def show(value: float) -> str:
        return price(value, picture.currency)

    panels = [
        Panel(
            "Close",
            (Series("close", "ink", picture.closes),),
            lambda value, _: show(value),
            height="low",
        ),
        *(
            Panel(
                f"{one.title} ({one.unit})",
                [Series("", UNITS[k], curve) for k, curve in enumerate(one.curves.T)],
                stepped,
                height="low",
                limits=(-0.04, 1.04) if one.is_share else None,
                levels=() if one.is_share else (0.0,),
            )
            for one in picture.panels
        ),
    ]
    columns = [Column("close", _cells(picture.closes, show))]
    for one in picture.panels:
        rows = zip(
            *(
                [f"{name.partition(':')[0]} {value}" for value in _cells(curve, number(2))]
                for name, curve in zip(picture.units, one.curves.T, strict=True)
            ),
            strict=True,
        )
        columns.append(Column(one.title.partition(":")[0], [" · ".join(row) for row in rows]))
    return Figure(
        "gates",
        f"Inside the network: {picture.title}",
        f"{picture.model_label}. {picture.memory}.",
        "session",
        [str(one) for one in picture.sessions],
        session_words(picture.sessions),
        panels,
        columns,
        keys=tuple(zip(UNITS, picture.units, strict=False)),
    )


def reasons(picture: GatesPicture) -> Figure | Missing:
    """Return what each day of the last window adds to the forecast, input by input."""
    if not picture.attributions.any():
        return Missing("The forecast rests on no input: this network says the same of all of them")
    T = len(picture.attributions)
    by_day, by_input = picture.attributions.sum(axis=1), picture.attributions.sum(axis=0)
    places = [f"{T - k} sessions ago" if k < T - 1 else "the last session" for k in range(T)]
    main = np.argsort(-np.abs(by_input))
    told = ", ".join(f"{picture.inputs[k]} {by_input[k]:+.3f}" for k in main)
    panel = Panel(
        f"{picture.explained.replace(' (blue)', '').replace(' (orange)', '')}, by day",
        (
            Series("more", "model", np.where(by_day > 0, by_day, np.nan), shape="bars"),
            Series("less", "rival", np.where(by_day < 0, by_day, np.nan), shape="bars"),
        ),
        stepped,
        levels=(0.0,),
    )
    columns = [
        Column(name, _cells(values, lambda value: f"{value:+.4f}"))
        for name, values in (
            ("all", by_day),
            *((picture.inputs[k], picture.attributions[:, k]) for k in main),
        )
    ]
    return Figure(
        "reasons",
        "What the forecast rests on",
        f"{picture.added_up}. By input: {told}.",
        "day",
        places,
        [(k, f"−{T - k}") for k in range(0, T, max(T // 6, 1))],
        (panel,),
        columns,
        keys=(("model", "more"), ("rival", "less")),
    )


def published(rows: list[Published]) -> Figure:
    """Return the published ranges of the next session, and what came, as returns."""
    quantiles = np.array([[q / row.last_close - 1 for q in row.quantiles] for row in rows])
    came = np.expm1([np.nan if row.outcome is None else row.outcome for row in rows])
    inside = (quantiles[:, 0] <= came) & (came <= quantiles[:, -1])
    panel = Panel(
        "Return of the next session (%)",
        (
            Series("90 %", "wide", quantiles[:, 0], upper=quantiles[:, -1], shape="band"),
            Series("50 %", "narrow", quantiles[:, 1], upper=quantiles[:, -2], shape="band"),
            Series("inside", "ink", np.where(inside, came, np.nan), shape="dots"),
            Series("outside", "rival", np.where(~inside, came, np.nan), shape="dots"),
        ),
        stepped_percent,
        levels=(0.0,),
    )  # fmt: skip
    sessions = np.array([row.session for row in rows], "datetime64[D]")
    known = np.isfinite(came)
    held = f"{int(inside.sum())} of the last {int(known.sum())} came inside their 90 % range."
    ends = [
        f"{signed(2)(low)} to {signed(2)(high)}"
        for low, high in zip(quantiles[:, 0], quantiles[:, -1], strict=True)
    ]
    return Figure(
        "published",
        "Published for the next session, and what came",
        held if known.any() else "None of them is over yet.",
        "session",
        [str(one) for one in sessions],
        session_words(sessions),
        (panel,),
        [Column("90 % range", ends), Column("came", _cells(came, signed(2)))],
        keys=(
            ("wide", "90 % range"), ("narrow", "50 % range"), ("ink dot", "inside"),
            ("rival dot", "outside"),
        ),
    )  # fmt: skip


def _cells(
    values: Iterable[float] | NDArray[np.float64], show: Callable[[float], str]
) -> list[str]:
    return [show(float(one)) if np.isfinite(one) else "" for one in values]
