"""The linear part: a ridge regression, of what was known, that networks add to."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from lstmfin.data.features._lagged import lagged_variance
from lstmfin.data.prices import drop_range
from lstmfin.data.variance import lagged_log_variance, realised_variance
from lstmfin.data.windows import make_windows
from lstmfin.engine.loss import Law as Answer
from lstmfin.models import linear as module
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.linear import OWN, PENALTY, added, fit_linear
from lstmfin.models.settle import with_linear
from lstmfin.registry import LOSSES

ORIGINS = np.array([60, 61, 90, 150])


@pytest.fixture
def data():
    """Inputs, levels, numbers of series and targets: 60 and 40 windows of two series."""
    rng = np.random.default_rng(0)
    x, level = rng.standard_normal((100, 4)), rng.normal(-9, 0.5, 100)
    series = np.repeat([0, 1], [60, 40])
    y = rng.normal((1, 2, 3), 1, (100, 3)) + x[:, :1] + series[:, None] - 0.5 * level[:, None]
    return x, level, series, y


@pytest.fixture
def linear(data):
    """Fitted to them a piece at a time; the first and the third input are log variances."""
    pieces = [tuple(one[part] for one in data) for part in (slice(33), slice(33, 100))]
    own = np.array([True, False, True, False])
    return fit_linear(pieces, symbols=("A", "B"), own=own, horizon=3)


def test_it_is_the_ridge_regression_of_all(linear, data):
    """The pieces add up to what scikit-learn fits to the whole, and a stranger gets that."""
    x, level, _, y = data
    expected = Ridge(alpha=PENALTY).fit(x, y)
    np.testing.assert_allclose(linear.weights[0, 0], expected.intercept_, rtol=1e-9)
    np.testing.assert_allclose(linear.weights[0, 1:-1], expected.coef_.T, rtol=1e-9)
    assert (linear.weights[0, -1] == 0).all()
    assert linear.which(("B", "X", "A")).tolist() == [2, 0, 1]
    said = linear.of(x, level, np.zeros(100, int))
    np.testing.assert_allclose(said, expected.predict(x).clip(y.min(0), y.max(0)), rtol=1e-9)


def test_a_series_counts_by_how_long_it_is(linear, data):
    """Its own regression, on log variances and the level, is weighed by n in n and so many."""
    x, level, series, y = data
    of_all = Ridge(alpha=PENALTY).fit(x, y).predict(x)
    for one, n in ((0, 60), (1, 40)):
        mine = series == one
        columns = np.column_stack([x[:, [0, 2]], level])
        own = Ridge(alpha=PENALTY).fit(columns[mine], y[mine]).predict(columns)
        expected = of_all + n / (n + OWN) * (own - of_all)
        said = linear.of(x, level, np.full(100, 1 + one))
        np.testing.assert_allclose(said, expected.clip(y.min(0), y.max(0)), rtol=1e-7)


def test_a_long_series_has_the_regression_of_corsi(series):
    """Counted in full it is the heterogeneous autoregression, with the trailing variance in it."""
    names = ("variance-day", "variance-week", "variance-month")
    windows = make_windows(
        series(1000), features=names, window=5, horizon=1, target="volatility", estimator="auto"
    )
    rows = windows.known
    x, level = windows.at_origin(rows).astype(np.float64), 2 * np.log(windows.volatility[rows])
    target = windows.target[rows].astype(np.float64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "OWN", 0)
        patch.setattr(module, "PENALTY", 0)
        linear = fit_linear(
            [(x, level, 0 * rows, target)],
            symbols=("A",),
            own=windows.log_variances,
            horizon=1,
        )
    logs = np.column_stack([np.ones(len(x)), x + level[:, None], level])  # as they are
    log_variance = target[:, 0] + level
    expected = logs @ np.linalg.lstsq(logs, log_variance)[0]
    said = linear.of(x, level, np.ones_like(rows))[:, 0] + level
    np.testing.assert_allclose(said, expected, rtol=1e-7)


def test_it_says_nothing_beyond_what_was():
    """An input of a kind that training never saw moves a forecast to the most that came, no more."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 2)) * [1, 0.01]
    y = x @ [[1.0, 2.0], [30.0, -30.0]] + rng.standard_normal((300, 2))
    linear = fit(x, y)
    said = linear.of(np.array([0.0, 500.0]), np.float64(0), np.intp(0))
    np.testing.assert_array_equal(said, [y[:, 0].max(), y[:, 1].min()])
    for which in (0, 1):
        at = (np.float64(-0.3), np.intp(which))
        parts = linear.parts_of(np.array([3.0, 500.0]), *at).sum(axis=0)
        whole = linear.of(np.array([3.0, 500.0]), *at) - linear.of(np.zeros(2), *at)
        np.testing.assert_allclose(parts, whole, rtol=1e-12)


def fit(x, y):
    """Return what is fitted to one series of level 0, whose inputs are log variances."""
    level, rows = np.zeros(len(x)), np.zeros(len(x), int)
    own = np.ones(x.shape[1], bool)
    return fit_linear([(x, level, rows, y)], symbols=("A",), own=own, horizon=y.shape[1])


def test_a_row_is_the_same_bits_alone(linear, data):
    """However many origins are asked together."""
    x, level, series, _ = data
    which = 1 + series
    alone = np.stack([linear.of(*one) for one in zip(x, level, which, strict=True)])
    np.testing.assert_array_equal(linear.of(x, level, which), alone)
    square = (one.reshape(10, 10, *one.shape[1:]) for one in (x, level, which))
    np.testing.assert_array_equal(linear.of(*square).reshape(100, 3), alone)


def test_horizons_beyond_a_tenth_of_the_block_go_without(trained, series):
    """Ten spans of two sessions fit into a block of 25, ten of three do not."""
    forecaster = trained(target="volatility")
    samples = forecaster.seen(series(), np.arange(60, 160))
    training = replace(samples, rows=np.arange(60), linear=None)
    linear = with_linear(training, np.arange(65, 90)).linear
    assert linear.weights.any(axis=(0, 1)).tolist() == [True, True, False]
    assert linear.of(np.full(len(forecaster.scaler.mean), 3.0), np.float64(-9), np.intp(1))[2] == 0


def test_equal_inputs_are_no_fault():
    """What least squares could not tell apart, the penalty shares out."""
    x = np.repeat(np.arange(10.0)[:, None] - 4.5, 2, axis=1)
    linear = fit(x, x[:, :1])
    np.testing.assert_allclose(linear.weights[:, 1], linear.weights[:, 2])


def test_a_network_that_says_nothing_leaves_it(series, small):
    """Before it has learned, the variance is the linear part's, set right in its mean."""
    forecaster = Forecaster(replace(small, target="volatility", epochs=1, learning_rate=1e-12))
    prices = series(675)
    forecaster.fit(prices)
    seen = forecaster.seen(prices, ORIGINS)
    straight = seen.said(seen.rows)
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
    shift[:, 0] = more
    forecaster.linear = replace(
        linear, weights=linear.weights + shift, low=linear.low + more, high=linear.high + more
    )
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
