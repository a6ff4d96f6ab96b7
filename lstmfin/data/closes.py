"""When a session's close is known, and what else was known by then.

n sessions. Bars are keyed by the exchange's local date; two markets' bars of one date do not end
together. What is not known for sure is taken to be known later.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmfin.data.prices import Prices

CLOSE_HOURS = {
    "America/New_York": 16.0,
    "America/Toronto": 16.0,
    "America/Chicago": 15.25,
    "America/Sao_Paulo": 18.0,
    "Europe/London": 16.6,
    "Europe/Berlin": 17.6,
    "Europe/Paris": 17.6,
    "Europe/Amsterdam": 17.6,
    "Europe/Brussels": 17.6,
    "Europe/Madrid": 17.6,
    "Europe/Rome": 17.6,
    "Europe/Zurich": 17.6,
    "Europe/Stockholm": 17.5,
    "Asia/Tokyo": 15.5,
    "Asia/Hong_Kong": 16.2,
    "Asia/Shanghai": 15.0,
    "Asia/Seoul": 15.5,
    "Asia/Kolkata": 15.5,
    "Australia/Sydney": 16.2,
}
"""Local hour by which a stock exchange of the zone has closed, closing auction and all."""

MIDNIGHT = 24.0
"""Close of what trades round the clock (currencies ``=X``, futures ``=F``, coins ``-USD``), and of
an exchange that is not listed, when another series looks at it."""

NOON = 12.0
"""Close of an exchange that is not listed, when it is the one that looks."""

LATE_HOURS = {("^VIX", "America/New_York"): 16.25}
"""Series that close after the exchanges of their zone: the index's options trade a quarter on."""

_ROUND_THE_CLOCK = ("=X", "=F", "-USD", "-EUR", "-GBP")

Indices = NDArray[np.intp]
Days = NDArray[np.datetime64]


def last_known(prices: Prices, other: Prices) -> Indices:
    """Return the position of another series' last close known at each close of this one.

    Where both time zones are known, moments are compared; series of one zone and one kind of market
    close together. Where either is not, only sessions of an earlier date count as known.

    Parameters
    ----------
    prices : Prices
        n sessions, the ones that look.
    other : Prices
        What is looked at.

    Returns
    -------
    ndarray of int (n,)
        Positions in ``other``, -1 where none is known yet; they never fall.
    """
    return _last_known(prices, other, prices.sessions, other.sessions)


def is_known(prices: Prices, other: Prices, session: np.datetime64) -> bool:
    """Return whether another series' close of some day is known at the last close of this one."""
    return bool(_last_known(prices, other, prices.sessions[-1:], np.array([session]))[0] == 0)


def _last_known(prices: Prices, other: Prices, looks: Days, seen: Days) -> Indices:
    """Return the position of the last of another's days known at each day of a series."""
    if not (prices.timezone and other.timezone):
        return np.asarray(np.searchsorted(seen, looks, side="left") - 1)
    hours = _close_hour(prices), _close_hour(other)
    if (prices.timezone, hours[0]) != (other.timezone, hours[1]):
        looks = _moments(looks, NOON if hours[0] is None else hours[0], prices.timezone)
        seen = _moments(seen, MIDNIGHT if hours[1] is None else hours[1], other.timezone)
    return np.asarray(np.searchsorted(seen, looks, side="right") - 1)


def _close_hour(prices: Prices) -> float | None:
    """Return the local hour of a series' close; None where it is not known."""
    if prices.symbol.endswith(_ROUND_THE_CLOCK):
        return MIDNIGHT
    late = LATE_HOURS.get((prices.symbol, prices.timezone))
    return late or CLOSE_HOURS.get(prices.timezone)


def _moments(days: Days, hour: float, timezone: str) -> Days:
    """Return the moments of an hour of each local date, in UTC."""
    local = pd.DatetimeIndex(days.astype("datetime64[s]")) + pd.Timedelta(hours=hour)
    standard = np.zeros(len(local), dtype=bool)  # the later moment of an hour that comes twice
    zoned = local.tz_localize(timezone, ambiguous=standard, nonexistent="shift_forward")
    return zoned.tz_convert("UTC").tz_localize(None).to_numpy()
