"""The log of the realised variance of the next session, and of the next 2..H together."""

import numpy as np

from lstmfin.data.feature import Floats
from lstmfin.data.prices import Prices
from lstmfin.data.target import Quantity, Question, Target
from lstmfin.data.variance import mean_variance_ahead, realised_variance


def compute(prices: Prices, volatility: Floats, question: Question) -> Floats:
    """Return log((V[t+1] + .. + V[t+h]) / h) - log σ[t]², (n, H); V by the session's bar."""
    variance = realised_variance(prices, question.estimator)
    ahead = mean_variance_ahead(variance, question.horizon)
    return np.asarray(np.log(ahead) - 2 * np.log(volatility)[:, None])


TARGET = Target(
    help="mean daily variance of the next h sessions, by their bars",
    quantity=Quantity.LOG_VARIANCE,
    loss="qlike",
    features=(
        "log-return",
        "variance-day",
        "variance-week",
        "variance-month",
        "panel-day",
        "panel-week",
        "panel-month",
        "volatility-ratio",
    ),
    compute=compute,
)
