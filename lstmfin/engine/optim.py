"""Adam with decoupled weight decay, clipping, and the course of the learning rate."""

import math
from collections.abc import Callable

import numpy as np

from lstmfin.engine.params import Array

WARM_UP = 0.05
"""Share of the run over which the cosine schedule rises to the peak."""


class Adam:
    """Adam (Kingma & Ba 2015, algorithm 1) with decoupled weight decay (Loshchilov & Hutter 2019).

    Parameters
    ----------
    weights : ndarray (P,)
        One flat vector; ``step`` changes it in place.
    decayed : ndarray (P,)
        1 for weights that decay, 0 for those that do not, such as biases.
    weight_decay : float
        Share of a weight that is taken off at each step, times the learning rate.
    """

    def __init__(
        self,
        weights: Array,
        *,
        decayed: Array,
        weight_decay: float,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        self.weights = weights
        self.decay = decayed * np.asarray(weight_decay, weights.dtype)
        self.betas = betas
        self.epsilon = epsilon
        self.n_steps = 0
        self.m = np.zeros_like(weights)
        self.v = np.zeros_like(weights)

    def step(self, gradient: Array, learning_rate: float) -> None:
        """Take one step down the gradient (P,)."""
        self.n_steps += 1
        beta_1, beta_2 = self.betas
        self.m += (1 - beta_1) * (gradient - self.m)
        self.v += (1 - beta_2) * (gradient**2 - self.v)
        bias_1 = 1 - beta_1**self.n_steps
        bias_2 = 1 - beta_2**self.n_steps
        self.weights -= learning_rate * self.decay * self.weights
        self.weights -= (
            (learning_rate / bias_1) * self.m / (np.sqrt(self.v / bias_2) + self.epsilon)
        )


def clip_by_norm(gradient: Array, limit: float) -> float:
    """Shrink a gradient in place so that its norm is at most ``limit``; return the norm it had.

    Pascanu, Mikolov & Bengio (2013), algorithm 1.
    """
    norm = math.sqrt(float(gradient @ gradient))
    if norm > limit:
        gradient *= limit / norm
    return norm


def constant(progress: float) -> float:  # noqa: ARG001 - a schedule takes the progress
    """Return 1: the rate stays at its peak."""
    return 1.0


def cosine(progress: float) -> float:
    """Return the share of the peak rate: a linear rise, then half a cosine down to 0.

    Loshchilov & Hutter (2017), eq. 5, without restarts. ``progress`` runs from 0 to 1.
    """
    if progress < WARM_UP:
        return progress / WARM_UP
    return 0.5 + 0.5 * math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))


SCHEDULES: dict[str, Callable[[float], float]] = {"constant": constant, "cosine": cosine}
