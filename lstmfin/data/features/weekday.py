"""Day of the week: from Monday, -1, to Friday, 1."""

import numpy as np

from lstmfin.data.feature import Feature, Floats, Scaling, always
from lstmfin.data.prices import Prices


def compute(prices: Prices) -> Floats:
    """Return (weekday - Wednesday) / 2, float64 (n,); a Sunday is 2."""
    days = prices.sessions.astype(np.int64) + 3  # 1970-01-01 was a Thursday
    return np.asarray((days % 7 - 2) / 2.0)


FEATURE = Feature(
    help="day of the week, Monday -1 to Friday 1",
    scaling=Scaling.NONE,
    carried_by=always,
    compute=compute,
)
