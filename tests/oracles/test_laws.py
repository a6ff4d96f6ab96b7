"""Laws, volatility models and calibration beside other libraries', live, on fresh draws."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scoringrules
import statsmodels.api as sm
from arch import arch_model
from arch.univariate import HARX

from lstmfin.data.prices import Prices, make_bars
from lstmfin.data.variance import realised_variance
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.forecast import qlike
from lstmfin.metrics.mixture import Mixture
from lstmfin.metrics.quantiles import Quantiles
from lstmfin.registry import BASELINES

pytestmark = pytest.mark.parametrize("seed", range(3))


@pytest.fixture
def prices(seed):
    """Return 1500 sessions of a GARCH process with leverage, closes alone."""
    rng = np.random.default_rng(seed)
    variance, returns = 1e-4, []
    for z in rng.standard_t(6, 1500) / np.sqrt(1.5):
        e = np.sqrt(variance) * z
        returns.append(3e-4 + e)
        variance = 3e-6 + (0.04 + 0.08 * (e < 0)) * e * e + 0.89 * variance
    close = 100 * np.exp(np.cumsum(returns))
    return Prices("SIM", make_bars(pd.bdate_range("2015-01-01", periods=1500), close=close))


def _note(agreement, name, ours, theirs):
    agreement(name, np.max(np.abs(np.asarray(ours) / np.asarray(theirs) - 1)))


@pytest.mark.parametrize(("name", "o"), [("garch", 0), ("gjr", 1)])
def test_garch_forecasts_are_those_of_arch(prices, name, o, agreement):
    """Fitted on 1000 sessions and filtered on: variances of the next 10 at later origins."""
    model = BASELINES.get(name)(10)
    model.fit(prices.slice(1000))
    origins = np.array([999, 1100, 1400, 1499])
    ours = model.predict_variance(prices, origins)
    percent = 100 * prices.log_returns()[1:]
    found = model.parameters
    other = arch_model(percent, mean="Constant", vol="GARCH", p=1, o=o, q=1, dist="t")
    numbers = [100 * found.mu, 1e4 * found.omega, found.alpha, *([found.gamma] * o)]
    fixed = other.fix([*numbers, found.beta, found.dof])
    ahead = fixed.forecast(horizon=10, start=900, reindex=False).variance.to_numpy() / 1e4
    theirs = np.cumsum(ahead[origins - 1 - 900], axis=1) / np.arange(1, 11)
    _note(agreement, f"arch {name}", ours, theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-8)


def test_har_coefficients_are_those_of_arch(prices, agreement):
    """With a range, least squares on logs of lag 1, the mean of 5 and the mean of 22."""
    rng = np.random.default_rng(0)
    close = prices.column("close")
    opens = close * np.exp(2e-3 * rng.standard_normal(1500))
    spread = np.exp(np.abs(5e-3 * rng.standard_normal((2, 1500))))
    high, low = np.maximum(opens, close) * spread[0], np.minimum(opens, close) / spread[1]
    bars = prices.bars.assign(open=opens, high=high, low=low)
    ranged = replace(prices, bars=bars)
    log_variance = np.log(realised_variance(ranged)[1:])
    theirs = HARX(log_variance, lags=[1, 5, 22]).fit(disp="off").params.to_numpy()[:4]
    x = np.column_stack([pd.Series(log_variance).rolling(k).mean() for k in (1, 5, 22)])[21:-1]
    ours = np.linalg.lstsq(np.column_stack([np.ones(len(x)), x]), log_variance[22:])[0]
    np.testing.assert_allclose(ours, theirs, rtol=1e-8)
    model = BASELINES.get("har-rv")(1)  # it uses the first month as well
    model.fit(ranged)
    _note(agreement, "arch HARX, first month apart", model._beta[1:, 0], theirs[1:])
    np.testing.assert_allclose(model._beta[:, 0], theirs, atol=0.1 * np.abs(theirs).max())


def test_ar1_is_that_of_statsmodels(prices, agreement):
    """The slope and the mean of ordinary least squares."""
    model = BASELINES.get("ar1")(1)
    model.learn(prices)
    returns = prices.log_returns()[1:]
    intercept, slope = sm.OLS(returns[1:], sm.add_constant(returns[:-1])).fit().params
    _note(agreement, "statsmodels OLS", model.memory, slope)
    assert model.memory == pytest.approx(slope, rel=1e-8)
    assert model.mean == pytest.approx(intercept / (1 - slope), rel=1e-8)


def test_mixtures_of_normals_are_those_of_scoringrules(seed, agreement):
    """CRPS and log score, members near each other and far apart."""
    rng = np.random.default_rng(seed)
    location, scale, y = (
        rng.normal(size=(40, 4)),
        np.exp(rng.normal(size=(40, 4))),
        rng.normal(size=40),
    )
    mixture = Mixture([StudentT(m, s) for m, s in zip(location.T, scale.T, strict=True)])
    theirs = scoringrules.crps_mixnorm(y, location, scale)
    _note(agreement, "scoringrules crps_mixnorm", mixture.crps(y), theirs)
    np.testing.assert_allclose(mixture.crps(y), theirs, rtol=1e-5)
    logs = scoringrules.logs_mixnorm(y, location, scale)
    np.testing.assert_allclose(-mixture.logpdf(y), logs, rtol=1e-10)


def test_quantile_laws_are_their_draws(seed, agreement):
    """The closed form of the CRPS is that of an ensemble of a hundred thousand quantiles."""
    rng = np.random.default_rng(seed)
    levels = np.array([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])
    law = Quantiles(np.sort(rng.normal(size=(5, 7)), axis=-1), levels)
    draws = law[:, None].quantile((np.arange(100_000) + 0.5) / 100_000)
    y = rng.normal(size=5)
    theirs = scoringrules.crps_ensemble(y, draws)
    _note(agreement, "scoringrules crps_ensemble", law.crps(y), theirs)
    np.testing.assert_allclose(law.crps(y), theirs, rtol=1e-4)


def test_qlike_ranks_as_the_gamma_likelihood_does(seed):
    """Up to what no forecast changes it is twice the deviance of statsmodels' gamma family."""
    rng = np.random.default_rng(seed)
    y, f = np.exp(rng.normal(size=(2, 60)))
    deviance = sm.families.Gamma().deviance(y, f) / 60
    assert qlike(y, f) == pytest.approx(deviance / 2, rel=1e-9)
