"""Series from a store with all that is looked at beside them, each read once."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from lstmfin.data.prices import Prices
from lstmfin.data.store import Store
from lstmfin.data.vintages import NotBegunError, prices_as_of


class Reader:
    """Reads series as they stand when they are first asked for, or as they were known at a date.

    Parameters
    ----------
    store : Store
        Where they are; it must stay open.
    as_of : date, optional
        The last day that may be known, on the clock of the exchange of the series asked for.
    """

    def __init__(self, store: Store, *, as_of: dt.date | None = None) -> None:
        self.store = store
        self.as_of = as_of
        self._read: dict[tuple[str, str], Prices] = {}
        self._members: dict[tuple[str, str], Prices | None] = {}

    def prices(
        self, symbol: str, others: Sequence[str] = (), *, panel: Sequence[str] = ()
    ) -> Prices:
        """Return a series, beside it other series, and those of its panel that are there.

        Raises
        ------
        DataError
            When the store has no such series, or none of the others, or did not at that date.
        """
        prices = self._one(symbol)
        if not (others or panel):
            return prices
        clock = "" if self.as_of is None else prices.timezone
        members = (self._member(one, clock) for one in panel if one != symbol)
        return replace(
            prices,
            others=tuple(self._one(one, clock) for one in others),
            panel=tuple(one for one in members if one is not None),
        )

    def _one(self, symbol: str, clock: str = "") -> Prices:
        """Return a series, as it was known when the day ended on a clock."""
        key, day = (symbol, clock), self.as_of
        if key not in self._read:
            if day is None:
                self._read[key] = self.store.prices(symbol)
            else:
                self._read[key] = prices_as_of(self.store, symbol, day, timezone=clock)
        return self._read[key]

    def _member(self, symbol: str, clock: str) -> Prices | None:
        """Return the finished sessions of one of a panel; None where it has not begun."""
        key = (symbol, clock)
        if key not in self._members:
            self._members[key] = None
            if symbol in self.store:
                with suppress(NotBegunError):
                    self._members[key] = self._one(symbol, clock).finished()
        return self._members[key]
