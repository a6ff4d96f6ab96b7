"""By how much a network beats a baseline, and how sure that is."""

import numpy as np
import pytest

from lstmfin.backtest.skill import _interval, skills


def test_every_baseline_at_both_horizons(result):
    """The skill is that of the mean scores; its interval holds it."""
    found = {(one.baseline, one.horizon): one for one in skills(result)}
    names = [name for name in result.laws if name != result.model]
    last = result.realised.shape[1]
    assert set(found) == {(name, horizon) for name in names for horizon in {1, last}}
    own, truth = result.laws[result.model], result.realised[:, -1]
    known = np.isfinite(truth)
    for name in names:
        scores = [law[:, -1].crps(truth)[known].mean() for law in (own, result.laws[name])]
        one = found[name, last]
        assert one.skill == pytest.approx(1 - scores[0] / scores[1])
        assert one.low <= one.skill <= one.high
    assert skills(result) == skills(result)


def test_the_interval_of_independent_losses_is_that_of_a_ratio():
    """Of one loss a tenth below the other, with noise: the width is by the delta method."""
    rng = np.random.default_rng(0)
    other = 1 + 0.5 * rng.random(4000)
    own = 0.9 * other + 0.2 * rng.standard_normal(4000)
    skill, low, high = _interval(own, other)
    ratio = own.mean() / other.mean()
    spread = (own - ratio * other).std() / other.mean() / np.sqrt(4000)
    assert skill == pytest.approx(0.1, abs=0.01)
    assert high - low == pytest.approx(2 * 1.96 * spread, rel=0.12)


def test_losses_that_hang_together_are_less_sure():
    """The same losses in runs of twenty leave a wider interval than one by one."""
    rng = np.random.default_rng(1)
    own = np.repeat(0.9 + 0.2 * rng.standard_normal(200), 20)
    other = np.ones(4000)
    widths = [np.subtract(*_interval(one, other)[:0:-1]) for one in (own, rng.permutation(own))]
    assert widths[0] > 2.5 * widths[1]


def test_the_same_forecast_has_no_skill_and_no_interval():
    """No difference, no doubt."""
    assert _interval(np.ones(10), np.ones(10)) == (0, 0, 0)
