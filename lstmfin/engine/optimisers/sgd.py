"""Stochastic gradient descent with Nesterov's momentum."""

from lstmfin.engine.optimiser import Optimiser
from lstmfin.engine.params import Array


class SGD(Optimiser):
    """Gradient descent with Nesterov's momentum (Sutskever, Martens, Dahl & Hinton 2013).

    ::

        u = μ u + g
        w = w - α (g + μ u)

    That is their eq. 3 and 4 with the weights taken at the point looked ahead to, so that the
    gradient is asked for once a step (Bengio, Boulanger-Lewandowski & Pascanu 2013, eq. 7).

    Parameters
    ----------
    momentum : float
        Share of the last velocity that is kept, μ; 0 is plain gradient descent.
    """

    vectors = ("velocity",)
    velocity: Array

    def __init__(self, weights: Array, *, decayed: Array, momentum: float = 0.9) -> None:
        super().__init__(weights, decayed=decayed)
        self.momentum = momentum

    def step(self, gradient: Array, learning_rate: float) -> None:
        """Take one step down the gradient (P,)."""
        self.n_steps += 1
        self.velocity *= self.momentum
        self.velocity += gradient
        self.weights -= learning_rate * (gradient + self.momentum * self.velocity)


OPTIMISER = SGD
