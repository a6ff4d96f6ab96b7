"""What keeps training in bounds: clipping, an L2 penalty, and averaged weights.

Shapes: P weights.
"""

import math

import numpy as np

from lstmfin.engine.params import Array


def clip_by_norm(gradient: Array, limit: float) -> float:
    """Shrink a gradient (P,) in place so that its norm is at most ``limit``; return that it had.

    Pascanu, Mikolov & Bengio (2013), algorithm 1. A limit of 0 leaves the gradient alone.
    """
    size = norm(gradient)
    if 0 < limit < size:
        gradient *= limit / size
    return size


def clip_by_value(gradient: Array, limit: float) -> None:
    """Bring each entry of a gradient (P,) into ``[-limit, limit]``, in place; 0 leaves them alone.

    Mikolov (2012), section 3.2.2. Unlike the norm it turns the gradient, away from its few large
    entries.
    """
    if limit:
        np.clip(gradient, -limit, limit, out=gradient)


def add_l2(gradient: Array, weights: Array, decayed: Array, strength: float) -> None:
    """Add the gradient of ``strength / 2`` times the sum of the squares of the decaying weights."""
    if strength:
        gradient += strength * decayed * weights


def signal_penalty(arrived: Array, passed_on: Array) -> tuple[Array, Array]:
    """Return the penalty on signals whose norm changes in a step, and the factor of its gradient.

    Pascanu, Mikolov & Bengio (2013), eq. 9, for the signal δ that arrives at the states after a
    step and the signal v = Jᵀδ that is passed on to those before::

        Ω = (|v| / |δ| - 1)²

    As there (eq. 10), its gradient is taken by U alone where it stands in J, all else held fast:
    where v = Uᵀ dz + ..., it is ``dz (factor · v)ᵀ``. Where a signal is 0 there is no penalty.

    Parameters
    ----------
    arrived, passed_on : ndarray (..., B)
        Squared norms |δ|² and |v|² over the states of each sample.

    Returns
    -------
    tuple of ndarray (..., B)
        Ω, and the factor 2 (|v| / |δ| - 1) / (|v| |δ|).
    """
    there = (arrived > 0) & (passed_on > 0)
    before = np.sqrt(np.where(there, arrived, 1.0), dtype=np.float64)
    after = np.sqrt(np.where(there, passed_on, 1.0), dtype=np.float64)
    excess = after / before - 1
    return excess**2, 2 * excess / (after * before)


def norm(gradient: Array) -> float:
    """Return the Euclidean norm of a gradient (P,)."""
    wide = gradient.astype(np.float64)  # the square of a large float32 is not finite
    return math.sqrt(float(wide @ wide))


class Average:
    """An exponential moving average of the weights (Polyak & Juditsky 1992; Adam's correction).

    ::

        a = a + (1 - δ) / (1 - δᵗ) (w - a)

    which is ``δ a + (1 - δ) w`` begun at 0 and divided by ``1 - δᵗ``: after one step it is the
    weights of that step, and the first weights have no part in it.

    Parameters
    ----------
    weights : ndarray (P,)
        For their number and type.
    decay : float
        Share of the average that is kept at a step, δ.
    """

    def __init__(self, weights: Array, decay: float) -> None:
        self.decay = decay
        self.values = np.zeros_like(weights)
        self.n_steps = 0

    def reset(self) -> None:
        """Forget what was."""
        self.values[:] = 0
        self.n_steps = 0

    def update(self, weights: Array) -> None:
        """Take in the weights (P,) after a step."""
        self.n_steps += 1
        self.values += (1 - self.decay) / (1 - self.decay**self.n_steps) * (weights - self.values)
