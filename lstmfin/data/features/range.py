"""Log of the session's high over its low: Parkinson (1980), *The extreme value method*."""

import numpy as np

from lstmfin.data.feature import Feature, Floats, Scaling
from lstmfin.data.prices import Prices
from lstmfin.errors import DataError


def compute(prices: Prices) -> Floats:
    """Return log(high / low), float64 (n,)."""
    high, low = prices.column("high"), prices.column("low")
    if (low <= 0).any():
        at = int(np.argmax(low <= 0))
        raise DataError(
            f"{prices.symbol}: the low of {prices.sessions[at]} is {low[at]:g}, and a range needs "
            "prices above zero; fetch a range without it (--start, --end)"
        )
    return np.log(high / low)


FEATURE = Feature(
    help="log of the session's high over its low",
    scaling=Scaling.VOLATILITY,
    carried_by=lambda prices: prices.has_range,
    compute=compute,
)
