"""Corrections for a search: Holm, overfitting, and tests over everything tried."""

import sys
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.errors import DataError, UsageError
from lstmfin.metrics.selection import (
    confidence_set,
    holm,
    probability_of_overfitting,
    superior_ability,
)

NAN = np.nan


def test_holm_is_that_of_statsmodels(golden_selection):
    """To 14 digits."""
    ours = holm(golden_selection["p_values"])
    np.testing.assert_allclose(ours, golden_selection["holm"], rtol=1e-14)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_laws_of_holm(p):
    """Order stays, no p-value falls, the smallest is multiplied by how many there are."""
    corrected = holm(p)
    assert (corrected >= p).all()
    assert (corrected <= 1).all()
    if p:
        assert corrected.min() == min(len(p) * min(p), 1)
        order = np.argsort(p, kind="stable")
        assert (np.diff(corrected[order]) >= 0).all()


def test_holm_leaves_out_what_was_not_tested():
    """NaN stays NaN and is not counted."""
    np.testing.assert_array_equal(holm([NAN, 0.02, NAN, 0.5]), [NAN, 0.04, NAN, 0.5])
    assert np.isnan(holm([NAN])).all()


def _by_loops(returns, n_blocks):
    """The probability of overfitting, word by word."""
    blocks = np.array_split(returns, n_blocks)
    below = []
    for inside in combinations(range(n_blocks), n_blocks // 2):
        parts = [[], []]
        for number, block in enumerate(blocks):
            parts[number not in inside].append(block)
        one, other = (np.concatenate(part) for part in parts)
        best = np.argmax(one.mean(axis=0) / one.std(axis=0))
        ratios = other.mean(axis=0) / other.std(axis=0)
        rank = (ratios < ratios[best]).sum() + 1
        omega = rank / (len(ratios) + 1)
        below.append(np.log(omega / (1 - omega)) <= 0)
    return np.mean(below)


@pytest.mark.parametrize(("n_blocks", "n_trials"), [(4, 2), (6, 5), (8, 9)])
def test_overfitting_by_loops(n_blocks, n_trials):
    """The fast way gives the number of the slow one."""
    r = np.random.default_rng(n_blocks).normal(0.0002, 0.01, (n_blocks * 20, n_trials))
    assert probability_of_overfitting(r, n_blocks=n_blocks) == _by_loops(r, n_blocks)


def test_one_good_trial_is_not_overfitted_and_noise_is():
    """With one good trial 0; with noise about a half, on average."""
    rng = np.random.default_rng(0)
    found = [
        probability_of_overfitting(rng.normal(0, 0.01, (600, 20)), n_blocks=8) for _ in range(60)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.1)
    good = rng.normal(0, 0.01, (600, 20))
    good[:, 7] += 0.004
    assert probability_of_overfitting(good, n_blocks=8) == 0.0


def test_overfitting_without_an_answer():
    """One trial, too few sessions or a NaN; trials that did nothing share their rank."""
    r = np.random.default_rng(0).normal(0, 0.01, (64, 3))
    assert np.isnan(probability_of_overfitting(r[:, :1]))
    assert np.isnan(probability_of_overfitting(r[:31]))
    assert np.isnan(probability_of_overfitting(np.where(r == r[5, 1], NAN, r)))
    assert probability_of_overfitting(np.zeros((64, 3)), n_blocks=4) == 1.0
    with pytest.raises(DataError, match="even number of blocks"):
        probability_of_overfitting(r, n_blocks=5)


def test_tests_over_everything_are_those_of_arch(golden_selection):
    """The same seed gives the same p-value, and the same set."""
    pytest.importorskip("arch", reason="the extra [stats] is not installed")
    losses, benchmark = golden_selection["losses"], golden_selection["benchmark"]
    ours = superior_ability(benchmark, losses, seed=7)
    assert ours == pytest.approx(golden_selection["spa"], abs=1e-12)
    assert list(confidence_set(losses, seed=7)) == golden_selection["mcs"]


def test_without_arch_its_extra_is_named(monkeypatch):
    """A clean sentence, where the package is not there."""
    monkeypatch.setitem(sys.modules, "arch", None)
    with pytest.raises(UsageError, match=r"pip install 'lstmfin\[stats\]'"):
        superior_ability([1.0, 2.0], [[1.0], [2.0]], seed=0)
