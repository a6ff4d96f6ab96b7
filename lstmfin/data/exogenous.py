"""Other series beside a target's own: what was known of them at each of its closes.

n sessions of the target. Nothing is filled in. On a day when the other market was closed its price
as last known stands, its return since the row before is that of an unchanged price, and the count
of new sessions, 0, tells such a day from a quiet one. When the target itself was closed, the
returns of all sessions in between are added up and the count says how many: none is lost, none is
made up.
"""

from typing import NamedTuple

import numpy as np

from lstmfin.data.closes import last_known
from lstmfin.data.feature import Floats, Scaling
from lstmfin.data.prices import Prices
from lstmfin.data.volatility import price_volatility
from lstmfin.errors import DataError

MOST_DAYS_OLD = 14
"""Calendar days that the last known close may be old at the target's last session: longer than any
holiday of an exchange (ten days), shorter than a series that has ended."""


class Column(NamedTuple):
    """One input beside the features: what it is called, its values and its own scale at t."""

    name: str
    values: Floats
    scaling: Scaling
    volatility: Floats


NAMES = ("log-return", "volatility", "sessions")
"""What is seen of each series: return since the row before, log volatility, new sessions."""


def column_names(symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the columns that other series give."""
    return tuple(f"{name}@{symbol}" for symbol in symbols for name in NAMES)


def exogenous_columns(prices: Prices, other: Prices) -> list[Column]:
    """Return what was known of another series at each session of this one; NaN before its begin.

    Raises
    ------
    DataError
        When the other series ends early, has nothing before the target's end, or does not move.
    """
    known = last_known(prices, other)
    _refuse_old(prices, other, int(known[-1]))
    volatility = price_volatility(other)
    level = np.nancumsum(other.log_returns())
    at = np.maximum(known, 0)
    before = np.r_[-1, known[:-1]]
    has_both = before >= 0
    returns = np.where(has_both, level[at] - level[np.maximum(before, 0)], np.nan)
    sigma = np.where(known >= 0, volatility[at], np.nan)
    values = (returns, np.log(sigma), np.where(has_both, known - before, np.nan))
    scalings = (Scaling.VOLATILITY, Scaling.CENTRED, Scaling.NONE)
    return [
        Column(name, np.asarray(one, np.float64), scaling, sigma)
        for name, one, scaling in zip(column_names((other.symbol,)), values, scalings, strict=True)
    ]


def _refuse_old(prices: Prices, other: Prices, last: int) -> None:
    end = prices.sessions[-1]
    if last < 0:
        first = other.sessions[0] if len(other) else "never"
        raise DataError(
            f"{other.symbol} shares no session with {prices.symbol}: it begins {first}, and "
            f"{prices.symbol} ends {end}; fetch more of it, or leave it out of --exog"
        )
    if end - other.sessions[last] > np.timedelta64(MOST_DAYS_OLD, "D"):
        raise DataError(
            f"{other.symbol} ends early: its last session known to {prices.symbol} is "
            f"{other.sessions[last]}, and {prices.symbol} goes on to {end}; fetch more of it, or "
            "leave it out of --exog"
        )
