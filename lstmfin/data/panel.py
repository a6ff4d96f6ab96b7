"""Series that are seen together, each with the others of its panel.

What one sees of the others is in ``lstmfin.data.panel_variance``.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from lstmfin.data.prices import Prices
from lstmfin.data.store import Store
from lstmfin.data.vintages import prices_as_of

_READ: dict[tuple[object, ...], tuple[Prices, ...]] = {}
"""The panel that was read last, by all that it hangs on."""


def together(series: Sequence[Prices]) -> list[Prices]:
    """Return series that are each seen with the others."""
    return [beside(one, series) for one in series]


def beside(prices: Prices, panel: Sequence[Prices]) -> Prices:
    """Return prices that are seen with those of a panel, but for themselves."""
    others = (one.finished() for one in panel if one.symbol != prices.symbol)
    return replace(prices, panel=tuple(others))


def members(
    store: Store, symbols: tuple[str, ...], *, as_of: dt.date | None = None
) -> tuple[Prices, ...]:
    """Return the finished prices of a panel, as far as a store holds them, or did at a date.

    They are read once for all that are seen with them, as long as nothing is written.
    """
    key = (store.counter(), symbols, as_of)
    if symbols and key not in _READ:
        found = [one for one in symbols if one in store]
        if as_of is None:
            every = [store.prices(one) for one in found]
        else:
            begun = (one for one in found if store.info(one).first <= as_of)
            every = [prices_as_of(store, one, as_of) for one in begun]
        _READ.clear()
        _READ[key] = tuple(one.finished() for one in every)
    return _READ[key] if symbols else ()
