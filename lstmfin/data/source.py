"""What a source of prices offers, and what it is given."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lstmfin.data.prices import Prices
from lstmfin.data.symbols import near_symbol
from lstmfin.errors import UnknownSymbolError


@dataclass(frozen=True)
class SourceOptions:
    """What a source may need besides the symbol.

    Parameters
    ----------
    path : Path, optional
        File of the user's own, for the sources that read one.
    cache : Path
        Private folder in which a source may keep things between runs; it need not exist.
    now : datetime
        The present, with a time zone.
    timeout : float, default 10
        Seconds that one request may take in all.
    """

    path: Path | None
    cache: Path
    now: dt.datetime
    timeout: float = 10.0


class Source(Protocol):
    """A place where prices come from."""

    @property
    def canary(self) -> str | None:
        """A symbol that is always alive, of a source on the network; None for one on this machine.

        It tells an outage from symbols that are gone. What such a source sends passes the gates
        before it is stored.
        """

    def fetch(
        self, symbol: str, *, start: dt.date | None, end: dt.date | None, options: SourceOptions
    ) -> Prices:
        """Return at least one bar, from ``start`` to ``end``, both included; None is open.

        Raises
        ------
        UnknownSymbolError
            When the source has no prices for the symbol, or none in that range.
        SourceError
            When it does not answer, or with something that cannot be understood.
        TryLaterError
            When it limits the rate.
        DataError
            When what it has cannot be prices.
        """

    def symbols(self) -> tuple[str, ...] | None:
        """Return all symbols of the source; None where they cannot be listed."""


def in_range(prices: Prices, start: dt.date | None, end: dt.date | None) -> Prices:
    """Return the bars from ``start`` to ``end``; UnknownSymbolError when none is left."""
    chosen = prices.between(start, end)
    if not len(chosen):
        sessions = prices.sessions
        wanted = f"from {start or 'the first'} to {end or 'the last'}"
        raise UnknownSymbolError(
            f"{prices.source} has no prices for {prices.symbol} {wanted}; "
            f"it has them from {sessions[0]} to {sessions[-1]}"
        )
    return chosen


def unknown_symbol(source: str, symbol: str, known: Sequence[str]) -> UnknownSymbolError:
    """Return the error for a symbol that is not in a source's catalogue."""
    return UnknownSymbolError(
        f"{source} has no symbol {symbol}{near_symbol(symbol, known)} (it has: {', '.join(known)})"
    )
