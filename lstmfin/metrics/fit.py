"""Maximum likelihood for the Student t law with a known centre."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from lstmfin.errors import DataError
from lstmfin.metrics._arrays import Floats, floats
from lstmfin.metrics.distribution import StudentT

MIN_DOF = 2.1  # below 2 the variance, and with it every volatility we print, is infinite
MAX_DOF = 200.0  # above it the law is called normal: a sample of years cannot tell them apart
_MIN_SAMPLE = 3
_EXACT = 1e-12  # of a logarithm
_GOLDEN = (math.sqrt(5) - 1) / 2


def fit_student_t(sample: ArrayLike, *, location: float = 0.0) -> tuple[float, float]:
    r"""Return the scale and dof of greatest likelihood.

    For a given :math:`\nu` the scale solves

    .. math:: \frac1n \sum_i \frac{(\nu + 1)\, z_i^2}{\nu\sigma^2 + z_i^2} = 1

    whose left side falls in :math:`\sigma`, so that Newton's method, kept in a bracket, cannot fail
    (K. L. Lange, R. J. A. Little and J. M. G. Taylor, 1989, eq. 5). The profile over
    :math:`1/\nu` is then searched on a grid and by golden section: no starting values, no
    randomness.

    Parameters
    ----------
    sample : array_like
        Values, such as daily log returns as fractions; NaN is left out.
    location : float, default 0.0
        The known centre, same unit.

    Returns
    -------
    scale : float
        In the unit of the sample.
    dof : float
        Between 2.1 and 200, or infinite when the likelihood still grows at 200.

    Raises
    ------
    DataError
        With fewer than three values, an infinite one, or two thirds and more of them at the centre.

    Examples
    --------
    >>> scale, dof = fit_student_t([-0.03, -0.01, -0.004, 0.002, 0.006, 0.012, 0.05])
    >>> round(scale, 5), round(dof, 2)
    (0.01292, 2.1)
    """
    values = floats(sample).ravel()
    values = values[~np.isnan(values)] - location
    _check(values)
    unit = float(np.abs(values).max())
    square = (values / unit) ** 2

    def likelihood(inverse_dof: float) -> float:
        dof = 1 / inverse_dof
        return float(StudentT(0.0, _scale(square, dof), dof).logpdf(values / unit).sum())

    inverse_dof = _argmax(likelihood, np.geomspace(1 / MAX_DOF, 1 / MIN_DOF, num=9))
    if inverse_dof <= 1 / MAX_DOF:
        return unit * math.sqrt(square.mean()), math.inf
    return unit * _scale(square, 1 / inverse_dof), 1 / inverse_dof


def _check(values: Floats) -> None:
    if len(values) < _MIN_SAMPLE or not np.isfinite(values).all():
        raise DataError(f"a Student t law needs {_MIN_SAMPLE} finite values or more")
    moving = np.count_nonzero(values)
    if moving * (MIN_DOF + 1) <= len(values):
        raise DataError(
            f"no Student t law fits: {len(values) - moving} of {len(values)} values do not move"
        )


def _scale(square: Floats, dof: float) -> float:
    """Return the scale of greatest likelihood for squares of at most 1."""
    moving = square[square > 0]
    low, high = math.log(moving.min()) - math.log(dof) - 7, math.log(square.mean())
    at = high
    while high - low > _EXACT:
        share = moving / (dof * math.exp(at) + moving)
        excess = (dof + 1) * float(share.sum()) / len(square) - 1
        slope = -(dof + 1) * float((share * (1 - share)).sum()) / len(square)
        low, high = (at, high) if excess > 0 else (low, at)
        step = at - excess / slope if slope else low
        if abs(step - at) < _EXACT:
            break
        at = step if low < step < high else (low + high) / 2
    return math.exp(at / 2)


def _argmax(function: Callable[[float], float], grid: Floats) -> float:
    """Return where a function is greatest; an end of the grid exactly, if it is there."""
    best = int(np.argmax([function(float(one)) for one in grid]))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)])
    ends = float(grid[0]), float(grid[-1])
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > 1e-7 * high:
        if at_left >= at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = function(right)
    return max((*ends, (low + high) / 2), key=function)
