"""Negative log-likelihood of Student's t with location, scale and degrees of freedom."""

import numpy as np

from lstmfin.engine._special import digamma, log_gamma
from lstmfin.engine.loss import Law
from lstmfin.engine.losses._scale import log_scale_of, scale_of, within
from lstmfin.engine.params import Array

LEAST_DOF = 2.05
"""Just above 2, so that the variance is finite."""

MOST_DOF = 200.0
"""Beyond this the law is a normal one for all that data can tell."""


class StudentT:
    """Negative log-likelihood of Student's t (Lange, Little & Taylor 1989, eq. 1).

    The three outputs of a target are the location m, the logarithm of the scale s, and u with
    degrees of freedom ν = 2.05 + (200 - 2.05) σ(u). The loss is

    .. math:: log s + log B(ν/2, 1/2) + log(ν)/2 + (ν+1)/2 · log(1 + ((y-m)/s)²/ν)
    """

    n_parameters = 3
    targets = frozenset({"returns", "volatility"})

    def value(self, outputs: Array, target: Array) -> Array:
        """Return the loss of each target."""
        m, s, v = self._parameters(outputs)
        q = ((target - m) / s) ** 2
        normaliser = log_gamma(v / 2) - log_gamma((v + 1) / 2) + 0.5 * np.log(np.pi * v)
        return np.asarray(np.log(s) + normaliser + (v + 1) / 2 * np.log1p(q / v))

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the derivative by the outputs."""
        m, s, v = self._parameters(outputs)
        e = (target - m) / s
        q = e**2
        weight = (v + 1) / (v + q)
        dv = 0.5 * (
            digamma(v / 2) - digamma((v + 1) / 2) + 1 / v + np.log1p(q / v) - weight * q / v
        )
        dlog_s = (1 - weight * q) * within(outputs[1])
        du = dv * (v - LEAST_DOF) * (MOST_DOF - v) / (MOST_DOF - LEAST_DOF)
        return np.stack([-weight * e / s, dlog_s, du])

    def law(self, outputs: Array) -> Law:
        """Return location, scale and degrees of freedom."""
        return Law(*self._parameters(outputs))

    def outputs_for(self, location: Array, scale: Array, dof: Array) -> Array:
        """Return the outputs that stand for a law."""
        margin = 1e-6 * (MOST_DOF - LEAST_DOF)
        v = np.clip(dof, LEAST_DOF + margin, MOST_DOF - margin)
        return np.stack([location, log_scale_of(scale), np.log((v - LEAST_DOF) / (MOST_DOF - v))])

    @staticmethod
    def _parameters(outputs: Array) -> tuple[Array, Array, Array]:
        m, log_s, u = np.asarray(outputs, np.float64)
        return m, scale_of(log_s), LEAST_DOF + (MOST_DOF - LEAST_DOF) * (0.5 + 0.5 * np.tanh(u / 2))


LOSS = StudentT()
