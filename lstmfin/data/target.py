"""What a target is: the question that a network is asked at each origin.

n sessions, H horizons.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lstmfin.data.feature import Floats
from lstmfin.data.prices import Prices


class Quantity(Enum):
    """What an answer is a number of, and so how it is turned back."""

    RETURN = "log return in units of the daily volatility times the root of the horizon"
    LOG_VARIANCE = "log of the mean daily variance over the daily variance at the origin"
    CHANCE = "chance of a rise"


@dataclass(frozen=True)
class Question:
    """What is asked of a series.

    Parameters
    ----------
    horizon : int
        Sessions ahead, H.
    estimator : str
        How a session's variance is read off its bar; see ``realised_variance``.
    """

    horizon: int
    estimator: str = "auto"


@dataclass(frozen=True)
class Target:
    """One kind of question.

    Parameters
    ----------
    help : str
        What it is, in a line.
    quantity : Quantity
        What the answers are numbers of.
    loss : str
        Loss that trains it if none is chosen.
    features : tuple of str
        Inputs if none are chosen, as far as the series carries them.
    compute : callable
        Prices, their trailing volatility (n,) and the question to answers, float64 (n, H): at t
        they are of the sessions t + 1 .. t + h, in units known at t; NaN where not known yet.
    """

    help: str
    quantity: Quantity
    loss: str
    features: tuple[str, ...]
    compute: Callable[[Prices, Floats, Question], Floats]


def cumulative_returns(prices: Prices, horizon: int) -> Floats:
    """Return log returns from each session to h = 1..H later, (n, H); NaN where unknown."""
    level = np.full(len(prices) + horizon, np.nan)
    level[: len(prices)] = np.nancumsum(prices.log_returns())
    ahead = sliding_window_view(level[1:], horizon)  # (n, H)
    return np.asarray(ahead - level[: len(prices), None])


def unit_of_returns(volatility: Floats, horizon: int) -> Floats:
    """Return σ √h for h = 1..H, (n, H): what a return is measured in."""
    return np.asarray(volatility[:, None] * np.sqrt(np.arange(1, horizon + 1)))
