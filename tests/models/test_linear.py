"""The linear part: a regression, of what was known, that networks add to."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats

from lstmfin.data.features._lagged import lagged_variance
from lstmfin.data.prices import drop_range
from lstmfin.data.variance import lagged_log_variance, realised_variance
from lstmfin.engine.loss import Law as Answer
from lstmfin.models import linear as module
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.linear import DOF, OWN, PENALTY, added, fit_linear, regression
from lstmfin.models.samples import Samples
from lstmfin.models.settle import with_linear
from lstmfin.models.view import training_blocks, windows_of_all
from lstmfin.registry import LOSSES

ORIGINS = np.array([60, 61, 90, 150])


@pytest.fixture
def data():
    """Inputs, levels, numbers of series and targets: 60 and 40 windows of two series."""
    rng = np.random.default_rng(0)
    x, level = rng.standard_normal((100, 4)), rng.normal(-9, 0.5, 100)
    series = np.repeat([0, 1], [60, 40])
    centre = x[:, :1] + series[:, None] - 0.5 * level[:, None]
    return x, level, series, centre + np.log(rng.standard_t(6, (100, 3)) ** 2)


@pytest.fixture
def linear(data):
    """Fitted to them; the first and the third input are log variances."""
    return fit_linear(*data, symbols=("A", "B"), own=np.array([True, False, True, False]))


def most_likely(columns, y):
    """Return the weights of greatest penalised likelihood by a general optimiser."""
    ones = np.column_stack([np.ones(len(columns)), columns])
    information = DOF / (2 * DOF + 6)

    def loss(weights):
        said = ones @ weights
        law = stats.t(DOF, scale=np.exp(said / 2))
        return (
            0.5 * information * PENALTY * weights[1:] @ weights[1:]
            - law.logpdf(np.exp(y / 2)).sum()
        )

    start = np.linalg.lstsq(ones, y)[0]
    found = optimize.minimize(loss, start, method="BFGS", options={"gtol": 1e-7})
    return ones @ found.x


def test_it_has_the_greatest_likelihood(data):
    """A return is its volatility times a Student t: what scipy says and its optimiser finds."""
    x, _, _, y = data
    found = np.column_stack([np.ones(len(x)), x]) @ regression(
        np.column_stack([np.ones(100), x]), y
    )
    for at in range(3):
        np.testing.assert_allclose(found[:, at], most_likely(x, y[:, at]), atol=1e-4)


def test_a_stranger_gets_what_is_said_of_all(linear, data):
    """A series that was not among them has the regression of all, and no level."""
    x, _, _, y = data
    np.testing.assert_array_equal(
        linear.weights[0, :-1], regression(np.column_stack([np.ones(100), x]), y)
    )
    assert (linear.weights[0, -1] == 0).all()
    assert linear.which(("B", "X", "A")).tolist() == [2, 0, 1]


def test_a_series_counts_by_how_long_it_is(linear, data):
    """Its own regression, on log variances and the level, is weighed by n in n and so many."""
    x, level, series, y = data
    of_all = np.column_stack([np.ones(100), x]) @ linear.weights[0, :-1]
    for one, n in ((0, 60), (1, 40)):
        mine = series == one
        columns = np.column_stack([np.ones(100), x[:, [0, 2]], level])
        own = columns @ regression(columns[mine], y[mine])
        expected = of_all + n / (n + OWN) * (own - of_all)
        said = linear.of(x, level, np.full(100, 1 + one))
        np.testing.assert_allclose(said, expected.clip(y.min(0), y.max(0)), rtol=1e-9)


def test_wild_and_still_sessions_do_not_break_it():
    """A variance of nothing, or of a hundred million times the usual, is one observation."""
    rng = np.random.default_rng(0)
    columns = np.column_stack([np.ones(500), rng.standard_normal(500)])
    y = columns @ [[0.3], [0.5]] + np.log(rng.standard_t(6, (500, 1)) ** 2)
    usual = regression(columns, y)
    for odd in (-60.0, 18.0, 800.0):
        y[7] = odd
        np.testing.assert_allclose(regression(columns, y), usual, atol=0.05)


def test_the_step_that_ends_it_is_small(data, monkeypatch):
    """It ends because nothing moves any more, and not because it may take no more steps."""
    x, _, _, y = data
    found = regression(np.column_stack([np.ones(100), x]), y)
    monkeypatch.setattr(module, "MOST_STEPS", 10 * module.MOST_STEPS)
    np.testing.assert_array_equal(regression(np.column_stack([np.ones(100), x]), y), found)


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


def test_parts_are_weights_times_inputs(linear, data):
    """Within what was, those of the series: an input at nothing adds nothing."""
    x, level = 0.1 * data[0][0], np.float64(-9)
    for which in (0, 1, 2):
        parts = linear.parts_of(x, level, np.intp(which))
        np.testing.assert_allclose(parts, linear.weights[which, 1:-1] * x[:, None], rtol=1e-9)


def fit(x, y):
    """Return what is fitted to one series of level 0, whose inputs are log variances."""
    own = np.ones(x.shape[1], bool)
    return fit_linear(x, np.zeros(len(x)), np.zeros(len(x), int), y, symbols=("A",), own=own)


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


@pytest.fixture(scope="module")
def panel(series, small):
    """A panel of three series, the last of which begins when training is over."""
    whole = series(400)
    parts = (whole.slice(300), series(400, "RANDOM-WALK"), series(25 + small.window))
    forecaster = Forecaster(replace(small, target="volatility", panel=True))
    every = [replace(one, symbol=name) for name, one in zip("ABC", parts, strict=True)]
    forecaster.fit(every)
    return forecaster, every


def test_each_series_of_a_panel_is_seen_with_its_own_weights(panel):
    """What samples say of a window is by its inputs, its level and the weights of its series."""
    forecaster, every = panel
    linear = forecaster.linear
    windows, _ = windows_of_all(forecaster.config, every)
    samples = Samples(windows, forecaster.scaler, np.arange(len(windows)), False, linear)
    assert len(np.unique(linear.weights[:, -1, 0])) == 3  # A, B, and C as anybody
    for number, prices in enumerate(every):
        rows = np.flatnonzero(windows.series == number)
        alone = forecaster.seen(prices, windows.origins[rows])
        x, volatility = alone.at_origin(alone.rows), windows.volatility[rows]
        weights = linear.weights[1 + number]
        said = weights[0] + x @ weights[1:-1] + 2 * np.log(volatility)[:, None] * weights[-1]
        expected = said.clip(linear.low, linear.high)
        np.testing.assert_allclose(samples.said(rows), expected, rtol=1e-9)
        np.testing.assert_array_equal(alone.said(alone.rows), samples.said(rows))


def test_a_series_without_a_window_to_train_on_is_like_any(panel):
    """One that is new when the others are long is forecast all the same."""
    forecaster, (*_, new) = panel
    weights = forecaster.linear.weights
    np.testing.assert_array_equal(weights[3], weights[0])
    stranger = replace(new, symbol="X")
    origins = np.arange(len(new) - 2, len(new))
    np.testing.assert_array_equal(
        forecaster.predict_variance(new, origins), forecaster.predict_variance(stranger, origins)
    )


def test_its_own_weights_are_of_log_variances_and_the_level(panel):
    """An own share moves no weight of another input but towards nothing."""
    forecaster, _ = panel
    other = ~np.array(["variance" in name for name in forecaster.config.features])
    weights, n = forecaster.linear.weights, 300
    assert 0 < other.sum() < len(other)
    shares = weights[1, 1:-1][other] / weights[0, 1:-1][other]
    np.testing.assert_allclose(shares, shares[0, 0])
    assert 1 - n / OWN < shares[0, 0] < 1
    assert (weights[1:3, -1] != 0).all()


def test_bounds_are_those_of_all_training(series, small):
    """Of thousands of windows, not of the last few."""
    forecaster = Forecaster(replace(small, target="volatility"))
    forecaster.fit(series(900))
    windows, _ = windows_of_all(forecaster.config, [series(900)])
    training, _ = training_blocks(forecaster.config, windows, [series(900)])
    np.testing.assert_array_equal(forecaster.linear.low, windows.target[training].min(axis=0))
    np.testing.assert_array_equal(forecaster.linear.high, windows.target[training].max(axis=0))
