"""Series from a store with all that is looked at beside them, each read once."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from lstmfin.data.prices import Prices
from lstmfin.data.store import Store
from lstmfin.data.vintages import prices_as_of
from lstmfin.errors import DataError


class Reader:
    """Reads series as they stand when they are first asked for, or as they were known at a date.

    Parameters
    ----------
    store : Store
        Where they are; it must stay open.
    as_of : date, optional
        The last day that may be known, on the clock of each exchange.
    """

    def __init__(self, store: Store, *, as_of: dt.date | None = None) -> None:
        self.store = store
        self.as_of = as_of
        self._read: dict[str, Prices] = {}
        self._members: dict[str, Prices | None] = {}

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
        members = (self._member(one) for one in panel if one != symbol)
        return replace(
            prices,
            others=tuple(map(self._one, others)),
            panel=tuple(one for one in members if one is not None),
        )

    def _one(self, symbol: str) -> Prices:
        if symbol not in self._read:
            day = self.as_of
            self._read[symbol] = (
                self.store.prices(symbol) if day is None else prices_as_of(self.store, symbol, day)
            )
        return self._read[symbol]

    def _member(self, symbol: str) -> Prices | None:
        """Return the finished sessions of one of a panel; none are left of one yet to begin."""
        if symbol not in self._members:
            self._members[symbol] = None
            if symbol in self.store:
                self._members[symbol] = self._known(symbol).finished()
        return self._members[symbol]

    def _known(self, symbol: str) -> Prices:
        try:
            return self._one(symbol)
        except DataError:
            if self.as_of is None:
                raise
            return self.store.prices(symbol).slice(0)
