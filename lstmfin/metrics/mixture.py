"""Several forecasts as one: with equal chances, any of them may be right."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from lstmfin.errors import DataError
from lstmfin.metrics._arrays import Floats, floats
from lstmfin.metrics._quadrature import LOWER, UPPER, integral, knots
from lstmfin.metrics.law import Law, concatenate

_MOST_STEPS = 200
_EXACT = 1e-8
"""Of a tail's probability before the last step of a root, which leaves about the square of it."""


@dataclass(frozen=True, eq=False, init=False)
class Mixture:
    """Mixtures of laws in equal shares: of seeds, or of models.

    Parameters
    ----------
    members : sequence of Law
        One or more, of one shape.

    Raises
    ------
    DataError
        When there are none, or their shapes differ.

    Examples
    --------
    >>> from lstmfin.metrics.distribution import StudentT
    >>> law = Mixture([StudentT(-0.01, 0.01), StudentT(0.01, 0.01)])
    >>> float(law.cdf(0.0))
    0.5
    """

    members: tuple[Law, ...]

    def __init__(self, members: Sequence[Law]) -> None:
        if len({law.shape for law in members}) != 1:
            shapes = ", ".join(str(law.shape) for law in members)
            raise DataError(f"a mixture takes laws of one shape, not {shapes or 'none'}")
        object.__setattr__(self, "members", tuple(members))

    def __getitem__(self, index: Any) -> Self:
        """Return the laws at an index, as an array is indexed."""
        return type(self)([law[index] for law in self.members])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of laws."""
        return self.members[0].shape

    @property
    def mean(self) -> Floats:
        """Expectation."""
        return _mean([law.mean for law in self.members])

    @property
    def std(self) -> Floats:
        """Standard deviation: of the members, and of what they differ by."""
        mean = self.mean
        return np.sqrt(_mean([law.std**2 + (law.mean - mean) ** 2 for law in self.members]))

    @property
    def median(self) -> Floats:
        """The value as likely to be exceeded as not."""
        return self.quantile(0.5)

    @property
    def disagreement(self) -> Floats:
        """Standard deviation of the members' medians: what a single seed leaves to chance."""
        return floats(np.std([law.median for law in self.members], axis=0))

    def affine(self, offset: ArrayLike = 0.0, factor: ArrayLike = 1.0) -> Self:
        """Return the laws of ``offset + factor · X``, with ``factor > 0``."""
        return type(self)([law.affine(offset, factor) for law in self.members])

    @classmethod
    def joined(cls, laws: Sequence[Self]) -> Self:
        """Return laws, one behind the other along the first axis, member by member."""
        if len({len(law.members) for law in laws}) != 1:
            raise DataError("mixtures of as many members are joined")
        columns = zip(*(law.members for law in laws), strict=True)
        return cls([concatenate(column) for column in columns])

    def cdf(self, x: ArrayLike) -> Floats:
        """Return the probability of a value at or below ``x``."""
        return _mean([law.cdf(x) for law in self.members])

    def quantile(self, p: ArrayLike) -> Floats:
        """Return the value that is not exceeded with probability ``p``; NaN outside [0, 1].

        It lies between the least and the greatest quantile of the members, and is found there by
        Newton's method, kept in a bracket that never grows.
        """
        p = floats(p)
        is_median = p.ndim == 0 and p == 0.5  # which many laws know without a search
        candidates = [law.median if is_median else law.quantile(p) for law in self.members]
        low, high = np.minimum.reduce(candidates), np.maximum.reduce(candidates)
        with np.errstate(invalid="ignore", over="ignore"):
            left = high - low > 0  # not where all agree, be it on infinity or on nothing
            x = np.where(left, np.clip(_mean(candidates), low, high), low)
            for _ in range(_MOST_STEPS):
                if not left.any():
                    break
                excess, density = self.cdf(x) - p, np.exp(self.logpdf(x))
                low, high = np.where(excess < 0, x, low), np.where(excess > 0, x, high)
                newton = x - np.divide(excess, density, out=np.zeros_like(x), where=density > 0)
                tame = (low <= newton) & (newton <= high) & (density > 0)
                moved = np.where(tame, newton, low / 2 + high / 2)
                x = np.where(left & (excess != 0), moved, x)
                left &= np.abs(excess) > _EXACT * np.minimum(p, 1 - p)
        return floats(x)

    def logpdf(self, x: ArrayLike) -> Floats:
        """Return the log density at ``x``, in nats per unit of the variable."""
        with np.errstate(under="ignore", invalid="ignore"):
            total = np.logaddexp.reduce([law.logpdf(x) for law in self.members])
        return floats(total - np.log(len(self.members)))

    def crps(self, x: ArrayLike) -> Floats:
        r"""Return the continuous ranked probability score of ``x``, in the variable's unit.

        It is the members' mean score less what they differ by (the variance decomposition of
        :math:`\int (F - [y \le x])^2 dx` over the members),

        .. math:: \overline{\mathrm{CRPS}_k} - \int \overline{(F_k - \bar F)^2} dx

        whose second term does not hang on ``x``; it is integrated numerically.
        """
        return floats(_mean([law.crps(x) for law in self.members]) - self._spread())

    def _spread(self) -> Floats:
        """Return the integral of the variance of the members' distribution functions."""
        if len(self.members) == 1:
            return np.zeros(self.shape)
        ends = knots(self.members, (*LOWER, *UPPER[1:]))
        return integral(lambda x: np.var([law.cdf(x) for law in self.members], axis=0), ends)


def _mean(values: list[Floats]) -> Floats:
    return floats(np.add.reduce(values) / len(values))
