"""Log variance of a month by Yang and Zhang (2000)."""

import numpy as np

from lstmfin.data.feature import Feature, Scaling
from lstmfin.data.variance import yang_zhang

FEATURE = Feature(
    help="log variance of the last 22 sessions by yang-zhang",
    scaling=Scaling.LOG_VARIANCE,
    carried_by=lambda prices: prices.has_range,
    compute=lambda prices: np.log(yang_zhang(prices)),
)
