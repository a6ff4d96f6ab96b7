"""What a loss is: a number to make small, its gradient, and the law it trains.

Shapes: P parameters of the law, H horizons, B batch, Q levels. A network's outputs (P H, B) are
seen as (P, H, B), the targets are (H, B).
"""

from typing import Any, NamedTuple, Protocol

from lstmfin.engine.params import Array


class Law(NamedTuple):
    """What outputs stand for: a location, and the spread where the loss trains one.

    Attributes
    ----------
    location : ndarray (H, B)
        Centre of the law; of a direction, the chance of a rise.
    scale, dof : ndarray (H, B), or None
        Scale and degrees of freedom, infinite of a normal law.
    quantiles : ndarray (H, B, Q), or None
        Rising quantiles, of a loss that trains them in place of a scale.
    """

    location: Array
    scale: Array | None = None
    dof: Array | None = None
    quantiles: Array | None = None

    def of(self, origins: Any) -> "Law":
        """Return what was said at some origins, of parameters (N, H) and quantiles (Q, N, H)."""
        return Law(
            *(None if one is None else one[..., origins, :] for one in self)  # type: ignore[arg-type]
        )

    @property
    def has_spread(self) -> bool:
        """Whether the loss trains more than a location."""
        return self.scale is not None or self.quantiles is not None


class Loss(Protocol):
    """A loss of the outputs of a network against targets.

    Attributes
    ----------
    n_parameters : int
        Outputs that a target takes, P; the first is the location.
    targets : frozenset of str
        Names of the targets that it fits: returns, volatility, direction.
    """

    n_parameters: int
    targets: frozenset[str]

    def value(self, outputs: Array, target: Array) -> Array:
        """Return the loss of each target, (H, B), of outputs (P, H, B)."""

    def gradient(self, outputs: Array, target: Array) -> Array:
        """Return the derivative (P, H, B) of each target's loss by its outputs."""

    def law(self, outputs: Array) -> Law:
        """Return the predictive law that outputs (P, H, B) stand for."""

    def outputs_for(self, location: Array, scale: Array, dof: Array) -> Array:
        """Return outputs (P, H) that stand for a law, each parameter (H,)."""
