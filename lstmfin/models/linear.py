"""The linear part of a forecast, which a network is trained to add to.

Shapes: N windows, D inputs, H horizons, S series. The level of a window is the log of the trailing
daily variance at its origin, which inputs and targets are relative to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmfin.engine.loss import Law as Answer

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

PENALTY = 1.0
"""Of the ridge, in observations: nothing beside thousands of windows, a rein where they are few."""

OWN = 4000
"""Windows of its own at which a series' regression counts as much as that of all series."""


@dataclass(frozen=True, eq=False)
class LinearPart:
    """What the last step of a window alone says of the targets, within what those were in training.

    Attributes
    ----------
    symbols : tuple of str
        The series it was fitted to.
    weights : ndarray (1 + S, 2 + D, H)
        Of a constant, of each scaled input and of the level: first for a series that was not among
        them, then for each.
    low, high : ndarray (H,)
        Least and greatest target in training: a straight line knows nothing beyond them.
    """

    symbols: tuple[str, ...]
    weights: Floats
    low: Floats
    high: Floats

    def which(self, symbols: tuple[str, ...]) -> Indices:
        """Return the number of the weights of each of some series."""
        known = {symbol: 1 + at for at, symbol in enumerate(self.symbols)}
        return np.array([known.get(symbol, 0) for symbol in symbols])

    def of(self, x: Floats, level: Floats, which: Indices) -> Floats:
        """Return what is said from inputs (..., D), levels (...) and weights by number (...)."""
        said = self.weights[which, 0]
        columns = [*np.moveaxis(x, -1, 0), level]  # one by one: rows do not hang on their number
        for at, column in enumerate(columns, 1):
            said = said + column[..., None] * self.weights[which, at]
        return np.asarray(np.clip(said, self.low, self.high))

    def parts_of(self, x: Floats, level: Floats, which: Indices) -> Floats:
        """Return what each of inputs (D,) adds to what is said of a window of zeros, (D, H)."""
        parts = self.weights[which, 1:-1] * x[:, None]
        whole = self.of(x, level, which) - self.of(np.zeros_like(x), level, which)
        total = parts.sum(axis=0)
        shares = np.divide(whole, total, out=np.zeros_like(total), where=total != 0)
        return np.asarray(parts * shares)

    def kept(self, horizons: NDArray[np.bool_]) -> "LinearPart":
        """Return what says nothing but of some horizons, given as (H,)."""
        weights, low, high = (one * horizons for one in (self.weights, self.low, self.high))
        return replace(self, weights=weights, low=low, high=high)


def fit_linear(
    parts: Iterable[tuple[Floats, Floats, Indices, NDArray[np.floating]]],
    *,
    symbols: tuple[str, ...],
    own: NDArray[np.bool_],
    horizon: int,
) -> LinearPart:
    """Return the ridge regression of targets on inputs, and with it that of each series' own.

    That of all series is on the inputs alone. With the variances of a day, a week and a month among
    them it is much like the heterogeneous autoregression of Corsi (2009), but for many series at
    once, and of logs less that of the trailing variance. That of one series is on its log variances
    and the level, and so knows what it comes back to: Corsi's, with the trailing variance in it.
    The two are weighed by how long the series is, n windows against ``OWN``: what is peculiar to a
    series has to be told from chance (partial pooling; Efron and Morris 1975, "Data analysis using
    Stein's estimator and its generalizations").

    A network beside it learns what is left, as in LSTNet (Lai, Chang, Yang and Liu 2018, section
    3.6).

    Parameters
    ----------
    parts : iterable of (ndarray (n, D), ndarray (n,), ndarray of int (n,), ndarray (n, H))
        Inputs of about unit spread, levels, numbers of series, and targets, a piece at a time.
    symbols : tuple of str
        Of the series, (S,).
    own : ndarray of bool (D,)
        The inputs that are log variances.

    Notes
    -----
    A. E. Hoerl and R. W. Kennard (1970), eq. 2.3.
    """
    S, n_columns = len(symbols), 2 + len(own)
    squares, products = np.zeros((S, n_columns, n_columns)), np.zeros((S, n_columns, horizon))
    low, high = np.full(horizon, np.inf), np.full(horizon, -np.inf)
    for x, level, series, y in parts:
        columns = np.column_stack([np.ones(len(x)), x, level])
        for one in np.unique(series):
            mine = series == one
            squares[one] += columns[mine].T @ columns[mine]
            products[one] += columns[mine].T @ y[mine]
        low, high = np.minimum(low, y.min(axis=0)), np.maximum(high, y.max(axis=0))
    weights = np.zeros((1 + S, n_columns, horizon))
    weights[:, :-1] = _ridge(squares.sum(axis=0)[:-1, :-1], products.sum(axis=0)[:-1])
    chosen = np.flatnonzero(np.r_[True, own, True])
    for one in range(S):
        n = squares[one, 0, 0]
        mine = np.zeros((n_columns, horizon))
        mine[chosen] = _ridge(squares[one][np.ix_(chosen, chosen)], products[one][chosen])
        weights[1 + one] += n / (n + OWN) * (mine - weights[1 + one])
    return LinearPart(symbols, weights, low, high)


def _ridge(squares: Floats, products: Floats) -> Floats:
    penalty = np.diag(np.r_[0.0, np.full(len(squares) - 1, PENALTY)])
    return np.asarray(np.linalg.solve(squares + penalty, products))


def added(answer: Answer, linear: Floats) -> Answer:
    """Return an answer of parameters (N, H) moved by so much, (N, H)."""
    quantiles = None if answer.quantiles is None else answer.quantiles + linear
    return answer._replace(location=answer.location + linear, quantiles=quantiles)
