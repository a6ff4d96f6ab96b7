"""Prices made for the tests of this folder."""

import datetime as dt

import numpy as np
import pandas as pd

from lstmfin.data.prices import Prices, make_actions, make_bars

NOW = dt.datetime(2026, 1, 15, 12, 0, tzinfo=dt.UTC)


def build_prices(n=200, *, seed=0, symbol="TEST", start="2020-01-01", source="csv", **changes):
    """Return n sessions of a random walk with all columns."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(n)))
    spread = 1 + 0.01 * rng.random((2, n))
    columns = {
        "open": close * (1 + 0.001 * rng.standard_normal(n)),
        "close": close,
        "adj_close": close * 0.9,
        "volume": np.round(1e6 * np.exp(0.3 * rng.standard_normal(n))),
    }
    columns["high"] = np.maximum(columns["open"], close) * spread[0]
    columns["low"] = np.minimum(columns["open"], close) / spread[1]
    columns.update(changes)
    final = columns.pop("final", True)
    sessions = pd.bdate_range(start, periods=n)
    return Prices(
        symbol, make_bars(sessions, final=final, **columns), make_actions(), source=source
    )
