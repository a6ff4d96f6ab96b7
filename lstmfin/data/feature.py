"""What a feature is: a causal column of numbers, and how a window of it is scaled."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from lstmfin.data.prices import Prices

Floats = NDArray[np.float64]


class Scaling(Enum):
    """What is done to a window of a feature, by what is known at its end."""

    VOLATILITY = "divided by the daily volatility at the origin"
    CENTRED = "minus its value at the origin"
    LOG_VARIANCE = "minus the log of the daily variance at the origin"
    NONE = "as it is"


@dataclass(frozen=True)
class Feature:
    """One input of the network.

    Parameters
    ----------
    help : str
        What it is, in a line.
    scaling : Scaling
        How its windows are scaled.
    carried_by : callable
        Whether prices have the columns it needs.
    compute : callable
        Prices to float64 (n,). The value at t uses bars up to t and no other; NaN at the start,
        where there are too few.
    of_panel : bool
        Whether it is of the other series of a panel, ``prices.panel``.
    """

    help: str
    scaling: Scaling
    carried_by: Callable[[Prices], bool]
    compute: Callable[[Prices], Floats]
    of_panel: bool = False


def always(_: Prices) -> bool:
    """Whether prices have a close; all do."""
    return True
