"""Whether a difference is more than luck: the tests behind every verdict.

NaN in the input gives a NaN statistic and NaN p-values, and so never a significant result.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft, special

from lstmfin.errors import DataError
from lstmfin.metrics._arrays import Floats, aligned

_LEAST_FOR_COSINES = 8
_ROUNDING = 1e-14  # share of a number below which another is its rounding error


@dataclass(frozen=True)
class DieboldMariano:
    """Result of a Diebold-Mariano test of losses a against losses b.

    Parameters
    ----------
    mean_difference : float
        Mean of a - b, in the unit of the losses; negative where a is better.
    statistic : float
        Student t where both are equally good, with n - 1 degrees of freedom, or as many as cosines.
    p_value : float
        Two-sided: the forecasts differ.
    p_better : float
        One-sided: a has the smaller expected loss.
    n : int
        Pairs of losses.
    kernel : str
        ``"rectangular"``; ``"bartlett"`` where that variance was not positive; ``"cosine"`` of
        ``equal_predictive_ability``; ``"none"`` where the statistic needed no variance or could not
        be had.
    """

    mean_difference: float
    statistic: float
    p_value: float
    p_better: float
    n: int
    kernel: str


def diebold_mariano(loss_a: ArrayLike, loss_b: ArrayLike, *, horizon: int) -> DieboldMariano:
    r"""Test whether two forecasts have the same expected loss.

    .. math:: S = \frac{\bar d}{\sqrt V}
              \sqrt{\frac{n + 1 - 2h + h(h-1)/n}{n}}, \quad
              V = \frac1n \Big(\gamma_0 + 2 \sum_{k=1}^{h-1} \gamma_k\Big)

    Parameters
    ----------
    loss_a, loss_b : array_like, shape (n,)
        Losses of the same forecasts of the same truths, in order of time; lower is better.
    horizon : int
        Steps ahead :math:`h`, so that the losses overlap over h - 1 steps.

    Notes
    -----
    Losses that are the same numbers, up to rounding, are no difference: statistic 0, both p-values
    1. Fewer than two pairs, no more pairs than steps, or a constant difference give NaN. Under
    overlap the rectangular kernel keeps the nominal level where Bartlett weights :math:`1 - k/h`
    reject twice as often as they should; those serve only where its variance is not positive.

    References
    ----------
    F. X. Diebold and R. S. Mariano (1995), eq. 1; D. Harvey, S. Leybourne and P. Newbold (1997),
    eqs. 8 and 9.
    """
    if horizon < 1:
        raise DataError(f"a horizon is 1 or more steps, not {horizon}")
    d = _Difference(loss_a, loss_b)
    if d.is_decided or d.n <= horizon:
        return d.without_test()
    variance, kernel = _long_run_variance(d.values - d.mean, horizon, d.rounding**2)
    if not variance > 0:
        return d.without_test()
    n = d.n
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    return d.tested(d.mean / math.sqrt(variance / n) * math.sqrt(correction), n - 1, kernel)


def equal_predictive_ability(loss_a: ArrayLike, loss_b: ArrayLike) -> DieboldMariano:
    r"""Test whether two forecasts have the same expected loss, whatever hangs together in time.

    .. math:: S = \frac{\sqrt n\, \bar d}{\sqrt{\frac1B \sum_{j=1}^B \Lambda_j^2}}, \quad
              \Lambda_j = \sqrt{\tfrac2n} \sum_{t=1}^n d_t \cos\frac{\pi j (t - 1/2)}n, \quad
              B = \lfloor 0.41\, n^{2/3} \rfloor

    Parameters
    ----------
    loss_a, loss_b : array_like, shape (n,)
        Losses of the same forecasts of the same truths, in order of time; lower is better.

    Notes
    -----
    Student t with B degrees of freedom. It needs no horizon and keeps its level where losses
    overlap by more than is known. Losses that are the same numbers are no difference, as in
    ``diebold_mariano``; fewer than 8 pairs give NaN. E. Lazarus, D. J. Lewis, J. H. Stock and
    M. W. Watson (2018), "HAR inference", eqs. 4 and 10.
    """
    d = _Difference(loss_a, loss_b)
    if d.is_decided or d.n < _LEAST_FOR_COSINES:
        return d.without_test()
    n_cosines = int(0.41 * d.n ** (2 / 3))
    waves = fft.dct(d.values - d.mean, type=2, norm="ortho")[1 : n_cosines + 1]
    variance = float(np.mean(waves**2))
    if not variance > d.rounding**2:
        return d.without_test()
    return d.tested(d.mean / math.sqrt(variance / d.n), n_cosines, "cosine")


class _Difference:
    """The difference of two series of losses, and the results that need no test."""

    def __init__(self, loss_a: ArrayLike, loss_b: ArrayLike) -> None:
        a, b = aligned(loss_a, loss_b)
        if a.ndim != 1:
            raise DataError("a test of equal losses needs one series of losses each")
        self.n, self.values = len(a), a - b
        self.mean = float(self.values.mean()) if self.n else math.nan
        self.is_known = self.n > 1 and bool(np.isfinite(self.values).all())
        largest = float(max(np.abs(a).max(), np.abs(b).max())) if self.is_known else 0.0
        self.rounding = _ROUNDING * largest
        self.is_same = self.is_known and bool(np.abs(self.values).max() <= self.rounding)

    @property
    def is_decided(self) -> bool:
        """Whether there is nothing to test: no numbers, or the same."""
        return self.is_same or not self.is_known

    def without_test(self) -> DieboldMariano:
        p, statistic = (1.0, 0.0) if self.is_same else (math.nan, math.nan)
        return DieboldMariano(self.mean, statistic, p, p, self.n, "none")

    def tested(self, statistic: float, dof: int, kernel: str) -> DieboldMariano:
        p_value = 2 * float(special.stdtr(dof, -abs(statistic)))
        p_better = float(special.stdtr(dof, statistic))
        return DieboldMariano(self.mean, statistic, p_value, p_better, self.n, kernel)


def _long_run_variance(centred: Floats, horizon: int, rounding: float) -> tuple[float, str]:
    """Return the variance of the sum per element, and the kernel that made it positive."""
    n = len(centred)
    gamma = np.array([centred[k:] @ centred[: n - k] / n for k in range(horizon)])
    if gamma[0] <= rounding:
        return 0.0, "none"
    rectangular = float(gamma[0] + 2 * gamma[1:].sum())
    if rectangular > _ROUNDING * gamma[0]:
        return rectangular, "rectangular"
    weights = 1 - np.arange(1, horizon) / horizon
    return float(gamma[0] + 2 * weights @ gamma[1:]), "bartlett"


@dataclass(frozen=True)
class PesaranTimmermann:
    """Result of a Pesaran-Timmermann test of direction.

    Parameters
    ----------
    statistic : float
        Standard normal where forecast and truth have nothing to do with each other.
    p_value : float
        One-sided: the direction is right more often than by chance.
    hit_rate : float
        Share of right directions, as a fraction.
    expected : float
        Share that independent directions of the same frequencies would get right.
    n : int
        Pairs with a direction on both sides.
    """

    statistic: float
    p_value: float
    hit_rate: float
    expected: float
    n: int


def pesaran_timmermann(realised: ArrayLike, forecast: ArrayLike) -> PesaranTimmermann:
    r"""Test whether forecasts have more directions right than their frequencies explain.

    .. math:: S = \frac{\hat P - P_*}{\sqrt{V - W}}, \quad P_* = p_y p_z + (1-p_y)(1-p_z), \quad
              V - W = 4 p_y (1-p_y)\, p_z (1-p_z) \frac{n-1}{n^2}

    with the observed frequencies :math:`p_y, p_z` of rises. The paper's :math:`V = P_*(1-P_*)/n`
    and its W, all three terms of it, differ by just this product.

    Parameters
    ----------
    realised, forecast : array_like, shape (n,)
        Values whose signs count. A zero on either side is no direction, and the pair is left out.

    Notes
    -----
    Where either side knows one direction only, there is nothing to be right about: statistic 0 and
    p-value 1. A market that rises on most days rewards who always says "up"; this test does not.
    Overlapping horizons are not independent: test one step ahead, or every h-th pair. M. H. Pesaran
    and A. Timmermann (1992), eq. 6.
    """
    y, z = aligned(realised, forecast)
    decided = (y != 0) & (z != 0)
    y, z = y[decided], z[decided]
    n = y.size
    if n == 0 or np.isnan(y).any() or np.isnan(z).any():
        return PesaranTimmermann(math.nan, math.nan, math.nan, math.nan, n)
    py, pz, hits = (float(np.mean(side)) for side in (y > 0, z > 0, (y > 0) == (z > 0)))
    expected = py * pz + (1 - py) * (1 - pz)
    variance = 4 * py * (1 - py) * pz * (1 - pz) * (n - 1) / n**2
    if variance == 0:
        return PesaranTimmermann(0.0, 1.0, hits, expected, n)
    statistic = (hits - expected) / math.sqrt(variance)
    return PesaranTimmermann(statistic, float(special.ndtr(-statistic)), hits, expected, n)
