"""The trailing volatility."""

import numpy as np
import pytest
from made_prices import build_prices

from lstmfin.data.volatility import price_volatility, trailing_volatility
from lstmfin.errors import DataError


def test_equals_the_recursion():
    """The fast form equals the equation, step by step."""
    returns = np.concatenate([[np.nan], 0.01 * np.random.default_rng(1).standard_normal(100)])
    variance = np.mean(returns[1:21] ** 2)
    expected = [np.nan] * 20 + [np.sqrt(variance)]
    for r in returns[21:]:
        variance = 0.94 * variance + 0.06 * r**2
        expected.append(np.sqrt(variance))
    np.testing.assert_allclose(trailing_volatility(returns), expected, rtol=1e-13)


def test_constant_series_are_refused_by_name():
    """A price that never moves has no volatility to divide by."""
    flat = build_prices(50, open=5.0, high=5.0, low=5.0, close=np.full(50, 5.0), adj_close=5.0)
    with pytest.raises(DataError, match=r"^TEST: zero variance"):
        price_volatility(flat)


def test_a_calm_start_is_not_known():
    """While no price has moved there is no volatility, and it is there from the first move on."""
    returns = np.zeros(60)
    returns[0], returns[40] = np.nan, 0.01
    volatility = trailing_volatility(returns)
    assert np.isnan(volatility[:40]).all()
    assert (volatility[40:] > 0).all()


@pytest.mark.parametrize("n", [2, 20])
def test_too_short_is_not_known(n):
    """Fewer than 20 returns give no volatility."""
    returns = np.full(n, 0.01)
    assert np.isnan(trailing_volatility(returns)).all()


def test_a_price_that_rests_has_not_forgotten_how_it_moved():
    """The volatility never falls below a tenth of that of all returns so far, known at each close."""
    returns = np.concatenate([[np.nan], 0.02 * np.random.default_rng(0).standard_normal(300)])
    returns[100:] = 0.0
    volatility = trailing_volatility(returns)
    so_far = np.sqrt(np.cumsum(returns[1:] ** 2) / np.arange(1, 301))
    np.testing.assert_allclose(volatility[-1], 0.1 * so_far[-1], rtol=1e-12)
    assert (volatility[20:] >= 0.1 * so_far[19:] * (1 - 1e-12)).all()
    assert volatility[-1] > 1e-4
