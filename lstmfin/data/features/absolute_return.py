"""Size of the session's log return, without its sign."""

import numpy as np

from lstmfin.data.feature import Feature, Scaling, always

FEATURE = Feature(
    help="absolute log return of the session",
    scaling=Scaling.VOLATILITY,
    carried_by=always,
    compute=lambda prices: np.abs(prices.log_returns()),
)
