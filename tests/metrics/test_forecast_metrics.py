import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lstmfin.errors import DataError
from lstmfin.metrics import forecast as m
from lstmfin.metrics.distribution import StudentT

NAN = np.nan
pairs = arrays(np.float64, (2, 12), elements=st.floats(-10, 10).filter(lambda x: abs(x) > 1e-6))
law = StudentT([0.0, 0.0], [1.0, 1.0], 5.0)


@pytest.mark.parametrize(
    ("metric", "realised", "forecast", "expected"),
    [
        (m.mae, [1, 2, 3], [1, 4, 2], 1.0),
        (m.mae, [1, NAN, 3], [1, 4, 2], 0.5),
        (m.mae, [1, 2, 3], [1, NAN, 2], NAN),
        (m.mae, [NAN], [NAN], NAN),
        (m.mae, [], [], NAN),
        (m.rmse, [1, 2, 3], [1, 4, 3], np.sqrt(4 / 3)),
        (m.rmse, [1, NAN], [3, 0], 2.0),
        (m.rmse, [[1, 2], [3, 4]], [[1, 2], [3, 8]], 2.0),
        (m.hit_rate, [1, -1, 2, -2], [3, 1, 1, -9], 0.75),
        (m.hit_rate, [1, 0, 2], [1, 1, -1], 0.5),
        (m.hit_rate, [1, 1, 2], [1, 0, -1], 0.5),
        (m.hit_rate, [1, NAN], [1, 1], 1.0),
        (m.hit_rate, [1, 1], [1, NAN], NAN),
        (m.hit_rate, [0.0], [1.0], NAN),
    ],
)
def test_point_metrics(metric, realised, forecast, expected):
    """Truth not known is left out; a forecast not made is held against the model."""
    np.testing.assert_allclose(metric(realised, forecast), expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("training", "season", "expected"),
    [
        ([1, 2, 4], 1, 2 / 1.5),
        ([1, 2, 4, 6], 2, 2 / 3.5),
        ([1, NAN, 4, 5], 1, 2.0),
        ([3, 3, 3], 1, NAN),
        ([3], 1, NAN),
    ],
)
def test_mase(training, season, expected):
    """The error is measured in steps of the naive forecast; NaN where it makes none."""
    result = m.mase([10, 10], [12, 8], training=training, season=season)
    np.testing.assert_allclose(result, expected)


@pytest.mark.parametrize(
    ("realised", "lower", "upper", "expected"),
    [
        ([1, 2, 3, 4], [1, 3, 2, 0], [2, 4, 3, 3], 0.5),
        ([1, NAN], [0, 0], [2, 2], 1.0),
        ([1, 1], [0, NAN], [2, 2], NAN),
        ([1, 1], [0, 0], [2, NAN], NAN),
        ([NAN], [0], [1], NAN),
    ],
)
def test_coverage(realised, lower, upper, expected):
    """Bounds are inside; a range without a bound is no range."""
    np.testing.assert_equal(m.coverage(realised, lower=lower, upper=upper), expected)


@pytest.mark.parametrize(
    ("realised", "quantile", "level", "expected"),
    [(2.0, 1.0, 0.9, 0.9), (1.0, 2.0, 0.9, 0.1), (1.0, 1.0, 0.9, 0.0), (NAN, 1.0, 0.9, NAN)],
)
def test_pinball(realised, quantile, level, expected):
    """A truth above the 90 % quantile costs nine times one below it."""
    np.testing.assert_allclose(m.pinball([realised], [quantile], level=level), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("realised", "expected"),
    [([1.0], 2.0), ([2.5], 2.0 + 0.5 * 20), ([-1.0], 2.0 + 1.0 * 20), ([NAN], NAN)],
)
def test_interval_score(realised, expected):
    """Width, and 2/α for every unit outside."""
    score = m.interval_score(realised, lower=[0.0], upper=[2.0], level=0.9)
    np.testing.assert_allclose(score, expected)


def test_interval_and_pinball_agree_with_scoringrules(golden):
    """40 ranges, 8 digits and more."""
    data = golden["interval"]
    bounds = {"lower": data["lower"], "upper": data["upper"]}
    score = m.interval_score(data["realised"], **bounds, level=0.9)
    assert score == pytest.approx(data["interval_score_90"], rel=1e-12)
    assert m.pinball(data["realised"], data["lower"], level=0.05) == pytest.approx(
        data["pinball_05"], rel=1e-12
    )


def test_crps_and_log_score_average_what_is_known():
    """Means of the laws' own scores; the log score is a loss, lower is better."""
    y = [0.5, NAN]
    assert m.crps(y, law) == law.crps(0.5)[0]
    assert m.log_score(y, law) == -law.logpdf(0.5)[0]
    assert np.isnan(m.crps([NAN, NAN], law))


@given(level=st.floats(0.05, 0.95), y=st.floats(-5, 5))
def test_crps_is_twice_the_pinball_loss_of_all_quantiles(level, y):
    """Gneiting and Raftery (2007): CRPS = 2 ∫ pinball dτ, here by 4000 midpoints."""
    taus = (np.arange(4000) + 0.5) / 4000
    one = StudentT(0.0, 1.0, 6.0)
    q = one.quantile(taus)
    integral = 2 * np.mean((y - q) * (taus - (y < q)))
    assert integral == pytest.approx(float(one.crps(y)), rel=2e-3)
    at = float(one.quantile(level))
    loss = m.pinball_loss([y], [at], level=level)[0]
    assert loss == pytest.approx((y - at) * (level - (y < at)))


@given(pairs)
def test_errors_obey_their_laws(pair):
    """MAE never exceeds RMSE, half of it is the median's pinball loss; hits and misses make one."""
    y, f = pair
    assert 0 <= m.mae(y, f) <= m.rmse(y, f) * (1 + 1e-12)
    assert m.pinball(y, f, level=0.5) == pytest.approx(m.mae(y, f) / 2)
    assert m.hit_rate(y, f) + m.hit_rate(y, -f) == pytest.approx(1)


@pytest.mark.parametrize(
    ("score", "reference", "expected"),
    [(0.5, 1.0, 0.5), (1.0, 1.0, 0.0), (2.0, 1.0, -1.0), (1.0, 0.0, NAN), (NAN, 1.0, NAN)],
)
def test_skill(score, reference, expected):
    """The share of the reference's score that is saved."""
    np.testing.assert_equal(m.skill(score, reference), expected)


@pytest.mark.parametrize(
    ("realised", "forecast", "expected"),
    [
        ([1.0], [1.0], 0.0),
        ([2.0], [1.0], 1 - np.log(2)),
        ([1.0], [2.0], np.log(2) - 0.5),
        ([2.0, NAN], [1.0, 1.0], 1 - np.log(2)),
        ([2.0, 0.0], [1.0, 1.0], 1 - np.log(2)),
        ([2.0, 1.0], [1.0, NAN], NAN),
        ([2.0, 1.0], [1.0, 0.0], NAN),
        ([0.0], [1.0], NAN),
    ],
)
def test_qlike(realised, forecast, expected):
    """y/f - log(y/f) - 1; a variance of zero that was realised says nothing, one forecast is no forecast."""
    np.testing.assert_allclose(m.qlike(realised, forecast), expected)


def test_pit_is_even_where_the_law_is_right():
    """Ten draws in each tenth; what is not known is left out, and with nothing known there is none."""
    one = StudentT(np.zeros(100), 1.0, 6.0)
    y = one.quantile((np.arange(100) + 0.5) / 100)
    np.testing.assert_allclose(m.pit(y, one), (np.arange(100) + 0.5) / 100)
    np.testing.assert_allclose(m.pit_histogram(y, one), 0.1)
    y[:50] = NAN
    np.testing.assert_allclose(m.pit_histogram(y, one), [0] * 5 + [0.2] * 5)
    assert np.isnan(m.pit_histogram(np.full(100, NAN), one)).all()


def test_coverage_by_quarter():
    """By the quarter of the date; a quarter without a truth has none."""
    sessions = np.array(["2019-12-31", "2020-01-01", "2020-03-31", "2020-04-01"], "datetime64[D]")
    bounds = {"lower": np.zeros(4), "upper": np.ones(4), "sessions": sessions}
    found = m.coverage_by_quarter([0.5, 0.5, 2.0, NAN], **bounds)
    assert found == {"2019Q4": 1.0, "2020Q1": 0.5}


def test_pointwise_losses_average_to_the_scores():
    """Each score is the mean of its pairs."""
    y, low, high = np.array([0.5, -1.0]), np.zeros(2), np.ones(2)
    assert m.interval_loss(y, lower=low, upper=high, level=0.9).mean() == m.interval_score(
        y, lower=low, upper=high, level=0.9
    )
    assert m.qlike_loss([1.0, 2.0], [1.0, 1.0]).mean() == m.qlike([1.0, 2.0], [1.0, 1.0])


def test_float32_is_averaged_in_float64():
    """Ten thousand small float32 errors would lose digits."""
    ones = np.full(10_000, 0.1, dtype=np.float32)
    assert m.mae(ones, np.zeros_like(ones)) == pytest.approx(float(np.float32(0.1)), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: m.mae([1, 2], [1]), r"one shape are needed, not \(2,\), \(1,\)"),
        (lambda: m.crps([1.0], law), "one shape"),
        (lambda: m.pinball([1], [1], level=90), "between 0 and 1, not 90"),
        (lambda: m.interval_score([1], lower=[0], upper=[1], level=1.0), "between 0 and 1"),
    ],
)
def test_refuses_what_does_not_fit(call, match):
    """Shapes must be equal, never broadcast; levels are fractions."""
    with pytest.raises(DataError, match=match):
        call()
