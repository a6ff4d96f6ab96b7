"""Calibration: what it holds, what it must not see, and where it goes on."""

import json

import numpy as np
import pytest
from scipy import stats

from lstmfin.errors import DataError, UsageError
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.mixture import Mixture
from lstmfin.models.calibration import (
    ALPHA,
    RATE,
    SPLIT_BLOCK,
    Calibrator,
    calibrate,
    errors_of,
)

H = 3


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def _normal(n, horizon=1):
    return StudentT(np.zeros((n, horizon)), np.sqrt(np.arange(1, horizon + 1)))


def _ahead(returns, horizon):
    """Return cumulative returns (n, H) from each session on; NaN where unknown."""
    level = np.concatenate([np.cumsum(returns), np.full(horizon, np.nan)])
    return np.stack([level[h : h + len(returns)] - level[: len(returns)] for h in range(1, horizon + 1)], 1)  # fmt: skip


def _held(law, truth, level=0.9):
    low, high = law.quantile((1 - level) / 2), law.quantile((1 + level) / 2)
    known = np.isfinite(truth)
    return ((low <= truth) & (truth <= high))[known].mean()


@pytest.mark.parametrize("factor", [0.4, 1.0, 2.5])
def test_adaptive_ranges_hold_what_they_promise(rng, factor):
    """Laws far too wide or too narrow come to hold 90 %, and with it 50 %, on either side."""
    truth = factor * rng.standard_normal((4000, 1))
    law = calibrate(_normal(4000), truth)[1000:]
    truth = truth[1000:]
    assert _held(law, truth) == pytest.approx(0.9, abs=0.006)
    assert _held(law, truth, 0.5) == pytest.approx(0.5, abs=0.03)
    for level in (0.05, 0.95):
        assert (truth <= law.quantile(level)).mean() == pytest.approx(level, abs=0.004)


def test_a_jump_of_volatility(rng):
    """When moves double, the adaptive range holds 88 to 92 % after a while; the split one breaks."""
    truth = rng.standard_normal((3000, 1)) * np.where(np.arange(3000) < 1000, 1, 2)[:, None]
    after = slice(1150, None)
    adaptive, split = (calibrate(_normal(3000), truth, method=m)[after] for m in ("aci", "split"))
    assert 0.88 < _held(adaptive, truth[after]) < 0.92
    assert _held(split, truth[after]) < 0.7


def test_sides_are_held_apart(rng):
    """Of a skewed truth, each end of the range is missed as often as it should be."""
    truth = rng.gamma(2.0, size=(6000, 1)) - stats.gamma.median(2.0)
    law = calibrate(_normal(6000), truth)[1000:]
    below, above = (
        (truth[1000:] < law.quantile(0.05)).mean(),
        (truth[1000:] > law.quantile(0.95)).mean(),
    )
    assert below == pytest.approx(0.05, abs=0.005)
    assert above == pytest.approx(0.05, abs=0.005)
    assert (law.below < law.above).all()
    np.testing.assert_array_equal(law.median, 0)


def test_misses_are_bounded_whatever_comes(rng):
    """An adversary with errors below e² gets no further: |misses - α| ≤ (2 + η) / (η n)."""
    n, calibrator, missed = 4000, Calibrator(1), 0
    for _ in range(n):
        error = np.minimum(1.01 * calibrator.factors[0], np.exp(2))
        missed += (error > calibrator.factors[0]).mean()
        calibrator.update(error[None])
    assert abs(missed / n - ALPHA) <= (2 + RATE) / (RATE * n)


def _late(prices_seen, truth):
    """Return the truth as it is known at an origin: the rest is NaN."""
    known = truth.copy()
    for h in range(truth.shape[1]):
        known[max(prices_seen - h, 0) :, h] = np.nan
    return known


@pytest.mark.parametrize("method", ["aci", "split"])
def test_the_future_is_not_seen(rng, method):
    """At origin t and horizon h no truth of origins after t - h moves the law by a bit."""
    n = SPLIT_BLOCK + 60
    truth = 2 * _ahead(rng.standard_normal(n), H)
    whole = calibrate(_normal(n, H), truth, method=method)
    for t in (0, 1, H, 100, SPLIT_BLOCK - 1, SPLIT_BLOCK, SPLIT_BLOCK + 40):
        known = _late(t, truth)
        assert np.isnan(known[t]).all()
        part = calibrate(_normal(n, H), known, method=method)
        np.testing.assert_array_equal(part.below[: t + 1], whole.below[: t + 1])
        np.testing.assert_array_equal(part.above[: t + 1], whole.above[: t + 1])
    for h in range(H):  # and the last that is known does
        moved = np.any(np.diff(whole.above[:, h]) != 0, axis=0)
        assert moved.all()


def test_adaptive_by_a_plain_loop(rng):
    """Error by error, as it becomes known, with the step of its horizon."""
    n = 50
    truth = 1.5 * _ahead(rng.standard_normal(n), H)
    law = _normal(n, H)
    result = calibrate(law, truth)
    for h in range(1, H + 1):
        log_factor = np.zeros(2)
        for t in range(n):
            if t >= h:
                q = 1.6448536269514722 * np.sqrt(h) * np.exp(log_factor)
                y = truth[t - h, h - 1]
                missed = np.array([-y > q[0], y > q[1]])
                log_factor += RATE / h * (missed - 0.05)
            np.testing.assert_allclose(result.below[t, h - 1], np.exp(log_factor[0]), rtol=1e-12)
            np.testing.assert_allclose(result.above[t, h - 1], np.exp(log_factor[1]), rtol=1e-12)


def test_split_takes_the_smallest_that_is_large_enough(rng):
    """⌈(n + 1)(1 - α)⌉-th of n errors; of 18 the 19th is not there, and the side stays."""
    errors = rng.standard_normal((100, 1, 2))
    calibrator = Calibrator(1, "split")
    calibrator.fit(errors)
    np.testing.assert_allclose(calibrator.factors[0], np.sort(errors[:, 0], axis=0)[95])
    few = Calibrator(1, "split")
    few.fit(errors[:18])
    np.testing.assert_array_equal(few.factors, 1)
    few.fit(np.full((0, 1, 2), np.nan))
    np.testing.assert_array_equal(few.factors, 1)
    few.fit(errors[:19])
    np.testing.assert_allclose(few.factors[0], errors[:19, 0].max(axis=0))


def test_a_state_goes_on_where_it_was(rng):
    """Saved as JSON and loaded, it says of later origins what it would have said in one go."""
    n, cut = 120, 70
    truth = 2 * _ahead(rng.standard_normal(n), H)
    law = _normal(n, H)
    whole = calibrate(law, truth)
    first = Calibrator(H)
    calibrate(law[:cut], _late(cut - 1, truth)[:cut], calibrator=first)
    state = json.loads(json.dumps(first.to_table()))
    back = cut - H
    rest = calibrate(law[back:], truth[back:], calibrator=Calibrator.from_table(state), first=H)
    np.testing.assert_allclose(rest.above, whole.above[cut:], rtol=1e-12)
    np.testing.assert_allclose(rest.below, whole.below[cut:], rtol=1e-12)


def test_a_live_forecast_is_the_next_origin(rng):
    """``apply`` stretches the law of an origin by all that is known there."""
    n = 80
    truth = 2 * _ahead(rng.standard_normal(n), H)
    calibrator = Calibrator(H)
    whole = calibrate(_normal(n, H), truth, calibrator=calibrator)
    live = calibrator.apply(_normal(1, H))
    np.testing.assert_array_equal(live.above[0], whole.above[-1])


def test_what_is_not_known_teaches_nothing(rng):
    """A session without a truth moves no factor."""
    calibrator = Calibrator(2)
    calibrator.update(np.array([[np.nan, np.nan], [3.0, -3.0]]))
    np.testing.assert_array_equal(calibrator.factors[0], 1)
    assert calibrator.factors[1, 0] > 1 > calibrator.factors[1, 1]


def test_no_factor_runs_away():
    """A law of another unit ends at the bound, and says so."""
    calibrator = Calibrator(1)
    for _ in range(2000):
        calibrator.update(np.full((1, 2), 1e9))
    assert calibrator.at_bound
    assert np.log(calibrator.factors) == pytest.approx(3.0)
    assert not Calibrator(1).at_bound


def test_none_is_none(rng):
    """Without a method the laws come back as they were."""
    law = _normal(20, H)
    assert calibrate(law, _ahead(rng.standard_normal(20), H), method="none", first=5).shape == (
        15,
        H,
    )
    assert Calibrator(H, "none").apply(law) is law


def test_any_law_can_be_calibrated(rng):
    """A mixture too, and its median stays."""
    truth = 2 * rng.standard_normal((800, 1))
    law = Mixture([StudentT(np.full((800, 1), m), 1.0, 5.0) for m in (-0.1, 0.1)])
    calibrated = calibrate(law, truth)
    assert _held(calibrated[300:], truth[300:]) == pytest.approx(0.9, abs=0.02)
    np.testing.assert_allclose(calibrated.median, law.median, atol=1e-12)


def test_errors_are_in_units_of_their_side():
    """At the end of the range an error is 1, on the other side it is none; NaN if unknown."""
    law = StudentT(np.full((1, 3), 0.2), 1.0)
    truth = np.array([[law.quantile(0.95)[0, 0], law.quantile(0.05)[0, 0], np.nan]])
    errors = errors_of(law, truth)[0]
    np.testing.assert_allclose(errors, [[0, 1], [1, 0], [np.nan, np.nan]], rtol=1e-12)


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"method": "aci", "log_factor": [[0.0]]},
        {"method": "aci", "log_factor": [[0.0, 4.0]]},
        {"method": "aci", "log_factor": [[0.0, None]]},
        {"method": "aci", "log_factor": "none"},
        {"method": "guess", "log_factor": [[0.0, 0.0]]},
    ],
)
def test_refuses_a_damaged_state(table):
    """A state that no calibration wrote is refused."""
    with pytest.raises(DataError, match="damaged"):
        Calibrator.from_table(table)


def test_refuses_an_unknown_method():
    """The methods there are, are named."""
    with pytest.raises(
        UsageError, match=r"unknown calibration 'magic' \(there are: aci, split, none\)"
    ):
        Calibrator(1, "magic")
