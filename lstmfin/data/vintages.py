"""Prices as of a date: what the store knew then, or what can be said of a time before it.

The store keeps when each bar was seen and each value changed, so that a date after the first fetch
is replayed to the bit. For a date before it the first fetch is cut there and adjusted anew with the
actions up to that date alone: whatever happens later changes neither.
"""

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np

from lstmfin.data.faults import RANGE_COLUMNS
from lstmfin.data.prices import Prices
from lstmfin.data.store import Store
from lstmfin.errors import DataError


class NotBegunError(DataError):
    """A series had no session yet."""


def prices_as_of(store: Store, symbol: str, day: dt.date, *, timezone: str = "") -> Prices:
    """Return a series as it was known at the end of a day, on the exchange's own clock or another.

    Parameters
    ----------
    day : date
        The last that may be known.
    timezone : str, optional
        IANA name of the zone on whose clock the day ends, as of the series it is looked at beside.

    Raises
    ------
    NotBegunError
        When it begins after that day.
    DataError
        When there is no such series.

    Notes
    -----
    A day before the first fetch was not seen by the store; a note of the prices says so. What the
    source corrected between that day and the first fetch is in them, and cannot be taken out.
    """
    info = store.info(symbol)
    name = timezone or info.timezone
    zone = ZoneInfo(name) if name else dt.UTC
    after = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone)
    if after > info.began:
        return store.prices(symbol, as_of=after - dt.timedelta(microseconds=1))
    first = store.prices(symbol, as_of=info.began)
    if first.sessions[0] > np.datetime64(day):
        raise NotBegunError(
            f"{symbol} has no session up to {day}; its first is {first.sessions[0]}"
        )
    note = (
        f"was first fetched on {info.began.astimezone(zone):%Y-%m-%d}; its prices as of {day} are "
        "those of that fetch up to then, adjusted with the actions up to then"
    )
    return replace(_as_adjusted_then(first, day), notes=(note,))


def _as_adjusted_then(prices: Prices, day: dt.date) -> Prices:
    """Return the bars up to a day without what later splits and dividends did to them."""
    known = prices.until(day)
    factor = _later_splits_in_close(prices, day)
    close = known.column("close")
    ratio = np.divide(known.column("adj_close"), close, out=np.ones(len(known)), where=close != 0)
    if factor == 1 and ratio[-1] == 1:
        return known
    bars = known.bars.copy()
    for name in (*RANGE_COLUMNS, "close"):
        bars[name] *= factor
    bars["volume"] /= factor
    bars["adj_close"] = bars["close"] * (ratio / ratio[-1])
    return replace(known, bars=bars)


def _later_splits_in_close(prices: Prices, day: dt.date) -> float:
    """Return the product of the splits after a day that the closes before it were divided by.

    Some sources divide the close by later splits, others publish what was paid on the day. In the
    latter the ratio of adjusted to raw close jumps by the split; it tells the one from the other.
    """
    product = 1.0
    adjusted, close = prices.column("adj_close"), prices.column("close")
    for session, kind, value in prices.actions.itertuples(index=False):
        at = int(np.searchsorted(prices.sessions, np.datetime64(session, "D")))
        if kind != "split" or session.date() <= day or not 0 < at < len(prices) or value <= 0:
            continue
        if min(*close[at - 1 : at + 1], *adjusted[at - 1 : at + 1]) <= 0:
            continue
        jump = (adjusted[at] / close[at]) / (adjusted[at - 1] / close[at - 1])
        if abs(np.log(jump / value)) > abs(np.log(value)) / 2:
            product *= value
    return product
