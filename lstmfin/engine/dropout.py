"""What is left out at random while a network is trained.

Shapes: T steps, B batch, D inputs, H hidden units; ``...`` is an axis of models, or nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstmfin.engine.params import Array, Shape

Rngs = np.random.Generator | Sequence[np.random.Generator]
"""One random stream, or one for each of the models side by side."""


@dataclass(frozen=True)
class Dropout:
    """Shares that are dropped; what stays is scaled up, so that prediction needs no change.

    Attributes
    ----------
    inputs : float
        Share of the inputs of each layer, and of the head (Srivastava et al. 2014).
    recurrent : float
        Share of what a layer feeds back to itself, the same at each step of a window (Gal &
        Ghahramani 2016).
    one_mask : bool
        Whether inputs too are dropped alike at each step of a window, as Gal & Ghahramani do.
    """

    inputs: float = 0.0
    recurrent: float = 0.0
    one_mask: bool = False

    def mask(self, x: Array, rngs: Rngs | None) -> Array | None:
        """Return the factor of inputs (T, ..., D, B), or of what the head reads (..., H, B)."""
        if rngs is None or not self.inputs:
            return None
        shape = (1, *x.shape[1:]) if self.one_mask and x.ndim > _lead_axes(rngs) + 2 else x.shape
        return _kept(rngs, shape, self.inputs, x.dtype)

    def recurrent_mask(self, shape: Shape, rngs: Rngs | None, dtype: Any) -> Array | None:
        """Return the factor (..., R, B) of what is fed back."""
        if rngs is None or not self.recurrent:
            return None
        return _kept(rngs, shape, self.recurrent, dtype)


def zoneout(
    shares: Sequence[tuple[str, float]], shape: Shape, rngs: Rngs | None, dtype: Any
) -> dict[str, Any]:
    """Return what part of each state stays: 0 or 1 (T, ..., H, B) in training, else the share."""
    if rngs is None:
        return {name: share for name, share in shares if share}
    return {name: (_uniform(rngs, shape) < share).astype(dtype) for name, share in shares if share}


def _kept(rngs: Rngs, shape: Shape, share: float, dtype: Any) -> Array:
    keep: Array = (_uniform(rngs, shape) >= share).astype(dtype)
    keep /= 1 - share
    return keep


def _uniform(rngs: Rngs, shape: Shape) -> Array:
    """Return uniform draws; those of each model are as they would be alone."""
    if isinstance(rngs, np.random.Generator):
        return rngs.random(shape, dtype=np.float32)
    axis = len(shape) - 3  # of the models, before rows and columns
    alone = (*shape[:axis], *shape[axis + 1 :])
    return np.stack([rng.random(alone, dtype=np.float32) for rng in rngs], axis=axis)


def _lead_axes(rngs: Rngs) -> int:
    return 0 if isinstance(rngs, np.random.Generator) else 1
