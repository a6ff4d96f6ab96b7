"""What a network says, as a law of returns, whatever its loss and its target.

Shapes: N origins, H horizons, Q levels.
"""

import numpy as np
from numpy.typing import NDArray

from lstmfin.engine import loss as engine
from lstmfin.engine.losses.quantile import LEVELS
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.fit import fit_student_t
from lstmfin.metrics.law import Law
from lstmfin.metrics.quantiles import Quantiles

Floats = NDArray[np.float64]

Spread = tuple[Floats, Floats]
"""Scale and degrees of freedom of each horizon, (H,) and (H,)."""


def law_of_returns(said: engine.Law, *, unit: Floats, spread: Spread | None = None) -> Law:
    """Return the law (N, H) that a network trained on scaled returns stands for.

    Parameters
    ----------
    said : engine.Law
        Each parameter (N, H), in units of ``unit``; quantiles (Q, N, H).
    unit : ndarray (N, H)
        Of the targets, as log returns.
    spread : Spread, optional
        Of the errors, for a loss that trains a location alone.
    """
    if said.quantiles is not None:
        return Quantiles(np.moveaxis(said.quantiles, 0, -1) * unit[..., None], LEVELS)
    scale, dof = (said.scale, said.dof) if spread is None else spread
    assert scale is not None
    assert dof is not None
    return StudentT(said.location * unit, scale * unit, np.broadcast_to(dof, unit.shape))


def law_of_variance(variance: Floats, *, spread: Spread) -> StudentT:
    """Return the law (N, H) of returns without a direction, from forecasts of their variance.

    Parameters
    ----------
    variance : ndarray (N, H)
        Of the log return from the origin to 1..H sessions later.
    spread : Spread
        Of past returns divided by the root of the variance that was forecast (``fit_spread``).
    """
    unit = np.sqrt(variance)
    scale, dof = spread
    return StudentT(np.zeros(unit.shape), scale * unit, np.broadcast_to(dof, unit.shape))


def fit_spread(errors: NDArray[np.floating]) -> Spread:
    """Return scale and degrees of freedom of each column of (N, H), about zero; NaN is left out."""
    scale, dof = np.array([fit_student_t(column[np.isfinite(column)]) for column in errors.T]).T
    return scale, dof
