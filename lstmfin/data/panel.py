"""Series that are seen together, each with the others of its panel.

What one sees of the others is in ``lstmfin.data.panel_variance``.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lstmfin.advice import advised
from lstmfin.data.calendar import exchange_of, future_sessions
from lstmfin.data.closes import is_known, last_known
from lstmfin.data.exogenous import MOST_DAYS_OLD
from lstmfin.data.prices import Prices
from lstmfin.errors import DataError

LEAST_KNOWN = 0.5
"""Share of a panel that must be known: what few say is worth less than what a series says alone."""


def together(series: Sequence[Prices]) -> list[Prices]:
    """Return series that are each seen with the others.

    Raises
    ------
    DataError
        When two have one name: none could be told from the other.
    """
    symbol, n = Counter(one.symbol for one in series).most_common(1)[0]
    if n > 1:
        raise DataError(
            f"{n} series of the panel are called {symbol}; each needs a name of its own "
            "(of a data frame: attrs['symbol'])"
        )
    return [beside(one, series) for one in series]


def beside(prices: Prices, panel: Sequence[Prices]) -> Prices:
    """Return prices that are seen with those of a panel, but for themselves."""
    others = (one.finished() for one in panel if one.symbol != prices.symbol)
    bare = (replace(one, panel=()) if one.panel else one for one in others)
    return replace(prices, panel=tuple(bare))


class Unknown(NamedTuple):
    """Of which others of a panel something is not known at the last session of a series.

    Attributes
    ----------
    missing : tuple of str
        Those that are not there, or whose last known session is more than 14 days old.
    behind : tuple of str
        Those of which a session is not there that was over by then, as far as weekdays tell, or
        the calendar of the exchange (``lstmfin[calendar]``).
    n_others : int
        All that had begun.
    """

    missing: tuple[str, ...]
    behind: tuple[str, ...]
    n_others: int

    @property
    def symbols(self) -> tuple[str, ...]:
        """All of which something is not known."""
        return self.missing + self.behind

    def refuse_most(self, symbol: str) -> None:
        """Raise a DataError where less than half of the panel is known."""
        if len(self.missing) > (1 - LEAST_KNOWN) * self.n_others:
            raise DataError(
                f"{symbol} is to be seen with the panel that the network learned from, and "
                f"{len(self.missing)} of its {self.n_others} other series are not there or more "
                f"than {MOST_DAYS_OLD} days old; bring them up to date: "
                f"{advised('fetch', *self.missing)}"
            )


def unknown_of(prices: Prices, panel: Collection[str]) -> Unknown:
    """Return what is not known of a panel of some symbols at the last session of a series."""
    there = {one.symbol: one for one in prices.panel}
    others = [one for one in panel if one != prices.symbol]
    missing, behind = [one for one in others if one not in there], []
    oldest = prices.sessions[-1] - np.timedelta64(MOST_DAYS_OLD, "D")
    n_young = 0
    for symbol, other in there.items():
        last = int(last_known(prices, other)[-1]) if len(other) else -1
        if last < 0:
            n_young += 1
        elif other.sessions[last] < oldest:
            missing.append(symbol)
        elif last == len(other) - 1 and is_known(prices, other, _next_session(other)):
            behind.append(symbol)
    return Unknown(tuple(missing), tuple(behind), len(others) - n_young)


def _next_session(prices: Prices) -> np.datetime64:
    exchange = exchange_of(prices.symbol, prices.timezone)
    session: np.datetime64 = future_sessions(prices.sessions, 1, exchange=exchange)[0]
    return session
