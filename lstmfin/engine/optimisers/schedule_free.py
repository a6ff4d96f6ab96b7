"""Schedule-free AdamW: the decay of the rate replaced by an average of the weights."""

from typing import ClassVar

import numpy as np

from lstmfin.engine.optimiser import Optimiser
from lstmfin.engine.params import Array


class ScheduleFree(Optimiser):
    """Schedule-free AdamW (Defazio et al. 2024, arXiv:2405.15682, algorithm 1).

    ::

        y = (1 - β₁) z + β₁ x                      gradients are taken here
        v = β₂ v + (1 - β₂) g(y)²
        z = z - α g(y) / (√v̂ + ε) - α λ y,   v̂ = v / (1 - β₂ᵗ)
        x = (1 - c) x + c z,   c = α² / Σ α²       predictions are made here

    It is here because training ends early. A cosine comes down over a run whose length must be
    known before it begins, and a run that patience ends never sees the low rates it counted on;
    this one may be stopped after any step, and ``x`` is then what a rate that came down would give.
    That shows where gradients are noisy; on daily prices, with their best epoch kept, it is level
    with AdamW. It goes with ``--schedule constant``; others weigh the average by the rate squared.

    Parameters
    ----------
    weight_decay : float
        Share of a weight that is taken off at each step, times the learning rate, λ.
    """

    vectors = ("x", "z", "v")
    numbers = ("n_steps", "sum_squares")
    x: Array
    z: Array
    v: Array
    sum_squares: float
    betas: ClassVar[tuple[float, float]] = (0.9, 0.999)
    epsilon: ClassVar[float] = 1e-8

    def __init__(self, weights: Array, *, decayed: Array, weight_decay: float = 0.01) -> None:
        super().__init__(weights, decayed=decayed)
        self.decay = decayed * np.asarray(weight_decay, weights.dtype)

    def step(self, gradient: Array, learning_rate: float) -> None:
        """Take one step down the gradient (P,)."""
        y = self.weights
        if self.n_steps == 0:
            self.x[:] = self.z[:] = y
        self.n_steps += 1
        self.sum_squares += learning_rate**2
        beta_1, beta_2 = self.betas
        self.v += (1 - beta_2) * (gradient**2 - self.v)
        bias = 1 - beta_2**self.n_steps
        self.z -= learning_rate * (gradient / (np.sqrt(self.v / bias) + self.epsilon))
        self.z -= learning_rate * self.decay * y
        if learning_rate > 0:  # a warm-up begins at a rate of 0, and such a step weighs nothing
            self.x += (learning_rate**2 / self.sum_squares) * (self.z - self.x)
        y[:] = self.z + beta_1 * (self.x - self.z)

    def answer(self) -> Array:
        """Return the average ``x``; before the first step, the weights as they are."""
        return self.x if self.n_steps else self.weights


OPTIMISER = ScheduleFree
