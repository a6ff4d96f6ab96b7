"""Log of the trailing volatility."""

import numpy as np

from lstmfin.data.feature import Feature, Floats, Scaling, always
from lstmfin.data.prices import Prices
from lstmfin.data.volatility import price_volatility


def compute(prices: Prices) -> Floats:
    """Return log σ_t, float64 (n,)."""
    return np.log(price_volatility(prices))


FEATURE = Feature(
    help="log of the trailing volatility",
    scaling=Scaling.CENTRED,
    carried_by=always,
    compute=compute,
)
