"""What features over several sessions share."""

import numpy as np
import pandas as pd

from lstmfin.data.feature import Feature, Floats, Scaling, always
from lstmfin.data.prices import Prices
from lstmfin.data.variance import realised_variance


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


def mean_variance(n_sessions: int) -> Feature:
    """Return the feature of the log of the mean variance of some sessions: Corsi (2009), eq. 5."""

    def compute(prices: Prices) -> Floats:
        variance = pd.Series(realised_variance(prices)).rolling(n_sessions, min_periods=1)
        return np.asarray(np.log(variance.mean().to_numpy(dtype=np.float64)))

    return Feature(
        help=f"log of the mean variance of {n_sessions} sessions, by range where there is one",
        scaling=Scaling.LOG_VARIANCE,
        carried_by=always,
        compute=compute,
    )


def log_estimator(name: str) -> Feature:
    """Return the feature of the log variance of the session by one estimator of its range."""
    return Feature(
        help=f"log variance of the session by {name}",
        scaling=Scaling.LOG_VARIANCE,
        carried_by=lambda prices: prices.has_range,
        compute=lambda prices: np.log(realised_variance(prices, name)),
    )
