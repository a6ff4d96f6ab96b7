"""From forecasts to money: positions, when they are taken, and what that costs.

n sessions in the prices, N origins.
"""

import numpy as np
from numpy.typing import NDArray

from lstmfin.data.prices import Prices
from lstmfin.metrics.law import Law
from lstmfin.models.model import Indices

Floats = NDArray[np.float64]

SESSIONS_TO_EXIT = 2
"""From an origin: the position is taken in the next session and given up in the one after."""


ENOUGH_TO_TELL = 50
STALE_OPENS = 0.2
"""Share of opens equal to the close before from which they are no prices that anyone traded at."""


def trades_at_open(prices: Prices) -> bool:
    """Tell whether positions can be taken at the open: there is one, and it is one of its own.

    Of some indices the open is published as the close of the day before. To trade at such an open
    would be to trade at the price the forecast was made from.
    """
    if not prices.has_range:
        return False
    if len(prices) < ENOUGH_TO_TELL:
        return True
    stale = prices.column("open")[1:] == prices.column("close")[:-1]
    return bool(stale.mean() < STALE_OPENS)


def sign_positions(law: Law, *, at_open: bool, long_only: bool) -> Floats:
    """Return positions (N,) from laws (N, H): the sign of the return that will be held.

    Traded at the next open, a position earns most of the next session's return, and its sign is
    that of the forecast for it. Traded at the next close, it earns that of the session after, and
    its sign is that of the forecast for two sessions less that for one; a law of one session alone
    (H = 1) knows nothing of it, and its sign is used a session late.

    Parameters
    ----------
    at_open : bool
        Whether positions are taken at the open.
    long_only : bool
        Stay out of the market in place of selling short.
    """
    location = law.median
    held = location[:, 0] if at_open or law.shape[1] == 1 else location[:, 1] - location[:, 0]
    side = np.sign(held)
    return np.asarray(np.maximum(side, 0.0) if long_only else side)


def holding_returns(prices: Prices, origins: Indices) -> Floats:
    """Return the simple return (N,) of holding from the next session to the one after.

    A forecast made from a close cannot be traded at that close. It is traded at the next session's
    open where there is one (``trades_at_open``), else at its close, and held until the same moment
    one session later. Prices are adjusted, so that splits and dividends are in the returns.
    """
    traded = prices.adjusted("open") if trades_at_open(prices) else prices.column("adj_close")
    return np.asarray(traded[origins + SESSIONS_TO_EXIT] / traded[origins + 1] - 1)


def net_returns(positions: Floats, returns: Floats, *, cost_bps: float) -> Floats:
    """Return what positions (N,) earn on returns (N,) after costs, as fractions.

    Each change of position costs ``cost_bps`` basis points of the amount turned over: from long 1
    to short 1 is an amount of 2. The first position is bought from nothing.
    """
    turned = np.abs(np.diff(positions, prepend=0.0))
    return np.asarray(positions * returns - turned * cost_bps * 1e-4)
