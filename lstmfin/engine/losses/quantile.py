"""Pinball loss over a grid of levels; the quantiles cannot cross."""

import numpy as np

from lstmfin.engine.loss import Law
from lstmfin.engine.losses._student import student_quantiles
from lstmfin.engine.params import Array

LEVELS = np.array(
    [0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.975, 0.99]
)  # fmt: skip
"""Levels of the quantiles, dense where ranges are read off; the middle one is the median."""

LEAST_STEP = 1e-4
"""From one quantile to the next, in the target's unit: two that fall together have no density."""

_HALF = len(LEVELS) // 2
_WEIGHTS = np.diff(np.concatenate([[0.0], (LEVELS[1:] + LEVELS[:-1]) / 2, [1.0]]))
"""Share of the unit interval that each level speaks for."""


class Quantiles:
    """Twice the pinball loss, averaged over levels: CRPS on a grid (Gneiting & Ranjan 2011, eq. 6).

    Outputs of a target are its median q₀, then the steps up from it, then the steps down. With
    s(u) = log(1 + e^u) + 0.0001,

    .. math:: q_{±j} = q_0 ± s(u_{±1}) ± ... ± s(u_{±j})

    so that quantiles rise with their levels whatever the network says. The pinball loss of a level
    τ is (y - q)(τ - [y < q]) (Koenker & Bassett 1978).
    """

    n_parameters = len(LEVELS)
    targets = frozenset({"returns", "volatility"})

    def value(self, outputs: Array, target: Array) -> Array:
        """Return the loss of each target."""
        error = target - self._quantiles(outputs)
        pinball = np.maximum(_levels(error) * error, (_levels(error) - 1) * error)
        return np.asarray(2 * np.tensordot(_WEIGHTS, pinball, axes=1))

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the derivative by the outputs."""
        q = self._quantiles(outputs)
        dq = ((target < q) - _levels(q)) * (2 * _levels(q, _WEIGHTS))
        up = np.cumsum(dq[:_HALF:-1], axis=0)[::-1]
        down = -np.cumsum(dq[:_HALF], axis=0)[::-1]
        slope = 0.5 + 0.5 * np.tanh(np.asarray(outputs[1:], np.float64) / 2)
        return np.concatenate([dq.sum(axis=0)[None], np.concatenate([up, down]) * slope])

    def law(self, outputs: Array) -> Law:
        """Return the median and all quantiles."""
        q = self._quantiles(outputs)
        return Law(q[_HALF], quantiles=np.moveaxis(q, 0, -1))

    def outputs_for(self, location: Array, scale: Array, dof: Array) -> Array:
        """Return the outputs that stand for the quantiles of a t law."""
        unit = np.array([student_quantiles(LEVELS, float(v)) for v in np.asarray(dof)]).T
        steps = np.diff(unit * np.asarray(scale), axis=0)
        excess = np.maximum(np.concatenate([steps[_HALF:], steps[:_HALF][::-1]]) - LEAST_STEP, 1e-8)
        return np.concatenate(
            [np.asarray(location)[None], excess + np.log(-np.expm1(-excess))]  # softplus undone
        )

    @staticmethod
    def _quantiles(outputs: Array) -> Array:
        """Return the quantiles (Q, H, B) from the lowest level to the highest."""
        median, *steps = np.asarray(outputs, np.float64)
        step = np.logaddexp(0.0, np.array(steps)) + LEAST_STEP
        up, down = np.cumsum(step[:_HALF], axis=0), np.cumsum(step[_HALF:], axis=0)
        return np.concatenate([median - down[::-1], median[None], median + up])


def _levels(like: Array, values: Array = LEVELS) -> Array:
    """Return one value a level, in a shape that goes with quantiles (Q, ...)."""
    return values.reshape(-1, *[1] * (like.ndim - 1))


LOSS = Quantiles()
