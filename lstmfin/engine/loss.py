"""What a loss is: a number to make small, its gradient, and the law it trains.

Shapes: P parameters of the law, H horizons, B batch. A network's outputs (P H, B) are seen as
(P, H, B), the targets are (H, B).
"""

from typing import NamedTuple, Protocol

from lstmfin.engine.params import Array


class Law(NamedTuple):
    """Location, scale and degrees of freedom, each (H, B); scale None where the loss has none."""

    location: Array
    scale: Array | None
    dof: Array | None


class Loss(Protocol):
    """A loss of the outputs of a network against targets."""

    n_parameters: int

    def value(self, outputs: Array, target: Array) -> Array:
        """Return the loss of each target, (H, B), of outputs (P, H, B)."""

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the derivative (P, H, B) of each target's loss by its outputs."""

    def law(self, outputs: Array) -> Law:
        """Return the predictive law that outputs (P, H, B) stand for."""

    def outputs_for(self, location: Array, scale: Array, dof: Array) -> Array:
        """Return outputs (P, H) that stand for a law, each parameter (H,)."""
