"""The linear part of a forecast, which a network is trained to add to.

Shapes: N windows, D inputs, H horizons.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmfin.engine.loss import Law as Answer

Floats = NDArray[np.float64]

PENALTY = 1.0
"""Of the ridge, in observations: nothing beside thousands of windows, a rein where they are few."""


@dataclass(frozen=True, eq=False)
class LinearPart:
    """What the last step of a window alone says of the targets.

    Attributes
    ----------
    weights : ndarray (1 + D, H)
        Of a constant and of each scaled input.
    """

    weights: Floats

    def of(self, x: Floats) -> Floats:
        """Return what is said from inputs (..., D), as (..., H)."""
        return np.asarray(self.weights[0] + x @ self.weights[1:])


def fit_linear(
    parts: Iterable[tuple[Floats, NDArray[np.floating]]], *, n_inputs: int, horizon: int
) -> LinearPart:
    """Return the ridge regression of targets on inputs, the constant left free.

    With the variances of a day, a week and a month among the inputs it is the heterogeneous
    autoregression of Corsi (2009), for many series at once. A network beside it learns what is
    left, as in LSTNet (Lai, Chang, Yang and Liu 2018, section 3.6): from few sessions that is
    nothing, and then the sum is no worse than the regression.

    Parameters
    ----------
    parts : iterable of (ndarray (n, D), ndarray (n, H))
        Inputs of about unit spread, and targets, a piece at a time.

    Notes
    -----
    A. E. Hoerl and R. W. Kennard (1970), eq. 2.3.
    """
    squares = np.diag(np.r_[0.0, np.full(n_inputs, PENALTY)])
    products = np.zeros((1 + n_inputs, horizon))
    for x, y in parts:
        columns = np.column_stack([np.ones(len(x)), x])
        squares += columns.T @ columns
        products += columns.T @ y
    return LinearPart(np.linalg.solve(squares, products))


def added(answer: Answer, linear: Floats) -> Answer:
    """Return an answer of parameters (N, H) moved by so much, (N, H)."""
    quantiles = None if answer.quantiles is None else answer.quantiles + linear
    return answer._replace(location=answer.location + linear, quantiles=quantiles)
