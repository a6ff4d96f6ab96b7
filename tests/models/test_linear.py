"""The linear part: a ridge regression, of what was known, that networks add to."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from lstmfin.data.features._lagged import lagged_variance
from lstmfin.data.prices import drop_range
from lstmfin.data.variance import lagged_log_variance, realised_variance
from lstmfin.engine.loss import Law as Answer
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.linear import PENALTY, LinearPart, added, fit_linear
from lstmfin.models.settle import with_linear
from lstmfin.registry import LOSSES

ORIGINS = np.array([60, 61, 90, 150])


def test_it_is_the_ridge_regression():
    """The pieces add up to what scikit-learn fits to the whole."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((50, 4)), rng.normal((1, 2, 3), 1, (50, 3))
    linear = fit_linear([(x[:20], y[:20]), (x[20:], y[20:])], n_inputs=4, horizon=3)
    expected = Ridge(alpha=PENALTY).fit(x, y)
    np.testing.assert_allclose(linear.weights[0], expected.intercept_, rtol=1e-9)
    np.testing.assert_allclose(linear.weights[1:], expected.coef_.T, rtol=1e-9)
    np.testing.assert_allclose(linear.of(x), expected.predict(x), rtol=1e-9)


def test_it_says_nothing_beyond_what_was():
    """An input of a kind that training never saw moves a forecast to the most that came, no more."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 2)) * [1, 0.01]
    y = x @ [[1.0, 2.0], [30.0, -30.0]] + rng.standard_normal((300, 2))
    linear = fit_linear([(x, y)], n_inputs=2, horizon=2)
    np.testing.assert_array_equal(linear.of(np.array([0.0, 500.0])), [y[:, 0].max(), y[:, 1].min()])
    far = np.array([3.0, 500.0])
    parts = linear.parts_of(far).sum(axis=0)
    np.testing.assert_allclose(parts, linear.of(far) - linear.of(np.zeros(2)), rtol=1e-12)


def test_a_row_is_the_same_bits_alone():
    """However many origins are asked together."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((400, 5)), rng.standard_normal((400, 3))
    linear = fit_linear([(x, y)], n_inputs=5, horizon=3)
    alone = np.stack([linear.of(row) for row in x])
    np.testing.assert_array_equal(linear.of(x), alone)
    np.testing.assert_array_equal(linear.of(x.reshape(20, 20, 5)).reshape(400, 3), alone)


def test_horizons_beyond_a_tenth_of_the_block_go_without(trained, series):
    """Ten spans of two sessions fit into a block of 25, ten of three do not."""
    forecaster = trained(target="volatility")
    samples = forecaster.seen(series(), np.arange(60, 160))
    training = replace(samples, rows=np.arange(60), linear=None)
    linear = with_linear(training, np.arange(65, 90)).linear
    assert linear.weights.any(axis=0).tolist() == [True, True, False]
    assert linear.of(np.full(len(forecaster.scaler.mean), 3.0))[2] == 0


def test_equal_inputs_are_no_fault():
    """What least squares could not tell apart, the penalty shares out."""
    x = np.repeat(np.arange(10.0)[:, None] - 4.5, 2, axis=1)
    linear = fit_linear([(x, x[:, :1])], n_inputs=2, horizon=1)
    assert linear.weights[1] == pytest.approx(linear.weights[2])


def test_a_network_that_says_nothing_leaves_it(series, small):
    """Before it has learned, the variance is the linear part's, set right in its mean."""
    forecaster = Forecaster(replace(small, target="volatility", epochs=1, learning_rate=1e-12))
    prices = series(675)
    forecaster.fit(prices)
    seen = forecaster.seen(prices, ORIGINS)
    straight = forecaster.linear.of(seen.at_origin(seen.rows))
    said = np.log(forecaster.predict_variance(prices, ORIGINS))
    off = said - straight - 2 * np.log(seen.windows.volatility[seen.rows])[:, None]
    np.testing.assert_allclose(off, np.repeat(off[:1], 4, axis=0), atol=1e-4)
    assert np.ptp(straight, axis=0).max() > 0.01


@pytest.mark.parametrize("loss", [one for one in LOSSES.names() if one != "bernoulli"])
def test_every_loss_of_a_variance_is_moved_by_it(trained, series, loss):
    """Doubling the variance that it says doubles that of the forecast, whatever the loss."""
    if "volatility" not in LOSSES.get(loss).targets:
        pytest.skip("no loss of variances")
    forecaster = trained(target="volatility", loss=loss)
    before = forecaster.predict_variance(series(), ORIGINS)
    linear, more = forecaster.linear, np.log(2)
    shift = np.zeros_like(linear.weights)
    shift[0] = more
    forecaster.linear = LinearPart(linear.weights + shift, linear.low + more, linear.high + more)
    after = forecaster.predict_variance(series(), ORIGINS)
    forecaster.linear = linear
    np.testing.assert_allclose(after, 2 * before, rtol=1e-6)


def test_targets_are_what_it_leaves(trained, series):
    """Both kinds of batches have the target less what is said of the window that ends there."""
    samples = trained(target="volatility").seen(series(), np.arange(60, 80))
    samples = replace(samples, by_step=True)
    _, last = samples.batch(np.arange(20))
    _, each = samples.every_step(np.arange(20))
    np.testing.assert_allclose(each[:, -1], last, rtol=1e-12)
    np.testing.assert_allclose(each[5, -3], last[3], rtol=1e-12)
    expected = samples.windows.target[samples.rows] - samples.said(samples.rows)
    np.testing.assert_allclose(last, expected, rtol=1e-12)


def test_quantiles_are_moved_with_the_location():
    """All that is a place is moved, what is a width is not."""
    place = np.zeros((5, 2))
    answer = added(Answer(place, place + 1, None, np.zeros((3, 5, 2))), place + 7)
    assert (answer.location == 7).all()
    assert (answer.quantiles == 7).all()
    assert (answer.scale == 1).all()


@pytest.mark.parametrize(
    "changes", [{}, {"target": "direction"}, {"target": "volatility", "no_linear": True}]
)
def test_who_has_none(trained, changes):
    """A straight line through returns is a way to lose; one through variances may be left out."""
    assert trained(**changes).linear is None


def test_a_month_of_variance(series):
    """The mean of logs where bars have a range; of squared returns the log of the mean."""
    bars, closes = series(), drop_range(series())
    ranges, squares = realised_variance(bars), realised_variance(closes)
    got, bare = lagged_log_variance(bars, 5), lagged_log_variance(closes, 5)
    assert got[100] == pytest.approx(np.log(ranges[96:101]).mean())
    assert bare[100] == pytest.approx(np.log(squares[96:101].mean()))
    np.testing.assert_array_equal(lagged_variance(5).compute(bars), got)
