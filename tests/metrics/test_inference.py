import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from lstmfin.errors import DataError
from lstmfin.metrics.inference import (
    diebold_mariano,
    equal_predictive_ability,
    pesaran_timmermann,
)

NAN = np.nan
sizes = st.floats(1e-3, 5)
series = arrays(np.float64, 30, elements=st.one_of(sizes, sizes.map(lambda x: -x)))


def test_diebold_mariano_agrees_with_dieboldmariano(golden):
    """Statistic to 12 digits, p-value to its own 9, one and five steps ahead."""
    losses = golden["losses"]
    for row in golden["dieboldmariano"]:
        ours = diebold_mariano(losses["a"], losses[row["other"]], horizon=row["horizon"])
        assert ours.statistic == pytest.approx(row["statistic"], rel=1e-12)
        assert ours.p_value == pytest.approx(row["p_value"], rel=1e-9)
        assert ours.kernel == "rectangular"


def test_diebold_mariano_agrees_with_statsmodels(golden):
    """One step ahead, and with Bartlett weights where the rectangular variance is not positive."""
    losses = golden["losses"]
    for other, horizon, kernel, answer in (
        ("b", 1, "rectangular", golden["statsmodels_dm"]),
        ("alternating", 2, "bartlett", golden["statsmodels_bartlett"]),
    ):
        ours = diebold_mariano(losses["a"], losses[other], horizon=horizon)
        assert ours.kernel == kernel
        assert ours.statistic == pytest.approx(answer["statistic"], rel=1e-12)
        assert ours.p_value == pytest.approx(answer["p_value"], rel=1e-9)


@given(series, series, st.integers(1, 5))
def test_diebold_mariano_is_antisymmetric(a, b, horizon):
    """Swapped losses turn the sign, and leave the two-sided p-value."""
    one, other = diebold_mariano(a, b, horizon=horizon), diebold_mariano(b, a, horizon=horizon)
    np.testing.assert_allclose(one.statistic, -other.statistic, rtol=1e-9)
    np.testing.assert_allclose(one.p_value, other.p_value, rtol=1e-9)
    if abs(one.statistic) > 1e-9:
        assert one.p_better + other.p_better == pytest.approx(1)
        assert (one.p_better < 0.5) == (one.mean_difference < 0)


@pytest.mark.parametrize("horizon", [1, 5])
def test_identical_forecasts_are_no_difference(horizon):
    """The same losses, up to rounding, give statistic 0 and p-values 1."""
    losses = np.linspace(0.1, 2, 50)
    for other in (losses, losses * (1 + 1e-16), losses + 1e-16):
        result = diebold_mariano(losses, other, horizon=horizon)
        assert (result.statistic, result.p_value, result.p_better) == (0.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("a", "b", "horizon"),
    [
        ([], [], 1),
        ([1.0], [2.0], 1),
        ([1.0, 2.0, 4.0], [2.0, 2.0, 2.0], 3),
        ([1.0, NAN, 3.0], [2.0, 2.0, 2.0], 1),
        ([1.0, 2.0, 3.0], [1.1, 2.1, 3.1], 1),
    ],
)
def test_too_little_to_test_is_nan(a, b, horizon):
    """Few pairs, a NaN, or a constant difference: no statistic, and nothing significant."""
    result = diebold_mariano(a, b, horizon=horizon)
    assert np.isnan([result.statistic, result.p_value, result.p_better]).all()


def test_overlap_is_allowed_for():
    """With five-step losses of equal forecasts, 5 % means about 5 %; taken for h = 1 it does not."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((400, 254))
    overlapping = np.array([np.convolve(row, np.ones(5), "valid") for row in noise])
    rates = [
        np.mean([diebold_mariano(d, 0 * d, horizon=h).p_value < 0.05 for d in overlapping])
        for h in (1, 5)
    ]
    assert rates[0] > 0.3
    assert 0.02 < rates[1] < 0.09


@pytest.mark.parametrize(
    ("shape", "horizon"), [((4, 2), 1), ((4,), 0)], ids=["two dimensions", "no horizon"]
)
def test_diebold_mariano_refuses(shape, horizon):
    """One series of losses, one step ahead or more."""
    with pytest.raises(DataError, match=r"one series of losses|a horizon is 1"):
        diebold_mariano(np.ones(shape), np.ones(shape), horizon=horizon)


def test_pesaran_timmermann_agrees_with_statsmodels(golden):
    """statsmodels leaves out the last term of W, which is a factor of (n - 1) / n in the variance."""
    data = golden["directions"]
    ours = pesaran_timmermann(data["realised"], data["forecast"])
    without = ours.statistic * np.sqrt((ours.n - 1) / ours.n)
    assert without == pytest.approx(data["statistic"], rel=1e-12)
    assert stats.norm.sf(without) == pytest.approx(data["p_value"], rel=1e-9)


@given(series, series)
def test_pesaran_timmermann_variance_is_the_papers(y, z):
    """V - W, written out with all three terms, is the product that stands in the code."""
    result, n = pesaran_timmermann(y, z), len(y)
    py, pz = np.mean(y > 0), np.mean(z > 0)
    star = py * pz + (1 - py) * (1 - pz)
    v = star * (1 - star) / n
    w = ((2 * py - 1) ** 2 * pz * (1 - pz) + (2 * pz - 1) ** 2 * py * (1 - py)) / n
    w += 4 * py * pz * (1 - py) * (1 - pz) / n**2
    if result.p_value < 1:
        expected = (np.mean((y > 0) == (z > 0)) - star) / np.sqrt(v - w)
        assert result.statistic == pytest.approx(expected, rel=1e-9, abs=1e-9)
        assert pesaran_timmermann(z, y).statistic == pytest.approx(result.statistic)
        assert pesaran_timmermann(y, -z).statistic == pytest.approx(-result.statistic)


@pytest.mark.parametrize(
    ("realised", "forecast", "expected"),
    [
        ([1, 1, -1, 1], [1, 1, 1, 1], (0.0, 1.0, 0.75, 4)),
        ([1, 1, 1], [1, -1, 1], (0.0, 1.0, 2 / 3, 3)),
        ([1], [1], (0.0, 1.0, 1.0, 1)),
        ([1, 0, -1], [1, 1, 0], (0.0, 1.0, 1.0, 1)),
        ([], [], (NAN, NAN, NAN, 0)),
        ([1, NAN], [1, -1], (NAN, NAN, NAN, 2)),
        ([1, -1], [1, NAN], (NAN, NAN, NAN, 2)),
    ],
)
def test_pesaran_timmermann_where_there_is_nothing_to_know(realised, forecast, expected):
    """Always "up" in a rising market has a fine hit rate and no p-value below 1."""
    r = pesaran_timmermann(realised, forecast)
    np.testing.assert_allclose((r.statistic, r.p_value, r.hit_rate, r.n), expected)


def test_cosines_agree_with_their_transform(golden_selection):
    """Statistic and p-value by scipy's cosine transform and law, and by the sum of the paper."""
    d = np.array(golden_selection["difference"])
    ours, theirs = equal_predictive_ability(d, np.zeros_like(d)), golden_selection["ewc"]
    assert ours.statistic == pytest.approx(theirs["statistic"], rel=1e-12)
    assert ours.p_value == pytest.approx(theirs["p_value"], rel=1e-10)
    assert ours.kernel == "cosine"
    n, t = len(d), np.arange(1, len(d) + 1)
    waves = [
        np.sqrt(2 / n) * np.sum(d * np.cos(np.pi * j * (t - 0.5) / n))
        for j in range(1, theirs["n_cosines"] + 1)
    ]
    by_sum = np.sqrt(n) * d.mean() / np.sqrt(np.mean(np.square(waves)))
    assert ours.statistic == pytest.approx(by_sum, rel=1e-12)


def test_cosines_keep_their_level_under_overlap():
    """Sums over five steps overlap: a naive t test rejects too often, cosines do not."""
    rng, n_series = np.random.default_rng(3), 800
    found = {"naive": 0, "cosine": 0}
    for _ in range(n_series):
        d = np.convolve(rng.standard_normal(254), np.ones(5), "valid")
        zero = np.zeros(250)
        found["naive"] += diebold_mariano(d, zero, horizon=1).p_value < 0.05
        found["cosine"] += equal_predictive_ability(d, zero).p_value < 0.05
    assert found["cosine"] <= stats.binom.ppf(0.999, n_series, 0.06)
    assert found["naive"] > 4 * found["cosine"]


@pytest.mark.parametrize(
    ("a", "b", "p"),
    [
        (np.ones(50), np.ones(50), 1.0),
        (np.ones(50), np.zeros(50), NAN),
        (np.r_[NAN, np.arange(49.0)], np.zeros(50), NAN),
        (np.arange(7.0), np.zeros(7), NAN),
        ([], [], NAN),
    ],
)
def test_cosines_where_there_is_nothing_to_test(a, b, p):
    """The same losses are no difference; a constant one, a NaN or a handful cannot be tested."""
    ours = equal_predictive_ability(a, b)
    np.testing.assert_array_equal([ours.p_value, ours.p_better], [p, p])
