"""Our metrics and tests beside other libraries', live, on fresh draws."""

import dieboldmariano
import numpy as np
import pandas as pd
import pytest
import quantstats.stats
import scoringrules
from statsmodels.stats.diagnostic import pesaran_timmermann as statsmodels_pt
from statsmodels.tsa.stattools import diebold_mariano_test

from lstmfin.metrics import returns
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.forecast import interval_score, pinball
from lstmfin.metrics.inference import diebold_mariano, pesaran_timmermann

pytestmark = pytest.mark.parametrize("seed", range(5))


@pytest.fixture
def rng(seed):
    return np.random.default_rng(seed)


def _close(note, name, ours, theirs, rel):
    note(name, np.max(np.abs(np.asarray(ours) / theirs - 1)))
    assert ours == pytest.approx(theirs, rel=rel)


@pytest.mark.parametrize("horizon", [1, 2, 5])
def test_diebold_mariano(rng, horizon, agreement):
    """The statistic with a rectangular kernel is dieboldmariano's; for one step, statsmodels' too."""
    # A difference that wanders keeps the rectangular variance above 0.
    a, noise = rng.random(120), rng.standard_normal(120 + horizon)
    b = a + np.convolve(noise, np.ones(horizon + 1) / 4, "valid") + 0.1
    ours = diebold_mariano(a, b, horizon=horizon)
    zeros = [0.0] * 120
    statistic, p_value = dieboldmariano.dm_test(
        zeros, list(a), list(b), loss=lambda _, forecast: forecast, h=horizon
    )
    assert ours.kernel == "rectangular"
    _close(agreement, "dieboldmariano", ours.statistic, statistic, 1e-10)
    _close(agreement, "dieboldmariano", ours.p_value, p_value, 1e-8)
    if horizon == 1:
        options = {"criterion": lambda _, f: f, "lags": 0, "harvey_adj": True, "horizon": 1}
        result = diebold_mariano_test(np.zeros(120), a, b, **options)
        _close(agreement, "statsmodels diebold_mariano", ours.statistic, result.statistic, 1e-10)


def test_pesaran_timmermann(rng, agreement):
    """The statistic is statsmodels', which leaves out a factor of (n - 1) / n in the variance."""
    y = rng.standard_normal(250) + 0.1
    z = 0.25 * y + rng.standard_normal(250)
    ours = pesaran_timmermann(y, z)
    theirs = statsmodels_pt(y, z, alternative="larger")
    without = ours.statistic * np.sqrt((ours.n - 1) / ours.n)
    _close(agreement, "statsmodels pesaran_timmermann", without, theirs.statistic, 1e-10)


def test_scores_of_laws_and_intervals(rng, agreement):
    """CRPS of Student's t and the normal law, interval score and pinball loss are scoringrules'."""
    y, location = rng.standard_normal((2, 50))
    scale, dof = np.exp(rng.standard_normal(50)), 2.5 + 20 * rng.random(50)
    ours = StudentT(location, scale, dof).crps(y)
    _close(
        agreement, "scoringrules crps_t", ours, scoringrules.crps_t(y, dof, location, scale), 1e-9
    )
    ours = StudentT(location, scale).crps(y)
    theirs = scoringrules.crps_normal(y, location, scale)
    _close(agreement, "scoringrules crps_normal", ours, theirs, 1e-9)
    lower, upper = location - scale, location + scale
    ours = interval_score(y, lower=lower, upper=upper, level=0.9)
    theirs = scoringrules.interval_score(y, lower, upper, 0.1).mean()
    _close(agreement, "scoringrules interval_score", ours, theirs, 1e-10)
    ours = pinball(y, lower, level=0.05)
    theirs = scoringrules.quantile_score(y, lower, 0.05).mean()
    _close(agreement, "scoringrules quantile_score", ours, theirs, 1e-10)


def test_returns(rng, agreement):
    """Sharpe ratio, drawdown and profit factor are quantstats'."""
    r = 0.0004 + 0.011 * rng.standard_t(4, 300)
    series = pd.Series(r, index=pd.bdate_range("2020-01-01", periods=300))
    theirs = {
        "sharpe": quantstats.stats.sharpe(series, periods=252),
        "max_drawdown": quantstats.stats.max_drawdown(series),
        "profit_factor": quantstats.stats.profit_factor(series),
    }
    for name, value in theirs.items():
        _close(agreement, f"quantstats {name}", getattr(returns, name)(r), value, 1e-10)
