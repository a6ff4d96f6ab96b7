"""Cross-entropy of a direction."""

import numpy as np

from lstmfin.engine.loss import Law
from lstmfin.engine.losses._student import student_cdf
from lstmfin.engine.params import Array

LEAST_CHANCE = 1e-6
"""A network may start no surer of a direction than this, or it would not learn another."""


class Bernoulli:
    """Negative log-likelihood of a rise, y = 1, or none, y = 0 (Good 1952), of the log-odds a.

    .. math:: log(1 + e^a) - y a
    """

    n_parameters = 1
    targets = frozenset({"direction"})

    def value(self, outputs: Array, target: Array) -> Array:
        """Return the loss of each target."""
        a = np.asarray(outputs[0], np.float64)
        return np.asarray(np.logaddexp(0.0, a) - target * a)

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the derivative by the outputs."""
        return np.asarray(_chance(outputs) - target)

    def law(self, outputs: Array) -> Law:
        """Return the chance of a rise as the location."""
        return Law(_chance(outputs)[0])

    def outputs_for(self, location: Array, scale: Array, dof: Array) -> Array:
        """Return the log-odds that a return of a t law is above zero."""
        ratios = np.asarray(location) / np.asarray(scale)
        chance = [student_cdf(x, v) for x, v in zip(ratios, np.asarray(dof), strict=True)]
        p = np.clip(np.array(chance), LEAST_CHANCE, 1 - LEAST_CHANCE)
        return np.asarray(np.log(p / (1 - p)))[None]


def _chance(outputs: Array) -> Array:
    return np.asarray(0.5 + 0.5 * np.tanh(np.asarray(outputs, np.float64) / 2))


LOSS = Bernoulli()
