"""The drift: what was earned on average is expected to go on."""

import numpy as np

from lstmfin.data.prices import Prices
from lstmfin.models.baselines._scaled import Floats, ScaledBaseline
from lstmfin.models.model import Indices


class Drift(ScaledBaseline):
    """The random walk with the mean log return of the training sessions as its drift."""

    drift = 0.0

    def learn(self, prices: Prices) -> None:
        """Learn the mean log return of a session."""
        self.drift = float(prices.log_returns()[1:].mean())

    def location(self, prices: Prices, origins: Indices) -> Floats:  # noqa: ARG002
        """Return the drift times the sessions ahead."""
        return np.asarray(self.drift * self._steps())


BASELINE = Drift
