"""Returns of another series over the sessions of a backtest, for alpha and beta."""

import numpy as np

from lstmfin.backtest.walkforward import Backtest, Floats
from lstmfin.data.prices import Prices
from lstmfin.errors import DataError

LEAST = 20
"""Fewer common sessions explain nothing."""


def benchmark_returns(benchmark: Prices, result: Backtest) -> Floats:
    """Return the simple return (N,) of a benchmark over the sessions a position was held.

    They are from the last close at or before one session to that of the next, dividends included,
    so that holidays of two exchanges cost no return; NaN where the benchmark has no prices.

    Raises
    ------
    DataError
        When fewer than 20 sessions overlap.
    """
    days, close = benchmark.sessions, benchmark.column("adj_close")
    at = np.searchsorted(days, result.earned_on, side="right") - 1
    inside = (at >= 0) & (result.earned_on <= days[-1])
    level = np.where(inside, close[np.maximum(at, 0)], np.nan)
    returns = np.full(len(level), np.nan)
    returns[1:] = level[1:] / level[:-1] - 1
    if np.isfinite(returns).sum() < LEAST:
        raise DataError(
            f"the benchmark {benchmark.symbol} ({days[0]} to {days[-1]}) does not overlap the "
            f"tested sessions of {result.symbol} ({result.earned_on[0]} to "
            f"{result.earned_on[-1]}) in {LEAST} of them; choose another --benchmark"
        )
    return returns
