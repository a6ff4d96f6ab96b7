"""RMSprop: each weight's step in units of its recent gradients."""

from typing import ClassVar

import numpy as np

from lstmfin.engine.optimiser import Optimiser
from lstmfin.engine.params import Array


class RMSprop(Optimiser):
    """RMSprop (Tieleman & Hinton 2012, lecture 6e; not centred, as in Graves 2013 without eq. 39).

    ::

        v = ρ v + (1 - ρ) g²
        w = w - α g / (√v + ε)
    """

    vectors = ("v",)
    v: Array
    rho: ClassVar[float] = 0.99
    epsilon: ClassVar[float] = 1e-8

    def step(self, gradient: Array, learning_rate: float) -> None:
        """Take one step down the gradient (P,)."""
        self.n_steps += 1
        self.v += (1 - self.rho) * (gradient**2 - self.v)
        self.weights -= learning_rate * gradient / (np.sqrt(self.v) + self.epsilon)


OPTIMISER = RMSprop
