"""The path of log returns over the next 1..H sessions, all of it at once."""

from lstmfin.data.feature import Floats
from lstmfin.data.prices import Prices
from lstmfin.data.target import (
    Quantity,
    Question,
    Target,
    cumulative_returns,
    unit_of_returns,
)


def compute(prices: Prices, volatility: Floats, question: Question) -> Floats:
    """Return log(P[t+h] / P[t]) / (σ[t] √h), (n, H)."""
    horizon = question.horizon
    return cumulative_returns(prices, horizon) / unit_of_returns(volatility, horizon)


TARGET = Target(
    help="log returns to each of the next H closes",
    quantity=Quantity.RETURN,
    loss="student-t",
    features=("log-return", "range", "volatility", "volume"),
    compute=compute,
)
