"""How near the end of the month is, by the calendar alone."""

import numpy as np

from lstmfin.data.feature import Feature, Floats, Scaling, always
from lstmfin.data.prices import Prices


def compute(prices: Prices) -> Floats:
    """Return 1 / (1 + weekdays left in the month), float64 (n,); holidays count as weekdays."""
    sessions = prices.sessions
    next_month = (sessions.astype("datetime64[M]") + 1).astype("datetime64[D]")
    left = np.busday_count(sessions + np.timedelta64(1, "D"), next_month)
    return np.asarray(1.0 / (1.0 + left))


FEATURE = Feature(
    help="1 on the last weekday of a month, 1/2 on the one before, 1/3 ...",
    scaling=Scaling.NONE,
    carried_by=always,
    compute=compute,
)
