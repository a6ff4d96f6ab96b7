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
    """What the last step of a window alone says of the targets, within what those were in training.

    Attributes
    ----------
    weights : ndarray (1 + D, H)
        Of a constant and of each scaled input.
    low, high : ndarray (H,)
        Least and greatest target in training: a straight line knows nothing beyond them.
    """

    weights: Floats
    low: Floats
    high: Floats

    def of(self, x: Floats) -> Floats:
        """Return what is said from inputs (..., D), as (..., H)."""
        said = np.broadcast_to(self.weights[0], (*x.shape[:-1], len(self.low)))
        for weight, column in zip(self.weights[1:], np.moveaxis(x, -1, 0), strict=True):
            said = said + column[..., None] * weight  # one by one: rows do not hang on their number
        return np.asarray(np.clip(said, self.low, self.high))

    def parts_of(self, x: Floats) -> Floats:
        """Return what each of inputs (D,) adds to what is said of a window of zeros, (D, H)."""
        parts = self.weights[1:] * x[:, None]
        whole = self.of(x) - self.of(np.zeros_like(x))
        total = parts.sum(axis=0)
        shares = np.divide(whole, total, out=np.zeros_like(total), where=total != 0)
        return np.asarray(parts * shares)

    def kept(self, horizons: NDArray[np.bool_]) -> "LinearPart":
        """Return what says nothing but of some horizons, given as (H,)."""
        return LinearPart(*(one * horizons for one in (self.weights, self.low, self.high)))


def fit_linear(
    parts: Iterable[tuple[Floats, NDArray[np.floating]]], *, n_inputs: int, horizon: int
) -> LinearPart:
    """Return the ridge regression of targets on inputs, the constant left free.

    With the variances of a day, a week and a month among the inputs it is much like the
    heterogeneous autoregression of Corsi (2009), but for many series at once, and of logs less that
    of the trailing variance. A network beside it learns what is left, as in LSTNet (Lai, Chang,
    Yang and Liu 2018, section 3.6).

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
    low, high = np.full(horizon, np.inf), np.full(horizon, -np.inf)
    for x, y in parts:
        columns = np.column_stack([np.ones(len(x)), x])
        squares += columns.T @ columns
        products += columns.T @ y
        low, high = np.minimum(low, y.min(axis=0)), np.maximum(high, y.max(axis=0))
    return LinearPart(np.linalg.solve(squares, products), low, high)


def added(answer: Answer, linear: Floats) -> Answer:
    """Return an answer of parameters (N, H) moved by so much, (N, H)."""
    quantiles = None if answer.quantiles is None else answer.quantiles + linear
    return answer._replace(location=answer.location + linear, quantiles=quantiles)
