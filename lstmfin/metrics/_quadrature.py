"""Integrals over the line of what a law is made of, piece by piece between its own quantiles."""

from collections.abc import Callable, Iterable

import numpy as np

from lstmfin.metrics._arrays import Floats, floats
from lstmfin.metrics.law import Law

LOWER = (1e-10, 1e-7, 1e-4, 1e-2, 0.1, 0.3, 0.5)
"""Levels of the ends of the pieces up to the median; beyond the first nothing is left to count."""

UPPER = tuple(1 - p for p in LOWER[::-1])

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


def knots(laws: Iterable[Law], levels: Iterable[float]) -> Floats:
    """Return the quantiles of all laws at all levels, sorted, shape (K, ...)."""
    levels = tuple(levels)
    return np.sort([law.quantile(p) for law in laws for p in levels], axis=0)


def integral(function: Callable[[Floats], Floats], ends: Floats) -> Floats:
    """Return the integral of a function of (K - 1, ...) over pieces with ends (K, ...).

    Gauss and Legendre with six nodes a piece: six digits and more where the function is smooth,
    three or more where it has corners.
    """
    left, half = ends[:-1], np.diff(ends, axis=0) / 2
    total = np.zeros_like(left)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        total += weight * function(left + half * (1 + node))
    return floats((total * half).sum(axis=0))
