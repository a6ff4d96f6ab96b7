"""The rows of the index: each figure in words, and as a number to sort by."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from lstmfin.advice import advised
from lstmfin.plots.text import price
from lstmfin.report.changes import Row, Told, changes
from lstmfin.report.figure import SIZE
from lstmfin.report.words import percent, signed
from lstmfin.workspace import safe_name

STALE_DAYS = 7
"""Days without a new session after which a series is called old."""


class Cell(NamedTuple):
    """What stands in a cell, a second line of it, what it is sorted by, and its class."""

    text: str
    more: str = ""
    key: float | str | None = None
    style: str = ""


NOTHING = Cell("–")


@dataclass(frozen=True)
class IndexRow:
    """A row of the watch-list; ``told`` is None of a symbol that was never fetched."""

    symbol: str
    label: str = ""
    link: str = ""
    command: str = ""
    close: Cell = NOTHING
    spark: str = ""
    range: Cell = NOTHING
    marks: tuple[float, ...] = ()
    chance: Cell = NOTHING
    verdict: Cell = NOTHING
    coverage: Cell = NOTHING
    fresh: Cell = NOTHING
    alarm: Cell = NOTHING
    news: tuple[str, ...] = ()


def index_rows(
    symbols: tuple[str, ...], told: dict[str, Told], *, today: dt.date
) -> list[IndexRow]:
    """Return the rows of the index in the order of the symbols."""
    ends = [
        abs(row["forecast"][q] / row["close"] - 1)
        for row in (one.row for one in told.values())
        if row["forecast"] and row["close"] > 0
        for q in ("q05", "q95")
    ]
    widest = max(ends, default=1.0)
    return [
        _row(symbol, told[symbol], widest, today)
        if symbol in told
        else IndexRow(symbol, command=advised("fetch", symbol))
        for symbol in symbols
    ]


def page_of(symbol: str) -> str:
    """Return the path of a symbol's page below the folder of reports."""
    return f"{safe_name(symbol)}/index.html"


def _row(symbol: str, told: Told, widest: float, today: dt.date) -> IndexRow:
    row = told.row
    close, change = row["close"], row["change"]
    return IndexRow(
        symbol=symbol,
        label=row["label"],
        link=quote(page_of(symbol)),
        close=Cell(
            price(close, row["currency"]), "" if change is None else signed(2)(change), close
        ),
        spark=_spark(row["spark"]),
        **_forecast_cells(symbol, row, widest),
        verdict=_verdict_cell(symbol, row),
        coverage=_coverage_cell(row["coverage"]),
        fresh=fresh_cell(row["session"], today),
        alarm=_alarm_cell(row),
        news=tuple(change.text for change in changes(told) if change.is_notable),
    )


def _forecast_cells(symbol: str, row: Row, widest: float) -> dict[str, Any]:
    forecast, close = row["forecast"], row["close"]
    if not forecast or close <= 0:
        command = advised("train", symbol) if not row["model"] else ""
        return {"range": Cell("–", command), "chance": NOTHING}
    low, high = forecast["q05"], forecast["q95"]
    quantiles = [forecast[q] / close - 1 for q in ("q05", "q25", "q50", "q75", "q95")]
    return {
        "range": Cell(
            f"{price(low, row['currency'])} to {price(high, row['currency'])}",
            f"{signed(1)(quantiles[0])} to {signed(1)(quantiles[-1])} by {forecast['session']}",
            quantiles[-1] - quantiles[0],
        ),
        "marks": tuple(round(50 + 48 * one / widest, 2) for one in quantiles),
        "chance": Cell(percent(0)(forecast["chance_of_rise"]), "", forecast["chance_of_rise"]),
    }


def _verdict_cell(symbol: str, row: Row) -> Cell:
    found = row["verdict"]
    if found is None:
        return Cell("–", advised("backtest", symbol))
    edges = [topic for topic, edge in found.items() if edge]
    more = "of another network" if row["another"] else ""
    if not edges:
        return Cell("no edge shown", more, 0, "none")
    return Cell(f"edge: {', '.join(edges)}", more, len(edges), "edge")


def _coverage_cell(coverage: Row | None) -> Cell:
    if coverage is None:
        return NOTHING
    return Cell(
        percent(1)(coverage["share"]), f"of {coverage['n']:,}, {coverage['by']}", coverage["share"]
    )


def fresh_cell(session: str, today: dt.date) -> Cell:
    """Return how old a session is."""
    age = max((today - dt.date.fromisoformat(session)).days, 0)
    words = {0: "today", 1: "yesterday"}.get(age, f"{age:,} days old")
    return Cell(session, words, session, "old" if age > STALE_DAYS else "")


def _alarm_cell(row: Row) -> Cell:
    texts = list(row["alarms"])
    if row["held_back"]:
        texts.append(f"{row['held_back']} in quarantine")
    return Cell(", ".join(texts) or "none", "", len(texts), "alarm" if texts else "none")


def _spark(closes: list[float]) -> str:
    """Return the points of a small curve on a square of ``SIZE``."""
    values = np.asarray(closes)
    if len(values) < 2:
        return ""
    x = np.linspace(0, SIZE, len(values))
    y = SIZE * (0.96 - 0.92 * (values - values.min()) / (np.ptp(values) or 1.0))
    return " ".join(f"{a:.0f},{b:.0f}" for a, b in zip(x, y, strict=True))
