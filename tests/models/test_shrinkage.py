"""How much of a point forecast is believed."""

import numpy as np
import pytest

from lstmfin.metrics.distribution import StudentT
from lstmfin.models.shrinkage import shrink, shrinkage


def _ahead(returns, horizon):
    level = np.concatenate([[0.0], np.cumsum(returns)])
    n = len(returns) - horizon + 1
    return np.stack([level[h : h + n] - level[:n] for h in range(1, horizon + 1)], axis=1)


def test_a_forecast_that_knows_is_believed():
    """Half of the signal, known exactly, is kept nearly whole, and never more than whole."""
    rng = np.random.default_rng(0)
    forecast = rng.standard_normal((1000, 2))
    truth = forecast * [1.0, 3.0] + 0.5 * rng.standard_normal((1000, 2))
    share = shrinkage(forecast, truth)
    assert 0.93 < share[0] <= 1
    assert share[1] == 1


def test_a_forecast_that_exaggerates_is_scaled():
    """Of a forecast four times too large a quarter is kept, less what is not certain."""
    rng = np.random.default_rng(1)
    signal = rng.standard_normal(4000)
    truth = signal + 0.5 * rng.standard_normal(4000)
    (share,) = shrinkage(4 * signal[:, None], truth[:, None])
    assert 0.23 < share < 0.25


@pytest.mark.parametrize("horizon", [1, 10, 40])
def test_noise_is_not_believed(horizon):
    """Of forecasts that know nothing, about one in twenty is believed at all, overlap or not."""
    believed = []
    for seed in range(200):
        rng = np.random.default_rng([seed, horizon])
        truth = _ahead(rng.standard_normal(800), horizon)
        # as slow as the truth itself, which is the worst case for overlapping errors
        forecast = _ahead(rng.standard_normal(800), horizon)
        forecast[:, :-1] = 0  # the last horizon alone is looked at
        believed.append(shrinkage(forecast, truth)[-1])
    assert np.mean(np.array(believed) > 0) < 0.09
    assert np.mean(believed) < 0.04


@pytest.mark.parametrize(("n", "horizon"), [(0, 1), (9, 1), (199, 20), (719, 72)], ids=str)
def test_want_of_evidence_is_the_last_price(n, horizon):
    """With fewer than ten spans of the horizon nothing is kept, however good it looks."""
    truth = np.random.default_rng(0).standard_normal((n, horizon))
    assert shrinkage(truth, truth)[-1] == 0


@pytest.mark.parametrize("forecast", [np.zeros((100, 1)), np.full((100, 1), np.nan)])
def test_no_forecast_keeps_nothing(forecast):
    """Where no return is expected, or none is said, there is nothing to keep."""
    assert shrinkage(forecast, np.ones((100, 1))) == 0


def test_series_that_move_together_are_one():
    """Twenty copies of one series say no more than it does, and are taken for no more."""
    rng = np.random.default_rng(5)
    forecast = rng.standard_normal((400, 1))
    truth = 0.15 * forecast + rng.standard_normal((400, 1))
    days = np.datetime64("2020-01-01") + np.arange(400)
    alone = shrinkage(forecast, truth, sessions=days)
    order = rng.permutation(8000)
    many = [np.tile(one, (20, 1))[order] for one in (forecast, truth)]
    together = shrinkage(*many, sessions=np.tile(days, 20)[order])
    assert 0 < alone < 0.15
    np.testing.assert_allclose(together, alone, rtol=1e-10)
    assert shrinkage(*many) > 1.5 * alone
    np.testing.assert_array_equal(alone, shrinkage(forecast, truth))


def test_a_wrong_sign_keeps_nothing():
    """A forecast that is reliably wrong is not turned round."""
    truth = np.random.default_rng(0).standard_normal((500, 1))
    assert shrinkage(-truth, truth) == 0


def test_shrinking_moves_the_median_and_nothing_else():
    """The median is the share of what it was; the width stays."""
    law = StudentT(np.array([[0.02, -0.04]]), 0.01, 5.0)
    moved = shrink(law, np.array([0.5, 0.0]))
    np.testing.assert_allclose(moved.median, [[0.01, 0.0]])
    np.testing.assert_allclose(moved.std, law.std)


def test_never_worse_than_the_last_price_for_want_of_evidence():
    """On random walks, shrunk drifts lose nothing to the last price at 96 to 720 steps."""
    rng = np.random.default_rng(3)
    horizons = np.array([96, 192, 336, 720])
    for _ in range(10):
        returns = rng.standard_normal(4000)
        level = np.concatenate([[0.0], np.cumsum(returns)])
        drift = returns[:1500].mean()
        for h in horizons:
            block, test = np.arange(1500, 2500 - h), np.arange(2500, 4001 - h)
            truth = level[block + h] - level[block]
            pad = np.zeros((len(block), h - 1))  # the horizon is the number of the column
            share = shrinkage(
                np.column_stack([pad, np.full(len(block), drift * h)]),
                np.column_stack([pad, truth]),
            )[-1]
            error = level[test + h] - level[test]
            assert np.mean((error - share * drift * h) ** 2) <= np.mean(error**2) * 1.0 + 1e-12
