"""What a person should know of stored prices: gaps, odd values, and what waits in quarantine."""

import datetime as dt
from collections.abc import Iterator

import numpy as np

from lstmfin.data.calendar import exchange_of, has_calendar, missing_sessions
from lstmfin.data.faults import Doubt
from lstmfin.data.gates import review
from lstmfin.data.prices import Prices
from lstmfin.data.store import Store

STALE_DAYS = 7
"""Days without a new session after which a series is called old."""


def audit(store: Store, symbol: str, *, now: dt.datetime) -> list[Doubt]:
    """Return what is remarkable about a series, oldest first; nothing when all is as it should be.

    Parameters
    ----------
    now : datetime
        The present, with a time zone.
    """
    prices = store.prices(symbol)
    held = [
        Doubt("quarantine", one.session, f"held back since {one.first_seen[:10]}: {one.reason}")
        for one in store.held_back()
        if one.symbol == symbol
    ]
    found = [*review(prices), *_gaps(prices), *_end(prices, now), *held]
    return sorted(found, key=lambda doubt: doubt.session)


def _gaps(prices: Prices) -> Iterator[Doubt]:
    exchange = exchange_of(prices.symbol, prices.timezone)
    missing = missing_sessions(prices.sessions, exchange=exchange)
    if not len(missing):
        return
    by = exchange if has_calendar(prices.sessions, exchange) else "its weekdays"
    breaks = np.flatnonzero(np.diff(np.searchsorted(prices.sessions, missing)) > 0) + 1
    for run in np.split(missing, breaks):
        to = f" to {run[-1]}" if len(run) > 1 else ""
        text = f"{len(run)} sessions missing{to}, by {by}"
        yield Doubt("gap", str(run[0]), text)


def _end(prices: Prices, now: dt.datetime) -> Iterator[Doubt]:
    last = prices.sessions[-1].item()
    if not prices.bars["final"].iloc[-1]:
        yield Doubt("unfinished", str(last), "its session was not over; kept out of all but tables")
    age = (now.date() - last).days
    if age > STALE_DAYS:
        yield Doubt("old", str(last), f"the last session is {age} days old")
