"""How far forecasts were from what came: of a point, a direction, a range, a distribution.

The truth comes first. Where it is NaN, it is not known yet, and the pair is left out; where only
the forecast is NaN, the result is NaN, for a model must not gain by staying silent. With no pair
left the result is NaN. Any shape will do, (N, H) as well as (N,); all arithmetic is in float64.
"""

import numpy as np
from numpy.typing import ArrayLike

from lstmfin.errors import DataError
from lstmfin.metrics._arrays import Floats, aligned, floats, mean_known
from lstmfin.metrics.law import Law


def mae(realised: ArrayLike, forecast: ArrayLike) -> float:
    """Return the mean absolute error, in the unit of the input; the median makes it least."""
    y, f = aligned(realised, forecast)
    return mean_known(np.abs(y - f), y)


def rmse(realised: ArrayLike, forecast: ArrayLike) -> float:
    """Return the root mean squared error, in the unit of the input; the mean makes it least."""
    y, f = aligned(realised, forecast)
    return float(np.sqrt(mean_known((y - f) ** 2, y)))


def mase(
    realised: ArrayLike, forecast: ArrayLike, *, training: ArrayLike, season: int = 1
) -> float:
    r"""Return the mean absolute scaled error; 1 is as good as the naive forecast in training.

    .. math:: \mathrm{MASE} = \frac{\mathrm{MAE}}
              {\frac1{n-m} \sum_{t=m+1}^{n} |y_t - y_{t-m}|}

    Parameters
    ----------
    realised, forecast : array_like
        Levels, such as prices (not returns: the naive forecast of a return is no random walk).
    training : array_like, shape (n,)
        Levels that were known before; NaN differences are left out.
    season : int, default 1
        Steps :math:`m` that the naive forecast looks back.

    Notes
    -----
    NaN where the training levels never move. R. J. Hyndman and A. B. Koehler (2006), eq. 3.
    """
    known = floats(training)
    steps = np.abs(known[season:] - known[:-season])
    return _ratio(mae(realised, forecast), mean_known(steps, steps))


def hit_rate(realised: ArrayLike, forecast: ArrayLike) -> float:
    """Return the share of forecasts with the right sign, as a fraction.

    A zero on either side is no direction, and the pair is left out.
    """
    y, f = aligned(realised, forecast)
    decided = (y != 0) & (f != 0)
    y, f = y[decided], f[decided]
    return mean_known(np.where(np.isnan(f), np.nan, np.sign(y) == np.sign(f)), y)


def coverage(realised: ArrayLike, *, lower: ArrayLike, upper: ArrayLike) -> float:
    """Return the share of the truth inside the ranges, bounds included, as a fraction."""
    y, low, high = aligned(realised, lower, upper)
    inside = (low <= y) & (y <= high)
    return mean_known(np.where(np.isnan(low) | np.isnan(high), np.nan, inside), y)


def coverage_by_quarter(
    realised: ArrayLike, *, lower: ArrayLike, upper: ArrayLike, sessions: ArrayLike
) -> dict[str, float]:
    """Return the coverage of each quarter of a year that has a known truth, such as ``2020Q1``.

    Parameters
    ----------
    sessions : array_like of datetime64 (N,)
        Dates of the truths, which are (N,) like the ranges.
    """
    y, low, high = aligned(realised, lower, upper)
    months = np.asarray(sessions, "datetime64[M]").astype(int)
    quarters = months // 3
    result = {}
    for quarter in np.unique(quarters):
        at = quarters == quarter
        held = coverage(y[at], lower=low[at], upper=high[at])
        if np.isfinite(y[at]).any():
            result[f"{1970 + quarter // 4}Q{quarter % 4 + 1}"] = held
    return result


def crps(realised: ArrayLike, law: Law) -> float:
    r"""Return the mean continuous ranked probability score, in the unit of the input; 0 is best.

    .. math:: \int (F(x) - [y \le x])^2 dx

    J. E. Matheson and R. L. Winkler (1976); T. Gneiting and A. E. Raftery (2007), eq. 20. Of each
    pair it is ``law.crps``.
    """
    y = _matching(realised, law)
    return mean_known(law.crps(y), y)


def log_score(realised: ArrayLike, law: Law) -> float:
    """Return the mean negative log density of the truth, in nats; the lower the better.

    I. J. Good (1952). Of each pair it is ``-law.logpdf``. Its skill is a difference, in nats, for
    its best value is not zero.
    """
    y = _matching(realised, law)
    return mean_known(-law.logpdf(y), y)


def pit(realised: ArrayLike, law: Law) -> Floats:
    """Return the probability integral transform F(y) of each truth; NaN where it is not known.

    Even over [0, 1] where the laws are calibrated (A. P. Dawid, 1984; F. X. Diebold, T. A. Gunther
    and A. S. Tay, 1998).
    """
    return law.cdf(_matching(realised, law))


def pit_histogram(realised: ArrayLike, law: Law, *, n_bins: int = 10) -> Floats:
    """Return the share of the known truth in each of ``n_bins`` equal parts of its law."""
    u = pit(realised, law)
    known = u[~np.isnan(u)]
    counts, _ = np.histogram(known, bins=n_bins, range=(0.0, 1.0))
    return floats(counts) / known.size if known.size else np.full(n_bins, np.nan)


def pinball_loss(realised: ArrayLike, quantile: ArrayLike, *, level: float) -> Floats:
    r"""Return the quantile loss of each pair: :math:`(y - q)(\tau - [y < q])`, never negative.

    R. Koenker and G. Bassett (1978). Unit of the input; NaN stays NaN.
    """
    y, q = aligned(realised, quantile)
    return (y - q) * (_inside_unit(level) - (y < q))


def pinball(realised: ArrayLike, quantile: ArrayLike, *, level: float) -> float:
    """Return the mean quantile loss, in the unit of the input; for the median, half the MAE."""
    return mean_known(pinball_loss(realised, quantile, level=level), floats(realised))


def interval_loss(
    realised: ArrayLike, *, lower: ArrayLike, upper: ArrayLike, level: float
) -> Floats:
    r"""Return the interval score of each pair, in the unit of the input; NaN stays NaN.

    .. math:: (u - l) + \tfrac2\alpha (l - y)^+ + \tfrac2\alpha (y - u)^+, \quad
              \alpha = 1 - \text{level}

    T. Gneiting and A. E. Raftery (2007), eq. 43. ``level`` is the nominal coverage, as 0.9.
    """
    y, low, high = aligned(realised, lower, upper)
    missed = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    return high - low + 2 / (1 - _inside_unit(level)) * missed


def interval_score(
    realised: ArrayLike, *, lower: ArrayLike, upper: ArrayLike, level: float
) -> float:
    """Return the mean interval score, in the unit of the input; narrow and right is best."""
    loss = interval_loss(realised, lower=lower, upper=upper, level=level)
    return mean_known(loss, floats(realised))


def qlike_loss(realised: ArrayLike, forecast: ArrayLike) -> Floats:
    r"""Return the QLIKE loss of each pair of variances, :math:`y/f - \log(y/f) - 1`.

    Never negative, it ranks forecasts as the true variance would, though ``realised`` is only a
    noisy proxy of it (A. J. Patton, 2011, eq. 24). Without a unit; NaN where either is not
    positive.
    """
    y, f = aligned(realised, forecast)
    positive = (y > 0) & (f > 0)
    ratio = np.divide(y, f, out=np.full_like(y, np.nan), where=positive)
    return ratio - np.log(ratio) - 1


def qlike(realised: ArrayLike, forecast: ArrayLike) -> float:
    """Return the mean QLIKE loss of forecasts of variance.

    A realised variance of zero, of a session in which no price moved, says nothing here and is left
    out like one that is not known.
    """
    y, f = aligned(realised, forecast)
    known = np.where(y > 0, y, np.nan)
    return mean_known(qlike_loss(known, f), known)


def skill(score: float, reference: float) -> float:
    """Return the share of the reference's score that a forecast saves; 0 is no better, 1 perfect.

    For scores whose best value is zero (not for a log score). NaN where the reference is zero. The
    reference is the same score of a naive forecast of the same truth: of a price the last one, of a
    law or a variance that of trailing volatility.
    """
    return 1 - _ratio(score, reference)


def _ratio(score: float, reference: float) -> float:
    return score / reference if reference != 0 else float("nan")


def _matching(realised: ArrayLike, law: Law) -> Floats:
    """Return the truth in the laws' shape: one truth for many laws is no forecast verified."""
    return aligned(realised, np.empty(law.shape))[0]


def _inside_unit(level: float) -> float:
    if not 0 < level < 1:
        raise DataError(f"a level is a fraction between 0 and 1, not {level}")
    return level
