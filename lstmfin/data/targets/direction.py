"""Whether the price will be higher h sessions later."""

import numpy as np

from lstmfin.data.feature import Floats
from lstmfin.data.prices import Prices
from lstmfin.data.target import Quantity, Question, Target, cumulative_returns


def compute(prices: Prices, volatility: Floats, question: Question) -> Floats:  # noqa: ARG001
    """Return 1 for a rise and 0 for none, an unchanged price being none; (n, H)."""
    returns = cumulative_returns(prices, question.horizon)
    return np.where(np.isnan(returns), np.nan, (returns > 0).astype(np.float64))


TARGET = Target(
    help="whether the close will be higher h sessions later",
    quantity=Quantity.CHANCE,
    loss="bernoulli",
    features=("log-return", "range", "volatility", "volume"),
    compute=compute,
)
