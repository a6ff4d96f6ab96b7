"""Huber's loss: squared error near zero, absolute error far off."""

import numpy as np

from lstmfin.engine.losses.mse import MeanSquared
from lstmfin.engine.params import Array

DELTA = 1.345
"""Turning point in units of the target's scale: 95 % efficient for normal errors (Huber 1964)."""


class Huber(MeanSquared):
    """Huber (1964): e² / 2 where |e| ≤ δ, else δ (|e| - δ / 2), with e = m - y."""

    def value(self, outputs: Array, target: Array) -> Array:
        """Return the loss of each target."""
        size = np.abs(outputs[0] - target)
        near = np.minimum(size, DELTA)
        return np.asarray(near * (size - 0.5 * near))

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the derivative by the outputs."""
        return np.asarray(np.clip(outputs - target, -DELTA, DELTA))


LOSS = Huber()
