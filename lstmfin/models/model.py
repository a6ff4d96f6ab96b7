"""What a model is, be it a network or a baseline: fitted on prices, it says a law of returns.

Shapes: N origins, H horizons. An origin is the position, in the prices, of the last bar that is
known when a forecast is made.
"""

from collections.abc import Callable
from typing import Protocol
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from lstmfin.data.prices import Prices
from lstmfin.metrics.law import Law

Indices = NDArray[np.intp]


class Model(Protocol):
    """A model of one series."""

    @property
    def horizon(self) -> int:
        """Sessions ahead that are forecast, H."""

    def fit(self, prices: Prices, *, tick: Callable[[], None] = ...) -> None:
        """Learn from prices, all of which are known."""

    def predict(self, prices: Prices, origins: Indices) -> Law:
        """Return the law (N, H) of the log return from each origin to 1..H sessions later.

        A forecast made at an origin depends on prices up to that origin alone.
        """


def stream(seed: int, *names: str) -> np.random.Generator:
    """Return the random stream of a seed and names; the order of other streams does not matter.

    Examples
    --------
    >>> a, b = stream(7, "AAPL", "fold 2"), stream(7, "AAPL", "fold 2")
    >>> a.random() == b.random()
    True
    """
    return np.random.default_rng([seed, *(crc32(name.encode()) for name in names)])
