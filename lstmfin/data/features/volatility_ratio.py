"""How far volatility is from what it has been for long."""

import numpy as np
import pandas as pd

from lstmfin.data.feature import Feature, Floats, Scaling, always
from lstmfin.data.prices import Prices
from lstmfin.data.volatility import price_volatility

LONG_SPAN = 250
"""Sessions that the long mean weighs: a year."""


def compute(prices: Prices) -> Floats:
    """Return log σ_t minus the log of its exponential mean over a year, float64 (n,)."""
    volatility = price_volatility(prices)
    usual = pd.Series(volatility).ewm(span=LONG_SPAN, ignore_na=True).mean()
    return np.asarray(np.log(volatility / usual.to_numpy(dtype=np.float64)))


FEATURE = Feature(
    help="log of the trailing volatility over its mean of about a year",
    scaling=Scaling.NONE,
    carried_by=always,
    compute=compute,
)
