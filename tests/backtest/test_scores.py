"""Scores of a backtest, against numbers made by hand."""

import numpy as np
import pytest

from lstmfin.backtest.scores import score
from lstmfin.backtest.verdict import verdict
from lstmfin.data.variance import realised_variance
from lstmfin.metrics import forecast as f
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.mixture import Mixture
from lstmfin.metrics.stretched import Stretched

TRUTH = np.array([0.02, -0.01, 0.03, -0.02])


@pytest.fixture
def scores(handmade):
    location = np.array([0.01, 0.01, 0.01, -0.01])
    result = handmade(TRUTH, location, held=[0.1, -0.1, 0.2, 0.1], cost_bps=100.0)
    return {one.model: one for one in score(result)}


def test_every_model_is_scored(scores):
    """The network comes first, buy-and-hold last, and that one forecasts nothing."""
    assert list(scores) == ["lstm", "drift", "zero-return", "buy-and-hold"]
    held = scores["buy-and-hold"]
    assert {held.crps_skill, held.crps_skill_at_horizon, held.mae_bps, held.hit_rate} == {None}


def test_forecast_scores(scores):
    """Mean error in basis points, share of right signs, share inside the range of 90 %."""
    lstm, zero = scores["lstm"], scores["zero-return"]
    assert lstm.mae_bps == pytest.approx((100 + 200 + 200 + 100) / 4)
    assert lstm.hit_rate == 0.75
    assert lstm.coverage_90 == 0.5  # errors of 1, 2, 2 and 1 scales; the range ends at 1.645
    assert (zero.crps_skill, zero.crps_skill_at_horizon) == (0, 0)
    assert zero.mae_bps == pytest.approx(200)
    assert zero.hit_rate is None
    own = StudentT(np.array([0.01, 0.01, 0.01, -0.01]), 0.01).crps(TRUTH).mean()
    other = StudentT(np.zeros(4), 0.01).crps(TRUTH).mean()
    assert lstm.crps_skill == pytest.approx(1 - own / other)


def test_money_scores(scores):
    """After costs of 1 %: + 9 %, - 10 %, + 20 %, then a flip that costs 2 % and loses 10 %."""
    lstm = scores["lstm"]
    worth = np.cumprod([1.09, 0.9, 1.2, 0.88])
    assert lstm.total_return == pytest.approx(worth[-1] - 1)
    assert lstm.annual_return == pytest.approx(worth[-1] ** (252 / 4) - 1)
    assert lstm.max_drawdown == pytest.approx(-0.12)
    assert lstm.turnover == pytest.approx((1 + 2) / 4)
    net = np.array([0.09, -0.1, 0.2, -0.12])
    assert lstm.sharpe == pytest.approx(net.mean() / net.std(ddof=1) * np.sqrt(252))
    assert lstm.annual_volatility == pytest.approx(net.std(ddof=1) * np.sqrt(252))
    held = scores["buy-and-hold"]
    assert held.total_return == pytest.approx(1.09 * 0.9 * 1.2 * 1.1 - 1)
    assert held.turnover == 0.25
    assert scores["zero-return"].turnover == scores["zero-return"].total_return == 0
    assert scores["zero-return"].sharpe is None


def test_skill_at_the_horizon_leaves_out_what_is_not_known(result):
    """The last horizon is scored on the origins whose truth is there; without any it is None."""
    known = np.isfinite(result.realised[:, -1])
    lstm = score(result)[0]
    own, other = (
        result.laws[name][known, -1].crps(result.realised[known, -1]).mean()
        for name in ("lstm", "zero-return")
    )
    assert lstm.crps_skill_at_horizon == pytest.approx(1 - own / other)
    result.realised[:, -1], kept = np.nan, result.realised[:, -1].copy()
    assert {one.crps_skill_at_horizon for one in score(result)} == {None}
    result.realised[:, -1] = kept


def test_every_score_is_that_of_the_metric(result):
    """Each is what ``lstmfin.metrics.forecast`` says of law and truth; skills are against the last price."""
    scores = {one.model: one for one in score(result)}
    truth, law = result.realised[:, 0], result.laws["lstm"][:, 0]
    reference = result.laws["zero-return"][:, 0]
    low, high = law.quantile(0.05), law.quantile(0.95)
    own, zero = scores["lstm"], scores["zero-return"]
    assert own.crps_bps == pytest.approx(1e4 * f.crps(truth, law))
    assert own.log_score == pytest.approx(f.log_score(truth, law))
    assert own.log_score_gain == pytest.approx(f.log_score(truth, reference) - own.log_score)
    assert own.pinball_05_bps == pytest.approx(1e4 * f.pinball(truth, low, level=0.05))
    assert own.pinball_95_bps == pytest.approx(1e4 * f.pinball(truth, high, level=0.95))
    interval = f.interval_score(truth, lower=low, upper=high, level=0.9)
    assert own.interval_90_bps == pytest.approx(1e4 * interval)
    assert own.interval_90_skill == pytest.approx(1 - own.interval_90_bps / zero.interval_90_bps)
    assert own.mae_skill == pytest.approx(1 - own.mae_bps / zero.mae_bps)
    assert own.rmse_bps == pytest.approx(1e4 * f.rmse(truth, law.median))
    assert own.rmse_skill == pytest.approx(1 - own.rmse_bps / zero.rmse_bps)
    assert own.qlike == pytest.approx(f.qlike(result.realised_variance, result.variance["lstm"]))
    assert own.qlike_skill == pytest.approx(1 - own.qlike / zero.qlike)
    assert sum(own.pit) == pytest.approx(1)
    last = np.isfinite(result.realised[:, -1])
    error = np.abs(result.realised[last, -1] - result.laws["lstm"][last, -1].median).mean()
    assert own.mase_at_horizon == pytest.approx(error / np.abs(truth).mean())
    assert (zero.crps_skill, zero.log_score_gain, zero.qlike_skill) == (0, 0, 0)


def test_variance_models_are_scored_by_what_they_model(result, prices):
    """HAR's QLIKE is of its variance, not of its law; the truth is that of the session after."""
    scores = {one.model: one for one in score(result)}
    assert set(result.variance) == set(result.laws)
    expected = f.qlike(result.realised_variance, result.variance["har-rv"])
    assert scores["har-rv"].qlike == pytest.approx(expected)
    origins = np.searchsorted(prices.sessions, result.sessions)
    np.testing.assert_array_equal(result.realised_variance, realised_variance(prices)[origins + 1])


def test_without_a_realised_variance_there_is_no_qlike(scores):
    """A result made of returns alone has none."""
    assert (scores["lstm"].qlike, scores["lstm"].qlike_skill) == (None, None)


def test_coverage_by_quarter_is_in_the_scores(result):
    """One share a quarter of the tested sessions, that average to the whole."""
    own = score(result)[0]
    quarters = own.coverage_by_quarter
    months = result.sessions.astype("datetime64[M]").astype(int)
    weights = {f"{1970 + q // 4}Q{q % 4 + 1}": (months // 3 == q).sum() for q in months // 3}
    assert set(quarters) == set(weights)
    total = sum(weights[q] * held for q, held in quarters.items()) / len(months)
    assert total == pytest.approx(own.coverage_90)


def test_a_law_of_another_class_is_scored(handmade):
    """Mixtures and stretched laws go through scores and verdict like any other."""
    rng = np.random.default_rng(0)
    result = handmade(0.01 * rng.standard_normal(60), np.zeros(60))
    one = result.laws["lstm"]
    result.laws["lstm"] = Stretched(Mixture([one, one.affine(1e-3, 1.2)]), below=1.1, above=0.9)
    own = score(result)[0]
    assert 0.8 < own.coverage_90 <= 1
    assert np.isfinite(own.crps_skill)
    assert len(verdict(result)) == 3
