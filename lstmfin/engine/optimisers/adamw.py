"""AdamW: Adam with weight decay that does not go through the gradient."""

import numpy as np

from lstmfin.engine.optimisers.adam import Adam
from lstmfin.engine.params import Array


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2).

    ::

        w = w - α λ w,   then the step of Adam

    Parameters
    ----------
    weight_decay : float
        Share of a weight that is taken off at each step, times the learning rate, λ.
    """

    def __init__(self, weights: Array, *, decayed: Array, weight_decay: float = 0.01) -> None:
        super().__init__(weights, decayed=decayed)
        self.decay = decayed * np.asarray(weight_decay, weights.dtype)

    def step(self, gradient: Array, learning_rate: float) -> None:
        """Take one step down the gradient (P,)."""
        self.weights -= learning_rate * self.decay * self.weights
        super().step(gradient, learning_rate)


OPTIMISER = AdamW
