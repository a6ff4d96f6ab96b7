"""Student's t by NumPy alone, to five digits: for the outputs that a network starts from."""

import numpy as np

from lstmfin.engine.params import Array

_GRID = np.sinh(np.linspace(-20.0, 20.0, 40_001))
"""Dense about the centre, and out to where even two degrees of freedom leave nothing."""


def _distribution(dof: float) -> Array:
    """Return the distribution function on the grid, by the trapezoid rule."""
    v = min(max(dof, 1.0), 1e6)
    density = np.exp(-(v + 1) / 2 * np.log1p(_GRID**2 / v))
    steps = np.diff(_GRID) * (density[1:] + density[:-1])
    total = np.concatenate([[0.0], np.cumsum(steps)])
    return np.asarray(total / total[-1])


def student_quantiles(levels: Array, dof: float) -> Array:
    """Return the quantiles of T with so many degrees of freedom, infinite ones included."""
    return np.interp(levels, _distribution(dof), _GRID)


def student_cdf(x: float, dof: float) -> float:
    """Return the probability that T is at or below x."""
    return float(np.interp(x, _GRID, _distribution(dof)))
