"""What features over several sessions share."""

import numpy as np
import pandas as pd

from lstmfin.data.feature import Feature, Floats, Scaling, always
from lstmfin.data.prices import Prices
from lstmfin.data.variance import lagged_log_variance, realised_variance


def lagged_return(n_sessions: int) -> Feature:
    """Return the feature of the log return over some sessions, by the root of their number."""

    def compute(prices: Prices) -> Floats:
        returns = pd.Series(prices.log_returns()).rolling(n_sessions, min_periods=1)
        return np.asarray(returns.sum().to_numpy(dtype=np.float64) / np.sqrt(n_sessions))

    return Feature(
        help=f"log return over {n_sessions} sessions, by the root of their number",
        scaling=Scaling.VOLATILITY,
        carried_by=always,
        compute=compute,
    )


def lagged_variance(n_sessions: int) -> Feature:
    """Return the feature of the log variance of some sessions together: Corsi (2009), eq. 8."""
    return Feature(
        help=f"log variance of {n_sessions} sessions, by range where there is one",
        scaling=Scaling.LOG_VARIANCE,
        carried_by=always,
        compute=lambda prices: lagged_log_variance(prices, n_sessions),
    )


def log_estimator(name: str) -> Feature:
    """Return the feature of the log variance of the session by one estimator of its range."""
    return Feature(
        help=f"log variance of the session by {name}",
        scaling=Scaling.LOG_VARIANCE,
        carried_by=lambda prices: prices.has_range,
        compute=lambda prices: np.log(realised_variance(prices, name)),
    )
