"""Prices as data frames and back, and tables for notebooks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from lstmfin.data.faults import VALUE_COLUMNS
from lstmfin.data.prices import Prices, make_bars
from lstmfin.data.sources.csv import match_columns
from lstmfin.data.store import Store
from lstmfin.data.symbols import parse_symbol
from lstmfin.errors import DataError, UsageError
from lstmfin.workspace import Workspace

UNNAMED = "SERIES"
"""The symbol of a frame that does not say whose prices it holds."""

ABOUT = ("symbol", "source", "currency", "timezone")
"""What of a series stands in the attributes of its frame."""


def to_frame(prices: Prices) -> pd.DataFrame:
    """Return the finished bars of a series, indexed by session.

    Returns
    -------
    DataFrame
        Those of open, high, low, close, adj_close and volume that there are; symbol, source,
        currency and timezone stand in ``attrs``.
    """
    frame = prices.finished().bars[list(VALUE_COLUMNS)].dropna(axis="columns", how="all")
    frame.attrs = {name: getattr(prices, name) for name in ABOUT}
    return frame


def from_frame(frame: pd.DataFrame) -> Prices:
    """Return the series in a frame: daily bars, indexed by date, in any common spelling.

    Parameters
    ----------
    frame : DataFrame
        As ``to_frame`` makes it, or of your own: a close is needed, open, high, low, an adjusted
        close and a volume are used where they are there. ``attrs["symbol"]`` names it.

    Raises
    ------
    UsageError
        When it is no frame.
    DataError
        When there is no close, the index holds no dates, or a bar cannot be.

    Examples
    --------
    >>> days = pd.bdate_range("2024-01-01", periods=3)
    >>> frame = pd.DataFrame({"Adj Close": [9.0, 9.1, 9.3], "Close": [10, 10, 10]}, days)
    >>> from_frame(frame).column("adj_close")
    array([9. , 9.1, 9.3])
    """
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(
            "prices must be a DataFrame of daily bars, such as lstmfin.fetch('AAPL') returns, and "
            f"not a {type(frame).__name__}"
        )
    about: dict[str, Any] = {name: str(frame.attrs.get(name, "")) for name in ABOUT}
    symbol = parse_symbol(about["symbol"]) if about["symbol"] else UNNAMED
    names = match_columns(tuple(map(str, frame.columns)), symbol)
    if "close" not in names:
        raise DataError(
            f"{symbol}: the frame has no close; it has: {', '.join(map(str, frame.columns))}"
        )
    if not isinstance(frame.index, pd.DatetimeIndex):
        raise DataError(
            f"{symbol}: the frame must be indexed by dates, such as by df.set_index('date')"
        )
    days = frame.index.tz_localize(None).normalize()
    columns = frame.set_axis([str(name) for name in frame.columns], axis="columns")
    values = {
        name: columns[names[name]].to_numpy(dtype=np.float64)
        for name in VALUE_COLUMNS
        if name in names
    }
    about |= {"symbol": symbol, "source": about["source"] or "frame"}
    return Prices(bars=make_bars(days, **values), **about)


def series_of(frame: pd.DataFrame, exog: Sequence[str], workspace: Workspace) -> Prices:
    """Return the series in a frame, and beside it those of ``exog`` that a workspace holds."""
    prices = from_frame(frame)
    if not exog:
        return prices
    with Store(workspace.database) as store:
        others = tuple(store.prices(parse_symbol(other)) for other in exog)
    return replace(prices, others=others)


def as_read(frame: pd.DataFrame, formats: Mapping[str, Callable[[float], str]]) -> pd.DataFrame:
    """Return some columns as people read them; a dash where there is nothing.

    Examples
    --------
    >>> as_read(pd.DataFrame({"skill": [0.0123, np.nan]}), {"skill": "{:+.1%}".format})
      skill
    0  +1.2%
    1      –
    """
    return pd.DataFrame(
        {
            name: ["–" if pd.isna(value) else show(value) for value in frame[name]]
            for name, show in formats.items()
        },
        index=frame.index,
    )


def to_html(title: str, frame: pd.DataFrame, notes: Sequence[str] = ()) -> str:
    """Return a table for a notebook, all of it escaped.

    Examples
    --------
    >>> to_html("<b>", pd.DataFrame()).startswith("<p><strong>&lt;b&gt;</strong></p>")
    True
    """
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    table = frame.to_html(escape=True, border=0, na_rep="–", float_format="{:.5g}".format)
    return f"<p><strong>{escape(title)}</strong></p>{table}{below}"
