"""GARCH: the filter, the path ahead, and arch's answers."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from lstmfin.models.baselines import _garch
from lstmfin.models.baselines._garch import (
    Parameters,
    filtered_variance,
    first_variance,
    variance_path,
)
from lstmfin.registry import BASELINES

PARAMETERS = Parameters(mu=3e-4, omega=2e-6, alpha=0.04, gamma=0.09, beta=0.9, dof=6.0)
GOLDEN = Path(__file__).parents[1] / "golden" / "laws.json"
with_arch = pytest.mark.skipif(find_spec("arch") is None, reason="the extra stats is not there")


@pytest.fixture(scope="module", params=["garch", "gjr"])
def golden(request):
    return json.loads(GOLDEN.read_text(encoding="utf-8"))[request.param]


def _parameters(table):
    found = table["parameters"]
    return Parameters(
        found["mu"] / 100,
        found["omega"] / 1e4,
        found["alpha[1]"],
        found.get("gamma[1]", 0.0),
        found["beta[1]"],
        found["nu"],
    )


def test_filter_by_a_plain_loop():
    """The variance of tomorrow, return by return; it starts from the mean square of the first 20."""
    returns = 0.01 * np.random.default_rng(0).standard_t(5, 300)
    mu, omega, alpha, gamma, beta, _ = PARAMETERS
    start = np.mean((returns[:20] - mu) ** 2)
    assert first_variance(returns, mu) == pytest.approx(start)
    variance, expected = omega + (alpha + gamma / 2 + beta) * start, []
    for r in returns:
        e = r - mu
        variance = omega + (alpha + gamma * (e < 0)) * e * e + beta * variance
        expected.append(variance)
    np.testing.assert_allclose(filtered_variance(returns, PARAMETERS), expected, rtol=1e-12)


def test_path_comes_back_to_the_mean_variance():
    """σ̄² + p^k (σ² - σ̄²), and ω / (1 - p) in the end."""
    p = PARAMETERS.persistence
    mean = PARAMETERS.omega / (1 - p)
    path = variance_path(np.array([1e-4, 1e-3]), PARAMETERS, 2000)
    k = np.arange(2000)
    expected = mean + p**k * (np.array([[1e-4], [1e-3]]) - mean)
    np.testing.assert_allclose(path, expected, rtol=1e-10)
    assert path[0, -1] == pytest.approx(mean)


def test_variances_and_forecasts_are_those_of_arch(golden):
    """With arch's parameters: its last conditional variances, and ten sessions ahead."""
    parameters = _parameters(golden)
    variance = filtered_variance(np.array(golden["percent"]) / 100, parameters) * 1e4
    np.testing.assert_allclose(variance[-6:-1], golden["variance"], rtol=1e-9)
    path = variance_path(variance[-5:] / 1e4, parameters, 10) * 1e4
    np.testing.assert_allclose(path, golden["ahead"], rtol=1e-9)


@with_arch
def test_the_fit_is_that_of_arch(golden):
    """The parameters of greatest likelihood, in fractions."""
    asymmetric = "gamma[1]" in golden["parameters"]
    found, converged = _garch.fit_garch(np.array(golden["percent"]) / 100, asymmetric=asymmetric)
    assert converged
    np.testing.assert_allclose(found, _parameters(golden), rtol=1e-3, atol=1e-9)


def _fit_that_finds(monkeypatch, parameters, *, converged=True):
    def fit_garch(returns, *, asymmetric):
        return parameters, converged

    monkeypatch.setattr(_garch, "fit_garch", fit_garch)


@pytest.mark.parametrize(
    ("changes", "converged", "text"),
    [
        ({}, False, "did not come to its end"),
        ({"dof": 2.05}, True, "tails of Garch are at their bound"),
        ({"beta": 0.96, "gamma": 0.0}, True, "never comes back to its mean"),
        ({"alpha": 0.0, "gamma": 0.0}, True, "finds no change in the variance"),
        ({"omega": 0.0}, True, "finds no change in the variance"),
    ],
)
def test_a_degenerate_fit_is_told(series, monkeypatch, changes, converged, text):
    """A maximum at a bound is reported with the symbol, and the law is still one."""
    _fit_that_finds(monkeypatch, PARAMETERS._replace(**changes), converged=converged)
    model = BASELINES.get("garch")(3)
    model.fit(series())
    assert any(text in warning for warning in model.warnings)
    assert all(warning.startswith("GARCH: ") for warning in model.warnings)
    assert np.isfinite(model.predict(series(), np.array([60, 199])).scale).all()


def test_a_sound_fit_says_nothing(series, monkeypatch):
    """Ordinary parameters are no news; location and variances are those of the parameters."""
    _fit_that_finds(monkeypatch, PARAMETERS)
    prices, origins = series(), np.array([60, 100, 199])
    model = BASELINES.get("gjr")(3)
    model.fit(prices)
    assert model.warnings == []
    np.testing.assert_allclose(model.predict(prices, origins).location[0], 3e-4 * np.arange(1, 4))
    following = filtered_variance(prices.log_returns()[1:], PARAMETERS)
    np.testing.assert_allclose(
        model.predict_variance(prices, origins)[:, 0], following[origins - 1], rtol=1e-12
    )
