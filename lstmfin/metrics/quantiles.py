"""A law by its quantiles: straight lines between them, exponential tails beyond."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from lstmfin.errors import DataError
from lstmfin.metrics._arrays import Floats, floats


@dataclass(frozen=True, eq=False, init=False)
class Quantiles:
    r"""Laws given by rising quantiles :math:`q_1 < ... < q_Q` at levels :math:`p_1 < ... < p_Q`.

    Between two levels the distribution function is a straight line. Below the first it falls
    exponentially, at the rate at which it falls from the second to the first,

    .. math:: F(x) = p_1 e^{(x - q_1)/b}, \quad b = \frac{q_2 - q_1}{\log(p_2 / p_1)}

    and above the last it rises likewise. All scores are exact for this law.

    Parameters
    ----------
    values : array_like, shape (..., Q)
        The quantiles, in the unit of the variable; the shape of the laws is the rest of it.
    levels : array_like, shape (Q,)
        Probabilities between 0 and 1, two or more.

    Raises
    ------
    DataError
        When levels or quantiles do not rise.

    Examples
    --------
    >>> law = Quantiles([-0.02, 0.0, 0.02], levels=[0.1, 0.5, 0.9])
    >>> float(law.cdf(0.01))
    0.7
    """

    values: Floats
    levels: Floats

    def __init__(self, values: ArrayLike, levels: ArrayLike) -> None:
        q, p = floats(values), floats(levels)
        if p.ndim != 1 or p.size < 2 or p[0] <= 0 or p[-1] >= 1 or np.any(np.diff(p) <= 0):
            raise DataError(f"levels must rise between 0 and 1, two or more of them, not {p}")
        if q.shape[-1:] != p.shape:
            raise DataError(f"{p.size} levels need as many quantiles, not an array {q.shape}")
        if np.any(np.diff(q, axis=-1) <= 0):
            raise DataError("quantiles must rise with their levels")
        q = np.where(np.isnan(q).any(axis=-1, keepdims=True), np.nan, q)
        object.__setattr__(self, "values", q)
        object.__setattr__(self, "levels", p)

    def __getitem__(self, index: Any) -> Self:
        """Return the laws at an index, as an array is indexed."""
        at = index if isinstance(index, tuple) else (index,)
        return type(self)(self.values[(*at, slice(None))], self.levels)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of laws."""
        return self.values.shape[:-1]

    @property
    def mean(self) -> Floats:
        """Expectation."""
        q, p = self.values, self.levels
        (low, high), (b_low, b_high) = (p[0], 1 - p[-1]), self._tails()
        inside = (np.diff(p) * (q[..., 1:] + q[..., :-1]) / 2).sum(axis=-1)
        return floats(inside + low * (q[..., 0] - b_low) + high * (q[..., -1] + b_high))

    @property
    def std(self) -> Floats:
        """Standard deviation."""
        q, p = self.values - self.mean[..., None], self.levels
        (low, high), (b_low, b_high) = (p[0], 1 - p[-1]), self._tails()
        a, c = q[..., :-1], q[..., 1:]
        inside = (np.diff(p) * (a * a + a * c + c * c) / 3).sum(axis=-1)
        below = low * ((q[..., 0] - b_low) ** 2 + b_low**2)
        above = high * ((q[..., -1] + b_high) ** 2 + b_high**2)
        return floats(np.sqrt(inside + below + above))

    @property
    def median(self) -> Floats:
        """The value as likely to be exceeded as not."""
        return self.quantile(0.5)

    def affine(self, offset: ArrayLike = 0.0, factor: ArrayLike = 1.0) -> Self:
        """Return the laws of ``offset + factor · X``, with ``factor > 0``."""
        offset, factor = floats(offset)[..., None], floats(factor)[..., None]
        return type(self)(offset + factor * self.values, self.levels)

    @classmethod
    def joined(cls, laws: Sequence[Self]) -> Self:
        """Return laws, one behind the other along the first axis."""
        if any(not np.array_equal(law.levels, laws[0].levels) for law in laws):
            raise DataError("laws of the same levels are joined")
        return cls(np.concatenate([law.values for law in laws]), laws[0].levels)

    def cdf(self, x: ArrayLike) -> Floats:
        """Return the probability of a value at or below ``x``."""
        x, k, left, right, b_low, b_high = self._at(x)
        p = self.levels
        with np.errstate(under="ignore"):
            below = p[0] * np.exp(np.minimum(x - left, 0) / b_low)
            above = 1 - (1 - p[-1]) * np.exp(np.minimum(right - x, 0) / b_high)
        inside = p[k] + (p[k + 1] - p[k]) * np.clip((x - left) / (right - left), 0, 1)
        result = np.where(x < left, below, np.where(x > right, above, inside))
        return np.where(np.isnan(x + left), np.nan, result)

    def quantile(self, p: ArrayLike) -> Floats:
        """Return the value that is not exceeded with probability ``p``; NaN outside [0, 1]."""
        p = floats(p)
        levels = self.levels
        p, _ = np.broadcast_arrays(p, np.empty(self.shape))
        k = np.clip(np.searchsorted(levels, p, side="right") - 1, 0, levels.size - 2)
        left, right = self._pair(k)
        b_low, b_high = self._tails()
        with np.errstate(divide="ignore", invalid="ignore"):
            below = left + b_low * np.log(np.minimum(p / levels[0], 1))
            above = right - b_high * np.log(np.minimum((1 - p) / (1 - levels[-1]), 1))
        share = np.clip((p - levels[k]) / (levels[k + 1] - levels[k]), 0, 1)
        inside = left + (right - left) * share
        return np.where(p < levels[0], below, np.where(p > levels[-1], above, inside))

    def logpdf(self, x: ArrayLike) -> Floats:
        """Return the log density at ``x``, in nats per unit of the variable."""
        x, k, left, right, b_low, b_high = self._at(x)
        p = self.levels
        inside = np.log((p[k + 1] - p[k]) / (right - left))
        below = np.log(p[0] / b_low) + np.minimum(x - left, 0) / b_low
        above = np.log((1 - p[-1]) / b_high) + np.minimum(right - x, 0) / b_high
        result = np.where(x < left, below, np.where(x > right, above, inside))
        return np.where(np.isnan(x), np.nan, result)

    def crps(self, x: ArrayLike) -> Floats:
        r"""Return the continuous ranked probability score of ``x``, in the variable's unit.

        .. math:: \int_{-\infty}^x F^2 + \int_x^\infty (1 - F)^2

        piece by piece, each a cubic or an exponential.
        """
        mirrored = type(self)(-self.values[..., ::-1], 1 - self.levels[::-1])
        return floats(self.squared_below(x) + mirrored.squared_below(-floats(x)))

    def squared_below(self, x: ArrayLike) -> Floats:
        """Return the integral of the squared distribution function up to ``x``."""
        x, k, left, right, b_low, b_high = self._at(x)
        p, q = self.levels, self.values
        pieces = np.diff(q, axis=-1) * (p[1:] ** 2 + p[1:] * p[:-1] + p[:-1] ** 2) / 3
        first = p[0] ** 2 * self._tails()[0] / 2
        knots = first[..., None] + np.cumsum(pieces, axis=-1)
        knots = np.concatenate([first[..., None], knots], axis=-1)
        so_far = _take(knots, k)
        cdf = self.cdf(x)
        inside = so_far + np.clip(x - left, 0, right - left) * (p[k] ** 2 + p[k] * cdf + cdf**2) / 3
        beyond, tail = np.maximum(x - right, 0), 1 - p[-1]
        with np.errstate(under="ignore"):
            e = np.exp(-beyond / b_high)
            above = beyond - tail * b_high * (2 * (1 - e) - tail / 2 * (1 - e * e))
            below = cdf**2 * b_low / 2
        above = above + _take(knots, np.full_like(k, p.size - 1))
        return floats(np.where(x < left, below, np.where(x > right, above, inside)))

    def _tails(self) -> tuple[Floats, Floats]:
        """Return the scale of the lower and of the upper tail."""
        q, p = self.values, self.levels
        low = (q[..., 1] - q[..., 0]) / np.log(p[1] / p[0])
        high = (q[..., -1] - q[..., -2]) / np.log((1 - p[-2]) / (1 - p[-1]))
        return floats(low), floats(high)

    def _at(self, x: ArrayLike) -> tuple[Any, ...]:
        """Return ``x`` in full shape, the number and the ends of its piece, and the tails' scales.

        Before the first quantile and after the last the piece is the nearest one.
        """
        x, _ = np.broadcast_arrays(floats(x), np.empty(self.shape))
        k = (x[..., None] >= self.values).sum(axis=-1) - 1
        k = np.clip(k, 0, self.levels.size - 2)
        return x, k, *self._pair(k), *self._tails()

    def _pair(self, k: Any) -> tuple[Floats, Floats]:
        return _take(self.values, k), _take(self.values, k + 1)


def _take(values: Floats, k: Any) -> Floats:
    """Return the k-th of the last axis, element by element."""
    full = np.broadcast_to(values, (*k.shape, values.shape[-1]))
    return floats(np.take_along_axis(full, k[..., None], axis=-1)[..., 0])
