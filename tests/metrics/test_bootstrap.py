"""The stationary bootstrap and its block length."""

import numpy as np
import pytest

from lstmfin.errors import DataError
from lstmfin.metrics.bootstrap import block_length, stationary_indices


@pytest.mark.parametrize("name", ["returns", "wander"])
def test_block_length_is_that_of_arch(golden_selection, name):
    """To 10 digits, where the bandwidth is the same: next to white noise and an AR(1)."""
    ours = block_length(golden_selection[name])
    assert ours == pytest.approx(max(golden_selection["block_length"][name], 1.0), rel=1e-10)


def test_blocks_grow_with_what_hangs_together():
    """White noise needs none; the longer the memory, the longer the block."""
    rng = np.random.default_rng(0)
    shocks = rng.standard_normal(3000)
    lengths = []
    for decay in (0.0, 0.5, 0.9):
        x = np.zeros(3000)
        for t in range(1, 3000):
            x[t] = decay * x[t - 1] + shocks[t]
        lengths.append(block_length(x))
    assert lengths == sorted(lengths)
    assert lengths[0] < 5
    assert lengths[2] > 40


@pytest.mark.parametrize("length", [1.0, 4.0, 30.0])
def test_blocks_run_on_and_are_as_long_as_asked(length):
    """Within a block positions follow each other, around the end; each is drawn as often as any."""
    rng = np.random.default_rng(1)
    at = stationary_indices(200, length=length, n_samples=500, rng=rng)
    assert at.min() == 0
    assert at.max() == 199
    goes_on = (at[:, 1:] == (at[:, :-1] + 1) % 200).mean()
    assert goes_on == pytest.approx(1 - 1 / length + 1 / length / 200, abs=0.01)
    counts = np.bincount(at.ravel(), minlength=200)
    assert counts.std() / counts.mean() < 0.15


@pytest.mark.parametrize("series", [[], [1.0], [2.0] * 9, [1.0, np.nan, 2.0], [[1.0, 2.0]]])
def test_what_has_no_block_length(series):
    """Too short, constant, incomplete or no series."""
    with pytest.raises(DataError, match="two values or more"):
        block_length(series)


@pytest.mark.parametrize("n", range(2, 14))
def test_short_series_have_one(n):
    """A handful of values is enough, and the bound holds."""
    x = np.random.default_rng(n).standard_normal(n)
    assert 1 <= block_length(x) <= max(np.ceil(n / 3), 1)


@pytest.mark.parametrize(("n", "length"), [(0, 2.0), (5, 0.5), (5, np.nan)])
def test_blocks_that_cannot_be(n, length):
    """The sentence says what may be."""
    with pytest.raises(DataError, match="cannot be resampled"):
        stationary_indices(n, length=length, n_samples=1, rng=np.random.default_rng(0))
