"""Log of the volume over what is usual of late."""

import numpy as np
import pandas as pd

from lstmfin.data.feature import Feature, Floats, Scaling
from lstmfin.data.prices import Prices

USUAL_SESSIONS = 60
"""Sessions of which the median is what is usual: a quarter."""

LEAST = 0.01
"""Share of the usual volume below which all is alike; a volume of zero has no logarithm."""


def compute(prices: Prices) -> Floats:
    """Return log(volume / trailing median), float64 (n,); 0 as long as there was no volume."""
    volume = pd.Series(np.nan_to_num(prices.column("volume")))
    usual = volume.where(volume > 0).rolling(USUAL_SESSIONS, min_periods=1).median()
    share = (volume / usual).to_numpy(dtype=np.float64)
    return np.log(np.maximum(np.where(np.isnan(share), 1.0, share), LEAST))


FEATURE = Feature(
    help="log of the volume over its trailing median",
    scaling=Scaling.NONE,
    carried_by=lambda prices: prices.has_volume,
    compute=compute,
)
