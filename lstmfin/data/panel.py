"""Series that are seen together, each with the others of its panel.

What one sees of the others is in ``lstmfin.data.panel_variance``.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lstmfin.data.calendar import exchange_of, future_sessions
from lstmfin.data.closes import is_known
from lstmfin.data.exogenous import MOST_DAYS_OLD
from lstmfin.data.panel_variance import last_move
from lstmfin.data.prices import Prices
from lstmfin.errors import DataError

LEAST_KNOWN = 0.25
"""Share of a panel that must be known: a quarter still says more than a series does alone, a tenth
less (docs/defaults.md)."""


def together(series: Sequence[Prices]) -> list[Prices]:
    """Return series that are each seen with the others.

    Raises
    ------
    DataError
        When two have one name: none could be told from the other.
    """
    refuse_namesakes(series)
    return [beside(one, series) for one in series]


def beside(prices: Prices, panel: Sequence[Prices]) -> Prices:
    """Return prices that are seen with those of a panel, but for themselves."""
    others = (one.finished() for one in panel if one.symbol != prices.symbol)
    bare = (replace(one, panel=()) if one.panel else one for one in others)
    return replace(prices, panel=tuple(bare))


def refuse_namesakes(series: Sequence[Prices]) -> None:
    """Raise a DataError where two series have one name."""
    for symbol, n in Counter(one.symbol for one in series).items():
        if n > 1:
            raise DataError(
                f"{n} series of the panel are called {symbol}; each needs a name of its own "
                "(of a data frame: attrs['symbol'])"
            )


class Unknown(NamedTuple):
    """Of which others of a panel something is not known at the last session of a series.

    Attributes
    ----------
    missing : tuple of str
        Those that are not there, or whose last move that could be measured is more than 14 days
        old, or none could be.
    behind : tuple of str
        Those of which a session is not there that was over by then, as far as weekdays tell, or
        the calendar of the exchange (``lstmfin[calendar]``).
    n_others : int
        All that should be known.
    """

    missing: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    n_others: int = 0

    @property
    def symbols(self) -> tuple[str, ...]:
        """All of which something is not known."""
        return self.missing + self.behind

    @property
    def is_most(self) -> bool:
        """Whether too little of the panel is known to be seen with it."""
        return len(self.missing) > (1 - LEAST_KNOWN) * self.n_others

    def told(self, session: object) -> str:
        """Return what is to be said of it at a session, but for what to do."""
        n = len(self.missing if self.is_most else self.symbols)
        some = f"{n} of its panel's {self.n_others} other series"
        if self.is_most:
            return f"nothing is known of {some} in the {MOST_DAYS_OLD} days to {session}"
        are, they_lack = ("is", "it lacks") if n == 1 else ("are", "they lack")
        return f"{some} {are} not up to {session}, and what {they_lack} is not seen"


ALL_KNOWN = Unknown()


def unknown_of(prices: Prices, panel: Collection[str]) -> Unknown:
    """Return what is not known of a panel of some symbols at the last session of a series."""
    there = {one.symbol: one for one in prices.panel}
    others = [one for one in panel if one != prices.symbol]
    missing, behind = [], []
    oldest = prices.sessions[-1] - np.timedelta64(MOST_DAYS_OLD, "D")
    for symbol in others:
        other = there.get(symbol)
        last = -1 if other is None else last_move(prices, other)
        if other is None or last < 0 or other.sessions[last] < oldest:
            missing.append(symbol)
        elif is_known(prices, other, _next_session(other)):
            behind.append(symbol)
    return Unknown(tuple(missing), tuple(behind), len(others))


def _next_session(prices: Prices) -> np.datetime64:
    exchange = exchange_of(prices.symbol, prices.timezone)
    session: np.datetime64 = future_sessions(prices.sessions, 1, exchange=exchange)[0]
    return session
