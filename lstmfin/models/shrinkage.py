"""How much of a point forecast to believe: none, unless the validation block shows that it helps.

Shapes: N consecutive origins, H horizons.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special

from lstmfin.metrics.law import Law

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
"""Of the lower bound of the best share, which is the share that is taken."""

LEAST_SPANS = 10
"""Spans of a horizon, end to end, below which a block says nothing about it."""


def shrinkage(
    forecast: Floats, realised: Floats, *, sessions: NDArray[np.datetime64] | None = None
) -> Floats:
    r"""Return the share in [0, 1] of each horizon's point forecast to keep, (H,).

    The share k that makes the squared error of :math:`k f` least is
    :math:`\sum f y / \sum f^2` (the calibration slope of Mincer and Zarnowitz 1969, through zero,
    where the last price lies). Taken is its lower bound of 95 %, one-sided, so that want of
    evidence leaves the last price. Errors overlap: the variance of :math:`f (y - k f)` over the
    long run is that of its slow cosines, equally weighted, as many as have periods beyond the
    overlap, and the bound is of Student's t with as many degrees of freedom (Lazarus, Lewis, Stock
    and Watson 2018).

    Parameters
    ----------
    forecast, realised : ndarray (N, H)
        Medians and log returns at consecutive origins that the model was not trained on; NaN where
        not known.
    sessions : ndarray of datetime64[D] (N,), optional
        Dates of the origins, of many series together. What is found on one date counts as one
        finding, for series move together.
    """
    dates = np.arange(len(forecast)) if sessions is None else sessions
    pairs = zip(forecast.T, realised.T, strict=True)
    return np.array([_share(f, y, dates, h) for h, (f, y) in enumerate(pairs, 1)])


def _share(forecast: Floats, realised: Floats, dates: NDArray[Any], horizon: int) -> float:
    known = np.isfinite(forecast) & np.isfinite(realised)
    f, y = forecast[known], realised[known]
    each, date = np.unique(dates[known], return_inverse=True)
    n, square = len(each), float(f @ f)
    n_cosines = int(min(0.4 * n ** (2 / 3), n / (2 * horizon)))
    if n < LEAST_SPANS * horizon or n_cosines < 2 or square == 0:
        return 0.0
    best = float(f @ y) / square
    moments = np.bincount(date, weights=f * (y - best * f))
    cosines = fft.dct(moments, type=2, norm="ortho")[1 : n_cosines + 1]
    error = np.sqrt(n * np.mean(cosines**2)) / square
    return float(np.clip(best - float(special.stdtrit(n_cosines, CONFIDENCE)) * error, 0.0, 1.0))


def shrink(law: Law, share: Floats) -> Law:
    """Return laws (N, H) moved until their medians are that share (H,) of what they were."""
    return law.affine((share - 1) * law.median)
