r"""How much a Sharpe ratio is worth: its error, its interval, and what is left after a search.

Returns are simple returns per session. Ratios are annualised unless the name says ``per_session``;
probabilities are about ratios per session. :math:`g_3, g_4` are skewness and kurtosis (3 for a
normal law). NaN anywhere makes the result NaN.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lstmfin.metrics._arrays import Floats, floats
from lstmfin.metrics.bootstrap import block_length, stationary_indices
from lstmfin.metrics.returns import SESSIONS_PER_YEAR, sharpe

LEAST = 3
"""Fewer returns have no skewness to speak of."""

EULER = 0.5772156649015329


def sharpe_standard_error(returns: ArrayLike, *, per_year: float = SESSIONS_PER_YEAR) -> float:
    r"""Return the asymptotic standard error of the annualised Sharpe ratio.

    .. math:: \sqrt{\frac{1 - g_3\,\mathrm{SR} + \frac{g_4 - 1}4 \mathrm{SR}^2}{n - 1}}
              \sqrt{\text{per year}}

    with the Sharpe ratio SR per session, and moments of the sample.

    Notes
    -----
    For independent returns: A. W. Lo (2002), eq. 9, with the moments of E. Mertens (2002) and J. D.
    Opdyke (2007). NaN for fewer than three returns, for equal ones, and with a NaN.
    """
    r = floats(returns)
    if not _usable(r):
        return math.nan
    z = (r - r.mean()) / np.std(r)
    ratio = float(np.mean(r) / np.std(r, ddof=1))
    return math.sqrt(
        _variance(ratio, float(np.mean(z**3)), float(np.mean(z**4)), r.size) * per_year
    )


def sharpe_interval(
    returns: ArrayLike, *, level: float = 0.95, per_year: float = SESSIONS_PER_YEAR
) -> tuple[float, float]:
    """Return the asymptotic confidence interval of the annualised Sharpe ratio."""
    half = float(special.ndtri((1 + level) / 2)) * sharpe_standard_error(returns, per_year=per_year)
    ratio = sharpe(returns, per_year=per_year)
    return ratio - half, ratio + half


def sharpe_bootstrap_interval(
    returns: ArrayLike,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    n_samples: int = 2000,
    per_year: float = SESSIONS_PER_YEAR,
) -> tuple[float, float]:
    """Return the percentile interval of the annualised Sharpe ratio over a stationary bootstrap.

    Parameters
    ----------
    rng : Generator
        Draws the samples.
    level : float, default 0.95
        Nominal coverage.

    Notes
    -----
    Blocks keep what hangs together in time, and are as long as ``block_length`` finds. Samples
    whose returns are all equal have no ratio, and are left out. O. Ledoit and M. Wolf (2008).
    """
    r = floats(returns)
    if not _usable(r):
        return math.nan, math.nan
    at = stationary_indices(r.size, length=block_length(r), n_samples=n_samples, rng=rng)
    sample = r[at]  # (n_samples, n)
    spread = np.std(sample, axis=1, ddof=1)
    moving = np.ptp(sample, axis=1) > 0
    ratios = sample.mean(axis=1)[moving] / spread[moving] * math.sqrt(per_year)
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def probabilistic_sharpe(returns: ArrayLike, *, benchmark: float = 0.0) -> float:
    r"""Return the probability that the true Sharpe ratio is above a benchmark.

    .. math:: \Phi\left(\frac{(\mathrm{SR} - \mathrm{SR}_0)\sqrt{n - 1}}
              {\sqrt{1 - g_3\,\mathrm{SR} + \frac{g_4 - 1}4 \mathrm{SR}^2}}\right)

    Parameters
    ----------
    returns : array_like, shape (n,)
    benchmark : float, default 0
        :math:`\mathrm{SR}_0`, per session.

    Notes
    -----
    Skewness and kurtosis are free of bias of small samples. D. H. Bailey and M. López de Prado
    (2012), eq. 11. NaN for fewer than four returns, equal ones, and with a NaN.
    """
    r = floats(returns)
    if not _usable(r) or r.size <= LEAST:
        return math.nan
    ratio = float(np.mean(r) / np.std(r, ddof=1))
    variance = _variance(ratio, *_unbiased_moments(r), r.size)
    if variance <= 0:
        return math.nan
    return float(special.ndtr((ratio - benchmark) / math.sqrt(variance)))


def expected_maximum_sharpe(n_trials: int, *, variance: float) -> float:
    r"""Return the Sharpe ratio per session to expect of the best of so many worthless trials.

    .. math:: \sqrt V \left((1 - \gamma)\,\Phi^{-1}\Big(1 - \frac1N\Big)
              + \gamma\,\Phi^{-1}\Big(1 - \frac1{N e}\Big)\right)

    Parameters
    ----------
    n_trials : int
        Independent trials :math:`N`; 0 for one trial, which is no search.
    variance : float
        Variance :math:`V` of the ratios per session over the trials.

    Notes
    -----
    D. H. Bailey and M. López de Prado (2014), "The deflated Sharpe ratio", eq. 1.
    """
    if n_trials <= 1:
        return 0.0
    best = (1 - EULER) * special.ndtri(1 - 1 / n_trials)
    best += EULER * special.ndtri(1 - 1 / (n_trials * math.e))
    return float(math.sqrt(variance) * best)


def deflated_sharpe(returns: ArrayLike, *, n_trials: int, variance: float | None = None) -> float:
    """Return the probability that the Sharpe ratio of the best of a search is truly above 0.

    It is the probabilistic Sharpe ratio against ``expected_maximum_sharpe``.

    Parameters
    ----------
    returns : array_like, shape (n,)
    n_trials : int
        How many were tried, this one included.
    variance : float, optional
        Of the ratios per session over the trials; where it is not known, that of the error of one
        ratio of no worth, 1 / (n - 1).

    Notes
    -----
    D. H. Bailey and M. López de Prado (2014), eq. 2.
    """
    r = floats(returns)
    if variance is None:
        variance = 1 / max(r.size - 1, 1)
    return probabilistic_sharpe(r, benchmark=expected_maximum_sharpe(n_trials, variance=variance))


def _usable(r: Floats) -> bool:
    return r.ndim == 1 and r.size >= LEAST and bool(np.ptp(r) > 0)  # NaN is not above 0


def _variance(ratio: float, skewness: float, kurtosis: float, n: int) -> float:
    return max((1 - skewness * ratio + (kurtosis - 1) / 4 * ratio**2) / (n - 1), 0.0)


def _unbiased_moments(r: Floats) -> tuple[float, float]:
    """Return skewness G1 and kurtosis G2 + 3 of D. N. Joanes and C. A. Gill (1998)."""
    n = r.size
    z = (r - r.mean()) / np.std(r)
    skewness, excess = float(np.mean(z**3)), float(np.mean(z**4)) - 3
    skewness *= math.sqrt(n * (n - 1)) / (n - 2)
    excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess + 6)
    return skewness, excess + 3
