"""Yesterday's return, and a little of it again today."""

import numpy as np

from lstmfin.data.prices import Prices
from lstmfin.models.baselines._scaled import Floats, ScaledBaseline
from lstmfin.models.model import Indices

MOST_MEMORY = 0.99
"""Returns that remember more than this would be prices."""


class Ar1(ScaledBaseline):
    r"""Autoregression of the daily log return (Box and Jenkins 1970), by least squares.

    .. math:: r_{t+1} = \mu + \varphi (r_t - \mu) + e_{t+1}

    so that the return to h sessions later is expected to be
    :math:`h\mu + (r_t - \mu)(\varphi + ... + \varphi^h)`.
    """

    mean, memory = 0.0, 0.0

    def learn(self, prices: Prices) -> None:
        """Learn μ and φ."""
        returns = prices.log_returns()[1:]
        before, after = returns[:-1], returns[1:]
        centred = before - before.mean()
        slope = float(centred @ after / max(centred @ centred, np.finfo(float).tiny))
        self.memory = float(np.clip(slope, -MOST_MEMORY, MOST_MEMORY))
        self.mean = float((after.mean() - self.memory * before.mean()) / (1 - self.memory))
        if self.memory != slope:
            self.warn(f"{prices.symbol}: the memory of ar1 is at its bound of {self.memory}")

    def location(self, prices: Prices, origins: Indices) -> Floats:
        """Return h μ, and what is left of the last return."""
        last = np.nan_to_num(prices.log_returns()[origins, None] - self.mean)
        left = np.cumsum(self.memory ** self._steps())
        return np.asarray(self.mean * self._steps() + last * left)


BASELINE = Ar1
