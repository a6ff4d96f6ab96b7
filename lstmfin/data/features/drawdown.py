"""How far the price is below its highest so far."""

import numpy as np

from lstmfin.data.feature import Feature, Floats, Scaling, always
from lstmfin.data.prices import Prices

YEAR = 250
"""Sessions: in units of a year's volatility, no fall is a number that a network chokes on."""


def compute(prices: Prices) -> Floats:
    """Return log(price / highest so far) by the root of a year's sessions, float64 (n,)."""
    level = np.nancumsum(prices.log_returns())
    return np.asarray((level - np.maximum.accumulate(level)) / np.sqrt(YEAR))


FEATURE = Feature(
    help="log of the price over its highest so far, by the root of a year's sessions",
    scaling=Scaling.VOLATILITY,
    carried_by=always,
    compute=compute,
)
