"""Is a gradient the gradient? Central differences, for anyone to run on their own machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lstmfin.engine.params import Array

STEP = 1e-5
"""Best compromise between rounding and curvature in float64: relative errors near 1e-9."""

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Check:
    """One array's gradient along one random direction."""

    name: str
    analytic: float
    numeric: float
    noise: float = 0.0
    """What rounding of the scalar itself may do to the numeric value."""

    @property
    def error(self) -> float:
        """Difference beyond the noise, relative to the larger of the two (absolute below 1e-4)."""
        size = max(abs(self.analytic), abs(self.numeric), 1e-4)
        return max(abs(self.analytic - self.numeric) - self.noise, 0.0) / size


def check_gradients(
    function: Callable[[], float],
    arrays: Mapping[str, Array],
    gradients: Mapping[str, Array],
    *,
    rng: np.random.Generator,
    n_directions: int = 3,
    masks: Mapping[str, Array] | None = None,
) -> list[Check]:
    """Compare gradients with central differences along random directions.

    Parameters
    ----------
    function : callable
        Returns the scalar; it reads ``arrays``, which are changed in place and put back.
    arrays, gradients : mapping of str to ndarray
        The float64 arrays, and the gradient of the scalar by each.
    n_directions : int
        Random directions for each array. A wrong gradient escapes one with probability zero.
    masks : mapping of str to ndarray, optional
        1 where an array may move and 0 where it may not.

    Returns
    -------
    list of Check
        Name, analytic and numeric derivative, one for each array and direction.
    """
    checks = []
    for name, array in arrays.items():
        kept = array.copy()
        for _ in range(n_directions):
            direction = rng.standard_normal(array.shape)
            if masks and name in masks:
                direction *= masks[name]
            direction /= np.linalg.norm(direction)
            array[...] = kept + STEP * direction
            above = function()
            array[...] = kept - STEP * direction
            below = function()
            array[...] = kept
            analytic = float(np.sum(gradients[name] * direction))
            noise = 4 * EPSILON * max(abs(above), abs(below)) / STEP
            checks.append(Check(name, analytic, (above - below) / (2 * STEP), noise))
    return checks
