"""Adam: momentum, and each weight's step in units of its recent gradients."""

from typing import ClassVar

import numpy as np

from lstmfin.engine.optimiser import Optimiser
from lstmfin.engine.params import Array


class Adam(Optimiser):
    """Adam (Kingma & Ba 2015, algorithm 1).

    ::

        m = β₁ m + (1 - β₁) g
        v = β₂ v + (1 - β₂) g²
        w = w - α m̂ / (√v̂ + ε),   m̂ = m / (1 - β₁ᵗ),   v̂ = v / (1 - β₂ᵗ)

    The L2 penalty of training goes through the gradient and so through ``m`` and ``v``: weights
    whose gradients are large are shrunk less. Where that is not wanted, take AdamW.
    """

    vectors = ("m", "v")
    m: Array
    v: Array
    betas: ClassVar[tuple[float, float]] = (0.9, 0.999)
    epsilon: ClassVar[float] = 1e-8

    def step(self, gradient: Array, learning_rate: float) -> None:
        """Take one step down the gradient (P,)."""
        self.n_steps += 1
        beta_1, beta_2 = self.betas
        self.m += (1 - beta_1) * (gradient - self.m)
        self.v += (1 - beta_2) * (gradient**2 - self.v)
        bias_1 = 1 - beta_1**self.n_steps
        bias_2 = 1 - beta_2**self.n_steps
        self.weights -= (
            (learning_rate / bias_1) * self.m / (np.sqrt(self.v / bias_2) + self.epsilon)
        )


OPTIMISER = Adam
