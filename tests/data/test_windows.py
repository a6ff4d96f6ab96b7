"""Windows on a series."""

import numpy as np
import pytest
from made_prices import build_prices

from lstmfin.data.prices import drop_range
from lstmfin.data.windows import carried_features, make_windows
from lstmfin.errors import DataError, UsageError
from lstmfin.registry import FEATURES


def test_windows_are_a_view(prices):
    """Windows share one matrix; nothing is copied until a batch is taken."""
    windows = make_windows(prices, window=30, horizon=5)
    assert np.shares_memory(windows.view[0], windows.view[1])
    base = windows.view
    while base.base is not None:
        base = base.base
    assert base.nbytes <= len(prices) * len(windows.features) * 4
    assert windows.view.shape == (len(windows), 30, 4)
    assert windows.view.dtype == np.float32


def test_every_origin_once(prices):
    """Every session after the warm-up and a window is an origin, the last session too."""
    windows = make_windows(prices, window=30, horizon=5)
    np.testing.assert_array_equal(windows.origins, np.arange(20 + 29, 200))


def test_windows_end_at_their_origin(prices):
    """The last row of a window holds the origin's own features."""
    windows = make_windows(prices, features=("volume",), window=30, horizon=5)
    values = FEATURES.get("volume").compute(prices).astype(np.float32)
    np.testing.assert_array_equal(windows.view[:, -1, 0], values[windows.origins])
    np.testing.assert_array_equal(windows.view[:, 0, 0], values[windows.origins - 29])


def test_targets_against_a_loop(prices):
    """The target is the log return to each horizon, by volatility and root of time; else NaN."""
    windows = make_windows(prices, window=30, horizon=5)
    close = prices.column("adj_close")
    for at, origin in enumerate(windows.origins):
        for h in range(1, 6):
            if origin + h < len(close):
                move = np.log(close[origin + h] / close[origin])
                expected = move / (windows.volatility[at] * np.sqrt(h))
                assert windows.target[at, h - 1] == pytest.approx(expected, rel=1e-6, abs=1e-9)
            else:
                assert np.isnan(windows.target[at, h - 1])
    np.testing.assert_array_equal(windows.known, np.arange(len(windows) - 5))
    assert windows.target.shape == (len(windows), 5)


def test_batches_are_what_was_asked_for(prices):
    """A batch holds the windows of its indices, in their order."""
    windows = make_windows(prices, window=30, horizon=5)
    batch = windows.batch(np.array([9, 3]))
    assert batch.shape == (2, 30, 4)
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch[1], windows.batch(np.array([3]))[0])


def test_unfinished_sessions_are_left_out():
    """A session that is not over is neither seen nor a target."""
    whole = build_prices(100)
    last_open = build_prices(100, final=np.arange(100) < 99)
    shown, expected = (
        make_windows(one, window=30, horizon=5) for one in (last_open, whole.slice(99))
    )
    assert len(shown) == len(expected)
    np.testing.assert_array_equal(shown.target, expected.target)


def test_too_short_names_both_numbers():
    """The error says how many sessions there are and how many are needed."""
    assert len(make_windows(build_prices(80), window=60, horizon=5)) == 1
    with pytest.raises(DataError, match="TEST has 79 finished sessions; a window of 60 needs 80"):
        make_windows(build_prices(79), window=60, horizon=5)


def test_a_long_calm_start_counts_as_too_short():
    """Sessions without volatility cannot be in a window."""
    close = np.r_[np.full(150, 100.0), build_prices(50).column("close")]
    flat = {"open": close, "high": close, "low": close, "adj_close": close}
    with pytest.raises(DataError, match="TEST has 50 sessions after"):
        make_windows(build_prices(200, close=close, **flat), window=60, horizon=5)


def test_features_that_cannot_be_carried_are_refused():
    """The error names those that can."""
    bare = drop_range(build_prices())
    with pytest.raises(DataError, match=r"'range'.*can carry .*log-return.*, volume, weekday"):
        make_windows(bare, features=("log-return", "range"), window=30, horizon=5)
    assert make_windows(bare, window=30, horizon=5).features == carried_features(bare)
    with pytest.raises(UsageError, match="unknown feature 'rang'; did you mean 'range'"):
        make_windows(bare, features=("rang",), window=30, horizon=5)


def test_order_of_features_is_kept(prices):
    """Columns come in the order in which features were named."""
    forth = make_windows(prices, features=("volume", "range"), window=30, horizon=5)
    back = make_windows(prices, features=("range", "volume"), window=30, horizon=5)
    np.testing.assert_array_equal(forth.view[..., 0], back.view[..., 1])
