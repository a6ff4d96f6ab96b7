"""A law made wider or narrower on either side of its median, as a calibration does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from lstmfin.errors import DataError
from lstmfin.metrics._arrays import Floats, floats
from lstmfin.metrics._quadrature import LOWER, UPPER, integral, knots
from lstmfin.metrics.law import Law, concatenate


@dataclass(frozen=True, eq=False, init=False)
class Stretched:
    r"""Laws with each side of the median stretched by a factor of its own.

    .. math:: X' = m + s_- (X - m)^- + s_+ (X - m)^+

    Median and chance of a rise above it stay; the tails keep their power.

    Parameters
    ----------
    base : Law
        The laws before.
    below, above : array_like
        Factors :math:`s_-, s_+ > 0`, of the shape of the laws or one that broadcasts to it.
    median : ndarray, optional
        That of the base, where it is known; it may be dear to find.

    Raises
    ------
    DataError
        When a factor is not positive.

    Examples
    --------
    >>> from lstmfin.metrics.distribution import StudentT
    >>> law = Stretched(StudentT(0.0, 1.0), below=2.0, above=1.0)
    >>> [round(float(law.quantile(p)), 3) for p in (0.05, 0.95)]
    [-3.29, 1.645]
    """

    base: Law
    below: Floats
    above: Floats

    def __init__(
        self, base: Law, *, below: ArrayLike, above: ArrayLike, median: Floats | None = None
    ) -> None:
        object.__setattr__(self, "base", base)
        for name, factor in (("below", floats(below)), ("above", floats(above))):
            if np.any(factor <= 0):
                raise DataError(
                    f"the factor {name} the median must be positive, not {factor.min()}"
                )
            object.__setattr__(self, name, np.broadcast_to(factor, base.shape))
        object.__setattr__(self, "_median", base.median if median is None else median)

    def __getitem__(self, index: Any) -> Self:
        """Return the laws at an index, as an array is indexed."""
        below, above, median = (one[index] for one in (self.below, self.above, self.median))
        return type(self)(self.base[index], below=below, above=above, median=median)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of laws."""
        return self.base.shape

    @property
    def mean(self) -> Floats:
        """Expectation, by quadrature of what lies on either side of the median."""
        up = integral(lambda x: 1 - self.base.cdf(x), knots([self.base], UPPER))
        down = integral(self.base.cdf, knots([self.base], LOWER))
        return floats(self.median + self.above * up - self.below * down)

    @property
    def std(self) -> Floats:
        """Standard deviation: the base's square about its median, by its share on each side."""
        m, mean = self.median, self.mean
        square = self.base.std**2 + (self.base.mean - m) ** 2
        up = integral(lambda x: (x - m) * (1 - self.base.cdf(x)), knots([self.base], UPPER))
        down = integral(lambda x: (m - x) * self.base.cdf(x), knots([self.base], LOWER))
        factor = (self.above**2 * up + self.below**2 * down) / (up + down)
        return np.sqrt(factor * square - (mean - m) ** 2)

    @property
    def median(self) -> Floats:
        """The value as likely to be exceeded as not: that of the base."""
        return floats(self._median)  # type: ignore[attr-defined]  # set when it is made

    def affine(self, offset: ArrayLike = 0.0, factor: ArrayLike = 1.0) -> Self:
        """Return the laws of ``offset + factor · X``, with ``factor > 0``."""
        return type(self)(self.base.affine(offset, factor), below=self.below, above=self.above)

    @classmethod
    def joined(cls, laws: Sequence[Self]) -> Self:
        """Return laws, one behind the other along the first axis."""
        below, above = (np.concatenate([getattr(x, n) for x in laws]) for n in ("below", "above"))
        return cls(concatenate([law.base for law in laws]), below=below, above=above)

    def cdf(self, x: ArrayLike) -> Floats:
        """Return the probability of a value at or below ``x``."""
        return self.base.cdf(self._before(x)[0])

    def quantile(self, p: ArrayLike) -> Floats:
        """Return the value that is not exceeded with probability ``p``; NaN outside [0, 1]."""
        p = floats(p)
        m, q = self.median, self.base.quantile(p)
        factor = np.where(p < 0.5, self.below, self.above)
        return floats(np.where(p == 0.5, m, m + factor * (q - m)))

    def logpdf(self, x: ArrayLike) -> Floats:
        """Return the log density at ``x``, in nats per unit of the variable."""
        before, factor = self._before(x)
        return floats(self.base.logpdf(before) - np.log(factor))

    def crps(self, x: ArrayLike) -> Floats:
        r"""Return the continuous ranked probability score of ``x``, in the variable's unit.

        With u the value before stretching, and a the integral of :math:`F^2` up to the median, that
        of :math:`(F - [u \le x])^2` is a on the far side of x and the base's CRPS less a, or what
        is left of it, on the near side; each counts by its factor.
        """
        before, _ = self._before(x)
        score, (low, high) = self.base.crps(before), self._halves()
        above = before >= self.median
        far = np.where(above, self.below * low, self.above * high)
        near = np.where(above, self.above * (score - low), self.below * (score - high))
        return floats(far + near)

    def carried(self, x: ArrayLike) -> Floats:
        """Return where a value of the base comes to lie."""
        distance = floats(x) - self.median
        return self.median + distance * np.where(distance < 0, self.below, self.above)

    def _before(self, x: ArrayLike) -> tuple[Floats, Floats]:
        """Return the value before stretching, and the factor that it was stretched by."""
        distance = floats(x) - self.median
        factor = np.where(distance < 0, self.below, self.above)
        return self.median + distance / factor, factor

    def _halves(self) -> tuple[Floats, Floats]:
        """Return the integrals of F² below and of (1 - F)² above the median of the base."""
        low = integral(lambda x: self.base.cdf(x) ** 2, knots([self.base], LOWER))
        return low, self.base.crps(self.median) - low
