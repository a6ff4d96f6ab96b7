"""QLIKE: how far a forecast of variance is off, in a way that a noisy proxy does not mislead."""

import numpy as np

from lstmfin.engine.losses.mse import MeanSquared
from lstmfin.engine.params import Array

MOST_LOG_RATIO = 6.0
"""Beyond a variance e^6 = 403 times as large as forecast the loss goes on as a straight line, so
that one crash, which no network could have seen, does not throw away what it learned."""


class Qlike(MeanSquared):
    """QLIKE (Patton 2011, eq. 24): x - log x - 1, with x = y / f of the variances.

    The output is the logarithm of the forecast f, the target that of the realised variance y; its
    best constant forecast is the mean of the variance, not of its logarithm.
    """

    targets = frozenset({"volatility"})

    def value(self, outputs: Array, target: Array) -> Array:
        """Return the loss of each target."""
        log_ratio, near = self._log_ratio(outputs, target)
        return np.asarray(np.exp(near) * (1 + log_ratio - near) - log_ratio - 1)

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the derivative by the outputs."""
        return np.asarray(1 - np.exp(self._log_ratio(outputs, target)[1]))[None]

    @staticmethod
    def _log_ratio(outputs: Array, target: Array) -> tuple[Array, Array]:
        """Return log x, and the same with its upper bound."""
        log_ratio = np.asarray(target - np.asarray(outputs[0], np.float64))
        return log_ratio, np.minimum(log_ratio, MOST_LOG_RATIO)


LOSS = Qlike()
