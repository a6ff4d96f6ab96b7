"""Alarms: as rare as they say when all is well, and soon when it is not."""

import numpy as np
import pytest

from lstmfin.ops import alarm
from lstmfin.ops.alarm import (  # fmt: skip
    BAND_50,
    BAND_90,
    BETS_50,
    BETS_90,
    YEAR,
    coverage_sums,
    skill_sums,
    threshold_of,
)


def test_a_table_of_sums():
    """By hand: a range of 90 % that holds or fails, with one bet, on 0.4."""
    fails, holds = 0.6 / 0.16, 0.4 / 0.84
    held = np.array([False, False, True, True, True, True, False])
    sums = coverage_sums(held, band=BAND_90, bets=((0.4,), ()))
    by_hand = fails * np.array([1, fails, fails * holds, fails * holds**2, fails * holds**3, fails * holds**4])  # fmt: skip
    np.testing.assert_allclose(sums[:6], by_hand)
    assert by_hand[5] < 1
    assert sums[6] == pytest.approx(fails)  # begun anew, not from below 1
    assert len(coverage_sums(np.array([], dtype=bool), band=BAND_90, bets=BETS_90)) == 0
    expected = np.mean([(1 + s) * (1 - s) for s in alarm.STAKES])
    assert skill_sums(np.array([1.0, -1.0]))[-1] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("band", "bets", "chance"),
    [(BAND_90, BETS_90, 0.84), (BAND_90, BETS_90, 0.9), (BAND_90, BETS_90, 0.96),
     (BAND_50, BETS_50, 0.42), (BAND_50, BETS_50, 0.5), (BAND_50, BETS_50, 0.58)],
)  # fmt: skip
def test_a_bet_is_fair_or_worse_all_over_the_band(band, bets, chance):
    """The claim of each bet: one is expected to be paid at most, exactly, by its two outcomes."""
    low, high = band
    for end, chances in ((low, bets[0]), (high, bets[1])):
        for q in chances:
            paid = chance * q / end + (1 - chance) * (1 - q) / (1 - end)
            assert paid <= 1 + 1e-12


@pytest.mark.parametrize(
    ("band", "bets", "chance"),
    [(BAND_90, BETS_90, 0.84), (BAND_90, BETS_90, 0.96), (BAND_50, BETS_50, 0.42), (BAND_50, BETS_50, 0.58)],
)  # fmt: skip
def test_false_alarms_are_as_rare_as_stated(band, bets, chance):
    """At the ends of the band, the worst that is no fault: alarms in a year, of 10,000 histories."""
    rng, rate = np.random.default_rng(1), 0.1
    sums = coverage_sums(rng.random((YEAR, 10_000)) < chance, band=band, bets=bets)
    raised = (sums >= YEAR / rate).any(axis=0).mean()
    assert raised <= rate


def test_false_alarms_on_skill():
    """A model that is as good as its baseline, with changing volatility and heavy tails."""
    rng, rate = np.random.default_rng(2), 0.1
    scale = np.exp(rng.normal(size=(YEAR, 1)).cumsum(axis=0) / 10)
    difference = np.clip(scale * rng.standard_t(3, (YEAR, 10_000)) / 4, -1, 1)
    raised = (skill_sums(difference) >= YEAR / rate).any(axis=0).mean()
    assert raised <= rate


def test_what_left_its_band_is_found():
    """Among 50 symbols: a range of 90 % that holds 60 %, within 9 months; a model far worse, within a year."""
    rng, threshold = np.random.default_rng(3), threshold_of(0.1, 50)
    held = rng.random((180, 1000)) < 0.6
    assert (coverage_sums(held, band=BAND_90, bets=BETS_90) >= threshold).any(axis=0).mean() > 0.9
    worse = rng.uniform(-0.3, 0.7, (250, 1000))
    assert (skill_sums(worse) >= threshold).any(axis=0).mean() > 0.9


def test_a_good_past_does_not_hide_a_bad_present():
    """Ten good years before do not delay the alarm: no sum is carried on below its start."""
    rng = np.random.default_rng(4)
    bad, good = rng.random(120) < 0.6, rng.random(2500) < 0.9
    alone = coverage_sums(bad, band=BAND_90, bets=BETS_90)[-1]
    after = coverage_sums(np.concatenate([good, bad]), band=BAND_90, bets=BETS_90)[-1]
    assert after >= alone


def test_the_threshold_shares_the_rate():
    """More tracks, or a lower rate: a higher threshold; one track at least."""
    assert threshold_of(0.1, 0) == threshold_of(0.1, 1) == 7500
    assert threshold_of(0.05, 10) == 20 * 7500
