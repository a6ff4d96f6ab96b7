"""Returns to each session ahead."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_prices import build_prices

from lstmfin.data.windows import cumulative_returns
from lstmfin.errors import DataError


@given(n=st.integers(1, 60), horizon=st.integers(1, 70), seed=st.integers(0, 999))
def test_returns_are_quotients_of_prices(n, horizon, seed):
    """log(p[t + h] / p[t]) where there is a p[t + h], else NaN, whatever both lengths are."""
    prices = build_prices(n, seed=seed)
    close, returns = prices.column("adj_close"), cumulative_returns(prices, horizon)
    assert returns.shape == (n, horizon)
    for h in range(1, horizon + 1):
        known = max(n - h, 0)
        expected = np.log(close[h:] / close[:known]) if known else np.empty(0)
        np.testing.assert_allclose(returns[:known, h - 1], expected, atol=1e-12)
        assert np.isnan(returns[known:, h - 1]).all()


@given(horizon=st.integers(2, 30), split=st.integers(1, 29))
def test_returns_add_up(horizon, split):
    """The way to h is the way to any session between and on; a shorter horizon is the start."""
    split = min(split, horizon - 1)
    prices = build_prices(50)
    returns = cumulative_returns(prices, horizon)
    n = 50 - horizon
    onward = returns[split : split + n, horizon - split - 1]
    np.testing.assert_allclose(returns[:n, split - 1] + onward, returns[:n, -1], atol=1e-13)
    np.testing.assert_array_equal(cumulative_returns(prices, split), returns[:, :split])


def test_dividends_and_splits_are_in_the_returns():
    """The adjusted close counts: a raw close that halves in a split is no loss."""
    whole = build_prices(40)
    halved = whole.column("close") / np.where(np.arange(40) < 20, 1, 2)
    flat = dict.fromkeys(("open", "high", "low", "close"), halved)
    split = build_prices(40, **flat)
    expected = cumulative_returns(whole, 3)
    np.testing.assert_array_equal(cumulative_returns(split, 3), expected)
    with pytest.raises(DataError, match="need prices above zero"):
        cumulative_returns(build_prices(40, adj_close=whole.column("close") - 100), 3)
