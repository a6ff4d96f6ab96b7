"""Sharpe ratios: their errors, intervals and deflation."""

import math

import numpy as np
import pytest
from scipy import stats

from lstmfin.metrics.returns import sharpe
from lstmfin.metrics.sharpe import (
    deflated_sharpe,
    expected_maximum_sharpe,
    probabilistic_sharpe,
    sharpe_bootstrap_interval,
    sharpe_interval,
    sharpe_standard_error,
)

NAN = np.nan


def test_sharpe_error_is_the_formula():
    """Against the moments of scipy.stats, annualised."""
    r = np.random.default_rng(5).gamma(2.0, 0.01, 200) - 0.015
    ratio = r.mean() / r.std(ddof=1)
    g3, g4 = stats.skew(r), stats.kurtosis(r, fisher=False)
    expected = np.sqrt((1 - g3 * ratio + (g4 - 1) / 4 * ratio**2) / 199 * 252)
    assert sharpe_standard_error(r) == pytest.approx(expected, rel=1e-12)


def test_sharpe_error_is_the_spread_of_the_ratio():
    """Over 4000 skewed samples the ratio scatters as the formula says, and not as Lo's normal one."""
    sample = np.random.default_rng(6).gamma(0.5, 1.0, (4000, 250)) - 0.2
    spread = np.std([sharpe(row) for row in sample])
    stated = np.mean([sharpe_standard_error(row) for row in sample])
    normal = np.mean(
        [np.sqrt((1 + sharpe(row, per_year=1) ** 2 / 2) / 249 * 252) for row in sample]
    )
    assert stated == pytest.approx(spread, rel=0.04)
    assert abs(normal / spread - 1) > 0.15


@pytest.mark.parametrize("returns", [[], [0.1, 0.2], [0.1] * 5, [0.1, NAN, 0.2, 0.3]])
def test_sharpe_error_without_a_sample_is_nan(returns):
    """Two returns, equal ones, or a missing one."""
    assert np.isnan(sharpe_standard_error(returns))


def test_probabilistic_sharpe_is_that_of_quantstats(golden_selection):
    """To 12 digits, with moments free of bias."""
    ours = probabilistic_sharpe(golden_selection["returns"])
    assert ours == pytest.approx(golden_selection["quantstats"]["probabilistic_sharpe"], rel=1e-12)


def test_the_example_of_the_paper():
    """100 trials of variance 1/2 a year, 1250 days at a ratio of 2.5: SR0 0.1132, DSR 0.9004."""
    benchmark = expected_maximum_sharpe(100, variance=0.5 / 250)
    assert benchmark == pytest.approx(0.1132, abs=5e-5)
    ratio, skewness, kurtosis, n = 2.5 / math.sqrt(250), -3.0, 10.0, 1250
    error = math.sqrt((1 - skewness * ratio + (kurtosis - 1) / 4 * ratio**2) / (n - 1))
    assert stats.norm.cdf((ratio - benchmark) / error) == pytest.approx(0.9004, abs=5e-5)


def test_deflated_is_probabilistic_against_the_expected_best():
    """With a variance of its own, else that of ratios of no worth; one trial is no search."""
    r = np.random.default_rng(1).normal(0.001, 0.01, 500)
    assert deflated_sharpe(r, n_trials=1) == probabilistic_sharpe(r)
    for n in (2, 100):
        best = expected_maximum_sharpe(n, variance=1 / 499)
        assert deflated_sharpe(r, n_trials=n) == probabilistic_sharpe(r, benchmark=best)
        best = expected_maximum_sharpe(n, variance=1e-4)
        assert deflated_sharpe(r, n_trials=n, variance=1e-4) == probabilistic_sharpe(
            r, benchmark=best
        )
    values = [deflated_sharpe(r, n_trials=n) for n in (1, 2, 5, 20, 1000)]
    assert values == sorted(values, reverse=True)


def test_the_expected_best_is_the_mean_of_the_best():
    """Of N normal ratios, over many draws; the formula is an approximation to it."""
    draws = np.random.default_rng(2).standard_normal((20000, 50)) * 0.04
    ours = expected_maximum_sharpe(50, variance=0.04**2)
    assert ours == pytest.approx(draws.max(axis=1).mean(), rel=0.02)


def test_the_best_of_noise_is_no_find():
    """The best of 100 worthless strategies looks sure by itself, and is called a find at most as allowed."""
    rng, n_searches, found, sure = np.random.default_rng(4), 200, 0, 0
    for _ in range(n_searches):
        returns = 0.01 * rng.standard_normal((750, 100))
        ratios = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        best = returns[:, np.argmax(ratios)]
        sure += probabilistic_sharpe(best) > 0.95
        found += deflated_sharpe(best, n_trials=100, variance=ratios.var(ddof=1)) > 0.95
    assert sure > 0.9 * n_searches
    assert found <= stats.binom.ppf(0.999, n_searches, 0.05)


def test_interval_is_ratio_and_error():
    """Asymptotic: so many errors on both sides."""
    r = np.random.default_rng(7).normal(0.001, 0.01, 400)
    low, high = sharpe_interval(r, level=0.9)
    assert (low + high) / 2 == pytest.approx(sharpe(r), rel=1e-12)
    assert (high - low) / 2 == pytest.approx(
        1.6448536269514722 * sharpe_standard_error(r), rel=1e-12
    )


def test_bootstrap_interval_is_that_of_arch(golden_selection):
    """Both draw their own samples: equal within the error of 20,000 of them."""
    r = golden_selection["returns"]
    ours = sharpe_bootstrap_interval(r, rng=np.random.default_rng(0), n_samples=20000)
    np.testing.assert_allclose(ours, golden_selection["bootstrap_interval"], atol=0.04)
    np.testing.assert_allclose(ours, sharpe_interval(r), atol=0.25)


def test_bootstrap_interval_is_wider_where_returns_hang_together():
    """Blocks see what the asymptotic interval does not."""
    rng = np.random.default_rng(8)
    shocks = 0.01 * rng.standard_normal(1010)
    r = np.convolve(shocks, np.ones(10) / 3, "valid")
    low, high = sharpe_bootstrap_interval(r, rng=rng)
    low_iid, high_iid = sharpe_interval(r)
    assert high - low > 1.8 * (high_iid - low_iid)


def test_intervals_cover_the_truth():
    """Nine in ten intervals hold the true ratio, for skewed returns."""
    rng, n = np.random.default_rng(9), 300
    truth = (0.5 - 0.4) / math.sqrt(0.5) * math.sqrt(252)  # a gamma(1/2) less 0.4
    held = {"asymptotic": 0, "bootstrap": 0}
    for _ in range(n):
        r = rng.gamma(0.5, 1.0, 250) - 0.4
        for name, (low, high) in {
            "asymptotic": sharpe_interval(r, level=0.9),
            "bootstrap": sharpe_bootstrap_interval(r, rng=rng, level=0.9, n_samples=300),
        }.items():
            held[name] += low <= truth <= high
    low, high = stats.binom.ppf([0.001, 0.999], n, 0.9)
    assert low <= held["asymptotic"] <= high
    assert low - 0.03 * n <= held["bootstrap"] <= high


@pytest.mark.parametrize("returns", [[], [0.1, 0.2], [0.1] * 5, [0.1, NAN, 0.2, 0.3]])
def test_without_a_sample_there_is_no_answer(returns):
    """NaN, and no warning."""
    rng = np.random.default_rng(0)
    assert np.isnan(probabilistic_sharpe(returns))
    assert np.isnan(deflated_sharpe(returns, n_trials=3))
    assert np.isnan(sharpe_interval(returns)).all()
    assert np.isnan(sharpe_bootstrap_interval(returns, rng=rng)).all()
