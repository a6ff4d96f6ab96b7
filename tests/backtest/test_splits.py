"""Walk-forward splits, by their laws."""

import json
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.backtest.splits import combinatorial_purged, walk_forward
from lstmfin.errors import UsageError

SIZES = {
    "n": st.integers(1, 300),
    "train": st.integers(1, 120),
    "test": st.integers(1, 60),
    "purge": st.integers(0, 40),
    "rolling": st.booleans(),
}


@given(**SIZES, horizon=st.integers(1, 40))
def test_laws_of_the_splits(n, train, test, purge, rolling, horizon):
    """Blocks keep the gap, test each origin once and in order, and train on as much as was asked."""
    if train + purge >= n:
        with pytest.raises(
            UsageError, match=f"--train {train} and --purge {purge} .* {n} sessions"
        ):
            list(walk_forward(n, train=train, test=test, purge=purge, rolling=rolling))
        return
    splits = list(walk_forward(n, train=train, test=test, purge=purge, rolling=rolling))
    tested = np.concatenate([block for _, block in splits])
    np.testing.assert_array_equal(tested, np.arange(train + purge, n))
    for number, (known, block) in enumerate(splits):
        assert block[0] - known[-1] - 1 == purge
        np.testing.assert_array_equal(known, np.arange(known[0], known[-1] + 1))
        np.testing.assert_array_equal(block, np.arange(block[0], block[-1] + 1))
        assert len(block) == test or number == len(splits) - 1
        assert 1 <= len(block) <= test
        if purge >= horizon:
            assert known[-1] + horizon < block[0]
        if rolling:
            assert len(known) == train
        else:
            assert known[0] == 0
            assert len(known) == train + number * test


def test_table():
    """A small case, by hand."""
    assert [(list(a), list(b)) for a, b in walk_forward(9, train=3, test=2, purge=2)] == [
        ([0, 1, 2], [5, 6]),
        ([0, 1, 2, 3, 4], [7, 8]),
    ]
    assert [list(a) for a, _ in walk_forward(9, train=3, test=2, purge=2, rolling=True)] == [
        [0, 1, 2],
        [2, 3, 4],
    ]


GOLDEN = Path(__file__).parents[1] / "golden" / "selection.json"


@pytest.mark.parametrize("case", json.loads(GOLDEN.read_text())["splits"], ids=lambda c: c["folds"])
def test_combinatorial_splits_are_those_of_skfolio(case):
    """Every training block and every test block."""
    ours = combinatorial_purged(
        case["n"],
        n_folds=case["folds"],
        n_test_folds=case["test_folds"],
        purge=case["purge"],
        embargo=case["embargo"],
    )
    found = [[train.tolist(), [one.tolist() for one in tests]] for train, tests in ours]
    assert found == case["splits"]


@given(
    n=st.integers(4, 200),
    n_folds=st.integers(2, 8),
    n_test_folds=st.integers(1, 4),
    purge=st.integers(0, 12),
    embargo=st.integers(0, 12),
)
def test_laws_of_combinatorial_splits(n, n_folds, n_test_folds, purge, embargo):
    """No target that a purge covers reaches into a test block, and none of its own into training."""
    arguments = {"n_folds": n_folds, "n_test_folds": n_test_folds, "purge": purge}
    try:
        splits = list(combinatorial_purged(n, embargo=embargo, **arguments))
    except UsageError:
        return
    assert len(splits) == comb(n_folds, n_test_folds)
    times = np.zeros(n, int)
    for train, tests in splits:
        tested = np.zeros(n, bool)
        for block in tests:
            tested[block] = True
        times += tested
        horizon = purge
        for origin in train:
            assert not tested[max(origin - purge - embargo, 0) : origin + horizon + 1].any()
        assert len(train) > 0
    assert (times == comb(n_folds - 1, n_test_folds - 1)).all()


@pytest.mark.parametrize(
    ("n", "n_folds", "n_test_folds", "purge"),
    [(10, 1, 1, 0), (10, 3, 3, 0), (10, 11, 1, 0), (10, 3, 0, 0), (10, 3, 1, -1)],
)
def test_combinations_that_cannot_be(n, n_folds, n_test_folds, purge):
    """The sentence says what folds are."""
    with pytest.raises(UsageError, match="cannot be made of 10 sessions"):
        next(combinatorial_purged(n, n_folds=n_folds, n_test_folds=n_test_folds, purge=purge))


def test_a_purge_that_leaves_nothing():
    """It is named, with the sessions."""
    with pytest.raises(UsageError, match=r"a purge of 9 .* leave nothing to train on in 12"):
        list(combinatorial_purged(12, n_folds=3, n_test_folds=2, purge=9))
