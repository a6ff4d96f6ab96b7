"""How much a series moves, as known at each close."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmfin.data.prices import Prices
from lstmfin.errors import DataError

DECAY = 0.94
"""Weight of yesterday's variance: RiskMetrics (1996), *Technical Document*, for daily returns."""

FLOOR = 0.1
"""Least share of the volatility of all returns so far: a price that rests, as when trading is
suspended, has not forgotten how it moved."""

WARM_UP = 20
"""Returns whose mean square starts the recursion; there is no volatility before."""

Floats = NDArray[np.float64]


def trailing_volatility(log_returns: Floats) -> Floats:
    """Return the daily volatility known at each close.

    Equation::

        σ_t² = λ σ_{t-1}² + (1 - λ) r_t²,   λ = 0.94,   mean return taken as zero

    started from the mean square of the first 20 returns, and never below a tenth of the root mean
    square of all returns so far.

    Parameters
    ----------
    log_returns : ndarray, float64 (n,)
        As fractions; the first is NaN, as there is no price before it.

    Returns
    -------
    ndarray, float64 (n,)
        Standard deviation of a daily log return; NaN up to the 19th return, and where no price has
        moved yet.

    Raises
    ------
    DataError
        When no return differs from zero.
    """
    squares = log_returns**2
    if not np.any(squares[1:] > 0):
        raise DataError("zero variance: no price differs from the one before; nothing to forecast")
    variance = np.full(len(squares), np.nan)
    if len(squares) > WARM_UP:
        tail = squares[WARM_UP:].copy()
        tail[0] = squares[1 : WARM_UP + 1].mean()
        variance[WARM_UP:] = pd.Series(tail).ewm(alpha=1 - DECAY, adjust=False).mean()
        so_far = np.cumsum(squares[1:])[WARM_UP - 1 :] / np.arange(WARM_UP, len(squares))
        variance[WARM_UP:] = np.maximum(variance[WARM_UP:], FLOOR**2 * so_far)
    variance[variance == 0] = np.nan
    volatility: Floats = np.sqrt(variance)
    return volatility


def price_volatility(prices: Prices) -> Floats:
    """Return ``trailing_volatility`` of a series, float64 (n,); its errors name the symbol."""
    try:
        return trailing_volatility(prices.log_returns())
    except DataError as error:
        text = str(error)
        prefix = "" if text.startswith(prices.symbol) else f"{prices.symbol}: "
        raise DataError(prefix + text) from error
