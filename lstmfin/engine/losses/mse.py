"""Squared error."""

import numpy as np

from lstmfin.engine.loss import Law
from lstmfin.engine.params import Array


class MeanSquared:
    """Half the squared error, (m - y)² / 2: its best constant forecast is the mean."""

    n_parameters = 1
    targets = frozenset({"returns", "volatility"})

    def value(self, outputs: Array, target: Array) -> Array:
        """Return the loss of each target."""
        return np.asarray(0.5 * (outputs[0] - target) ** 2)

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the derivative by the outputs."""
        return np.asarray(outputs - target)

    def law(self, outputs: Array) -> Law:
        """Return the location; its scale is that of the errors made on the validation block."""
        return Law(outputs[0])

    def outputs_for(self, location: Array, scale: Array, dof: Array) -> Array:  # noqa: ARG002
        """Return the location as an output."""
        return np.asarray(location)[None]


LOSS = MeanSquared()
