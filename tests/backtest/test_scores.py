"""Scores of a backtest, against numbers made by hand."""

import numpy as np
import pytest

from lstmfin.backtest.scores import score
from lstmfin.metrics.distribution import StudentT

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
