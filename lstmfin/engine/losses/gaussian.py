"""Negative log-likelihood of the normal law with location and scale."""

import numpy as np

from lstmfin.engine.loss import Law
from lstmfin.engine.losses._scale import log_scale_of, scale_of, within
from lstmfin.engine.params import Array

_HALF_LOG_2PI = 0.5 * np.log(2 * np.pi)


class Gaussian:
    """Negative log-likelihood of N(m, s²) (Nix & Weigend 1994, eq. 3).

    The two outputs of a target are m and log s. The loss is

    .. math:: log s + log(2π)/2 + ((y-m)/s)²/2
    """

    n_parameters = 2
    targets = frozenset({"returns", "volatility"})

    def value(self, outputs: Array, target: Array) -> Array:
        """Return the loss of each target."""
        m, s = self._parameters(outputs)
        return np.asarray(np.log(s) + _HALF_LOG_2PI + 0.5 * ((target - m) / s) ** 2)

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the derivative by the outputs."""
        m, s = self._parameters(outputs)
        e = (target - m) / s
        return np.stack([-e / s, (1 - e**2) * within(outputs[1])])

    def law(self, outputs: Array) -> Law:
        """Return location and scale, with infinite degrees of freedom."""
        m, s = self._parameters(outputs)
        return Law(m, s, np.full_like(s, np.inf))

    def outputs_for(self, location: Array, scale: Array, dof: Array) -> Array:
        """Return the outputs of the normal law with the mean and variance of a t law."""
        v = np.clip(dof, 2.05, 1e9)
        return np.stack([location, log_scale_of(np.asarray(scale) * np.sqrt(v / (v - 2)))])

    @staticmethod
    def _parameters(outputs: Array) -> tuple[Array, Array]:
        m, log_s = np.asarray(outputs, np.float64)
        return m, scale_of(log_s)


LOSS = Gaussian()
