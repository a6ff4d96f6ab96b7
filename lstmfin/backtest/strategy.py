"""From forecasts to money: positions, when they are taken, and what that costs.

n sessions in the prices, N origins.
"""

import numpy as np
from numpy.typing import NDArray

from lstmfin.data.prices import Prices
from lstmfin.metrics.distribution import StudentT
from lstmfin.models.model import Indices

Floats = NDArray[np.float64]

SESSIONS_TO_EXIT = 2
"""From an origin: the position is taken in the next session and given up in the one after."""


def sign_positions(law: StudentT, *, long_only: bool) -> Floats:
    """Return positions (N,) from laws (N, H): long where the next session's median return is above
    zero, short (or out of the market) where it is below.
    """  # noqa: D205 - one sentence
    side = np.sign(law.location[:, 0])
    return np.asarray(np.maximum(side, 0.0) if long_only else side)


def holding_returns(prices: Prices, origins: Indices) -> Floats:
    """Return the simple return (N,) of holding from the next session to the one after.

    A forecast made from a close cannot be traded at that close. It is traded at the next session's
    open where the series has opens, else at its close, and held until the same moment one session
    later. Prices are adjusted, so that splits and dividends are in the returns.
    """
    traded = prices.adjusted("open") if prices.has_range else prices.column("adj_close")
    return np.asarray(traded[origins + SESSIONS_TO_EXIT] / traded[origins + 1] - 1)


def net_returns(positions: Floats, returns: Floats, *, cost_bps: float) -> Floats:
    """Return what positions (N,) earn on returns (N,) after costs, as fractions.

    Each change of position costs ``cost_bps`` basis points of the amount turned over: from long 1
    to short 1 is an amount of 2. The first position is bought from nothing.
    """
    turned = np.abs(np.diff(positions, prepend=0.0))
    return np.asarray(positions * returns - turned * cost_bps * 1e-4)
