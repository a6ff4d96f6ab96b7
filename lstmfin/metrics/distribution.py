"""The Student t law of a return: quantiles, density, and its score in closed form."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lstmfin.errors import DataError
from lstmfin.metrics._arrays import Floats, floats

_LOG_PI = math.log(math.pi)


@dataclass(frozen=True, eq=False, init=False)
class StudentT:
    r"""Student t laws, one for each element of an array; the normal law where ``dof`` is infinite.

    .. math:: X = \mu + \sigma T_\nu

    The scale :math:`\sigma` is not the standard deviation: that is
    :math:`\sigma\sqrt{\nu / (\nu - 2)}`.

    Parameters
    ----------
    location : array_like
        Centre and median :math:`\mu`, in the unit of the variable (log returns, as fractions).
    scale : array_like
        Scale :math:`\sigma > 0`, same unit.
    dof : array_like, default inf
        Degrees of freedom :math:`\nu > 0`.

    Raises
    ------
    DataError
        When the three do not broadcast, or a scale or dof is not positive.

    Notes
    -----
    The three are broadcast to one shape, typically (N, H). What is asked of the law broadcasts
    against it; ``law[..., None].quantile(levels)`` has shape (N, H, Q). NaN in a parameter or an
    argument gives NaN in that element alone.

    Examples
    --------
    >>> law = StudentT(0.0, 0.01, dof=4.0)
    >>> round(float(law.quantile(0.95)), 5)
    0.02132
    """

    location: Floats
    scale: Floats
    dof: Floats

    def __init__(self, location: ArrayLike, scale: ArrayLike, dof: ArrayLike = np.inf) -> None:
        try:
            arrays = np.broadcast_arrays(floats(location), floats(scale), floats(dof))
        except ValueError as error:
            raise DataError("location, scale and dof do not broadcast to one shape") from error
        for name, values in zip(("location", "scale", "dof"), arrays, strict=True):
            if name != "location" and np.any(values <= 0):
                raise DataError(f"{name} of a Student t law must be positive, not {values.min()}")
            object.__setattr__(self, name, values)

    def __getitem__(self, index: Any) -> Self:
        """Return the laws at an index, as an array is indexed."""
        return type(self)(self.location[index], self.scale[index], self.dof[index])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of laws."""
        return self.location.shape

    @property
    def mean(self) -> Floats:
        """Expectation: the location, NaN where ``dof <= 1``."""
        return np.where(self.dof > 1, self.location, np.nan)

    @property
    def std(self) -> Floats:
        """Standard deviation, infinite where ``dof <= 2``."""
        heavy = self.dof <= 2
        finite = np.where(np.isinf(self.dof) | heavy, 4.0, self.dof)
        ratio = np.where(np.isinf(self.dof), 1.0, np.sqrt(finite / (finite - 2)))
        return np.where(heavy, np.inf, self.scale * ratio)

    @property
    def median(self) -> Floats:
        """The location."""
        return self.location

    def affine(self, offset: ArrayLike = 0.0, factor: ArrayLike = 1.0) -> Self:
        """Return the laws of ``offset + factor · X``, with ``factor > 0``."""
        by = floats(factor)
        return type(self)(floats(offset) + by * self.location, by * self.scale, self.dof)

    @classmethod
    def joined(cls, laws: Sequence[Self]) -> Self:
        """Return laws, one behind the other along the first axis."""
        names = ("location", "scale", "dof")
        return cls(*(np.concatenate([getattr(law, name) for law in laws]) for name in names))

    def cdf(self, x: ArrayLike) -> Floats:
        """Return the probability of a value at or below ``x``."""
        normal, dof, z = self._standardised(x)
        with np.errstate(under="ignore"):
            return floats(np.where(normal, special.ndtr(z), special.stdtr(dof, z)))

    def quantile(self, p: ArrayLike) -> Floats:
        """Return the value that is not exceeded with probability ``p``; NaN outside [0, 1]."""
        p = floats(p)
        tail = np.minimum(p, 1 - p)
        normal, dof = self._normal_and_dof()
        with np.errstate(invalid="ignore"):
            low = np.where(normal, special.ndtri(tail), _each_once(special.stdtrit, dof, tail))
        low = np.where(tail == 0, -np.inf, low)
        return floats(self.location + self.scale * np.where(p <= 0.5, low, -low))

    def logpdf(self, x: ArrayLike) -> Floats:
        r"""Return the log density at ``x``, in nats per unit of the variable.

        .. math:: \log\Gamma(\tfrac{\nu+1}2) - \log\Gamma(\tfrac\nu2) - \tfrac12\log(\nu\pi)
                  - \log\sigma - \tfrac{\nu+1}2 \log(1 + z^2/\nu), \quad z = (x - \mu)/\sigma
        """
        normal, dof, z = self._standardised(x)
        with np.errstate(over="ignore", under="ignore"):
            gauss = -0.5 * (math.log(2 * math.pi) + z * z)
            student = _log_constant(dof) - 0.5 * (dof + 1) * _log1p_square(z / np.sqrt(dof))
        return floats(np.where(normal, gauss, student) - np.log(self.scale))

    def crps(self, x: ArrayLike) -> Floats:
        r"""Return the continuous ranked probability score of ``x``, in the variable's unit.

        .. math:: \frac{\mathrm{CRPS}}{\sigma} = z (2F_\nu(z) - 1)
                  + 2 f_\nu(z) \frac{\nu + z^2}{\nu - 1}
                  - \frac{2\sqrt\nu}{\nu - 1}
                    \frac{B(\frac12, \nu - \frac12)}{B(\frac12, \frac\nu2)^2}

        Zero is best. Where ``dof <= 1`` the law has no mean and the score is infinite.

        References
        ----------
        A. Jordan, F. Krüger and S. Lerch (2019), "Evaluating probabilistic forecasts with
        scoringRules", Journal of Statistical Software 90(12), appendix A.
        """
        normal, dof, z = self._standardised(x)
        z = np.abs(z)  # the score is even
        heavy = dof <= 1
        dof = np.where(heavy, 2.0, dof)
        with np.errstate(over="ignore", under="ignore"):
            core = z * (1 - 2 * special.stdtr(dof, -z))
            # f(z) (ν + z²) = c ν (1 + z²/ν)^(-(ν-1)/2), which cannot overflow
            log_tail = _log_constant(dof) + np.log(dof)
            log_tail = log_tail - 0.5 * (dof - 1) * _log1p_square(z / np.sqrt(dof))
            log_spread = 2 * _log_gamma_step(dof / 2) - _log_gamma_step(dof - 0.5) - 0.5 * _LOG_PI
            student = core + 2 * (np.exp(log_tail) - np.sqrt(dof) * np.exp(log_spread)) / (dof - 1)
            density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
            gauss = z * (1 - 2 * special.ndtr(-z)) + 2 * density - 1 / math.sqrt(math.pi)
        return floats(self.scale * np.where(normal, gauss, np.where(heavy, np.inf, student)))

    def _standardised(self, x: ArrayLike) -> tuple[Any, Floats, Floats]:
        with np.errstate(under="ignore"):
            z = (floats(x) - self.location) / self.scale
        return *self._normal_and_dof(), z

    def _normal_and_dof(self) -> tuple[Any, Floats]:
        """Where the law is normal, and dof with a harmless number there."""
        normal = np.isinf(self.dof)
        return normal, np.where(normal, 4.0, self.dof)


def _each_once(function: Callable[[Floats, Floats], Floats], a: Floats, b: Floats) -> Floats:
    """Return a dear function of each pair of numbers, in which few pairs may stand often."""
    pairs = np.asarray(a + 1j * b)
    distinct, which = np.unique(pairs, return_inverse=True)
    return function(distinct.real, distinct.imag)[which].reshape(pairs.shape)


def _log_gamma_step(a: Floats) -> Floats:
    """Return log Γ(a + 1/2) - log Γ(a), without the cancellation of two large numbers.

    Above 25 by the asymptotic series (next term below 1e-14): F. G. Tricomi and A. Erdélyi (1951).
    """
    near, far = np.minimum(a, 25.0), np.maximum(a, 25.0)
    direct = special.gammaln(near + 0.5) - special.gammaln(near)
    u = 1 / (far * far)
    series = 0.5 * np.log(far) - (1 / 8 - u * (1 / 192 - u * (1 / 640 - u * 17 / 14336))) / far
    return np.where(a < 25.0, direct, series)


def _log_constant(dof: Floats) -> Floats:
    """Return the log of the density of T at zero."""
    return _log_gamma_step(dof / 2) - 0.5 * (np.log(dof) + _LOG_PI)


def _log1p_square(u: Floats) -> Floats:
    """Return log(1 + u²) where u² may overflow."""
    u = np.abs(u)
    near, far = np.minimum(u, 1e8), np.maximum(u, 1e8)
    return np.where(u < 1e8, np.log1p(near * near), 2 * np.log(far))
