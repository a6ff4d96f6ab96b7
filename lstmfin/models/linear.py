"""The linear part of a forecast, which a network is trained to add to.

Shapes: N windows, D inputs, H horizons, S series. The level of a window is the log of the trailing
daily variance at its origin, which inputs and targets are relative to.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmfin.engine.loss import Law as Answer

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

PENALTY = 1.0
"""Of the ridge, in observations: nothing beside thousands of windows, a rein where they are few."""

DOF = 8.0
"""Degrees of freedom of the likelihood that the regressions are fitted by."""

MOST_STEPS = 200
MOST = 100.0
"""Off a forecast, in logs, that a variance is taken to be at most."""

EXACT = 1e-8
"""Of a log variance, what the last step of a fit may move any forecast by."""

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

    def spread_over(self, horizons: NDArray[np.bool_]) -> "LinearPart":
        """Return what says the same of some horizons, given as (H,), and of the others nothing."""

        def spread(values: Floats) -> Floats:
            wide = np.zeros((*values.shape[:-1], len(horizons)))
            wide[..., horizons] = values
            return wide

        return LinearPart(self.symbols, *map(spread, (self.weights, self.low, self.high)))


def fit_linear(
    x: Floats,
    level: Floats,
    series: Indices,
    target: NDArray[np.floating],
    *,
    symbols: tuple[str, ...],
    own: NDArray[np.bool_],
) -> LinearPart:
    """Return the regression of log variances on inputs, and with it that of each series' own.

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
    x : ndarray (N, D)
        Inputs of about unit spread.
    level : ndarray (N,)
    series : ndarray of int (N,)
        Which of the S series each window is of.
    target : ndarray (N, H)
        Log variances, less the level.
    symbols : tuple of str
        Of the series, (S,).
    own : ndarray of bool (D,)
        The inputs that are log variances.
    """
    columns = np.column_stack([np.ones(len(x)), x, level])
    chosen = np.flatnonzero(np.r_[True, own, True])
    weights = np.zeros((1 + len(symbols), columns.shape[1], target.shape[1]))
    weights[:, :-1] = regression(columns[:, :-1], target)
    for one in range(len(symbols)):
        rows = series == one
        n, mine = np.count_nonzero(rows), np.zeros(weights.shape[1:])
        if n == 0:  # it begins after training ends
            continue
        mine[chosen] = regression(columns[np.ix_(rows, chosen)], target[rows])
        weights[1 + one] += n / (n + OWN) * (mine - weights[1 + one])
    return LinearPart(symbols, weights, target.min(axis=0), target.max(axis=0))


def regression(columns: Floats, target: NDArray[np.floating]) -> Floats:
    r"""Return weights (C, H) of columns (N, C), the first of which is ones, for targets (N, H).

    They are those of greatest likelihood if a return is its volatility times a Student t with
    :math:`\nu` degrees of freedom, and the variance V its square: with :math:`u = V e^{-\eta}`,

    .. math:: \ell = -\tfrac{\nu + 1}{2} \log(1 + u / \nu) - \tfrac{\eta}{2}, \qquad
              \partial \ell / \partial \eta = \tfrac12
              \left( \frac{(\nu + 1) u}{\nu + u} - 1 \right)

    With many degrees of freedom that is QLIKE; least squares of logs would heed the smallest of all
    squares most. It is found by Fisher's scoring from least squares, with the information
    :math:`\nu / (2 \nu + 6)` (Lange, Little and Taylor 1989, section 3) and a ridge (Hoerl and
    Kennard 1970, eq. 2.3).
    """
    penalty = np.diag(np.r_[0.0, np.full(columns.shape[1] - 1, PENALTY)])
    inverse = np.linalg.inv(columns.T @ columns + penalty)
    weights = inverse @ (columns.T @ target)
    information = DOF / (2 * DOF + 6)
    for at in range(target.shape[1]):
        y = target[:, at].astype(np.float64)
        for _ in range(MOST_STEPS):
            u = np.exp(np.clip(y - columns @ weights[:, at], -MOST, MOST))
            score = 0.5 * ((DOF + 1) * u / (DOF + u) - 1)
            step = inverse @ (columns.T @ score / information - penalty @ weights[:, at])
            weights[:, at] += step
            if np.abs(columns @ step).max() < EXACT:
                break
    return weights


def added(answer: Answer, linear: Floats) -> Answer:
    """Return an answer of parameters (N, H) moved by so much, (N, H)."""
    quantiles = None if answer.quantiles is None else answer.quantiles + linear
    return answer._replace(location=answer.location + linear, quantiles=quantiles)
