"""Walk-forward splits, by their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.backtest.splits import walk_forward
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
