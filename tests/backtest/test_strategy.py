"""From forecasts to money, against tables made by hand."""

import numpy as np
import pytest

from lstmfin.backtest.strategy import holding_returns, net_returns, sign_positions
from lstmfin.data.prices import drop_range
from lstmfin.metrics.distribution import StudentT

COST = 10.0  # basis points: 0.001 of what is turned over


@pytest.mark.parametrize(
    ("positions", "returns", "expected"),
    [
        ([0, 0, 0], [0.1, -0.1, 0.1], [0, 0, 0]),
        ([1, 1, 1], [0.1, -0.1, 0.0], [0.099, -0.1, 0.0]),  # the first position is bought
        ([-1, -1], [0.1, -0.1], [-0.101, 0.1]),
        ([1, -1, 1], [0.0, 0.0, 0.0], [-0.001, -0.002, -0.002]),  # a flip costs two
        ([1, 0, 1], [0.1, 0.5, 0.1], [0.099, -0.001, 0.099]),  # out and in again
        ([0.5, 1.0], [0.02, 0.02], [0.0095, 0.0195]),
    ],
)
def test_net_returns(positions, returns, expected):
    """Positions earn their share of the return, less the cost of what was turned over."""
    net = net_returns(np.array(positions, float), np.array(returns), cost_bps=COST)
    np.testing.assert_allclose(net, expected, rtol=0, atol=1e-15)
    gross = net_returns(np.array(positions, float), np.array(returns), cost_bps=0)
    np.testing.assert_allclose(gross, np.multiply(positions, returns), rtol=0, atol=1e-15)


@pytest.mark.parametrize(("long_only", "expected"), [(False, [1, -1, 0]), (True, [1, 0, 0])])
def test_sign_positions(long_only, expected):
    """The sign of the next session's median decides, whatever comes later; or stay out."""
    location = np.array([[0.001, -1.0], [-0.001, 1.0], [0.0, 1.0]])
    law = StudentT(location, np.ones((3, 2)))
    positions = sign_positions(law, long_only=long_only)
    np.testing.assert_array_equal(positions, expected)
    assert not np.signbit(positions[positions == 0]).any()


def test_trades_at_the_next_open(make_prices):
    """Known at the close of t, bought at the open of t + 1, given up at the open of t + 2."""
    prices = make_prices([10.0, 11.0, 12.0, 13.0], opens=[9.0, 10.0, 12.0, 9.0])
    np.testing.assert_allclose(holding_returns(prices, np.array([0, 1])), [0.2, -0.25])


def test_trades_at_the_next_close_without_opens(make_prices):
    """Where there are no opens, at the closes of t + 1 and t + 2: never at the one it knew."""
    prices = make_prices([10.0, 11.0, 12.0, 9.0])
    expected = [12 / 11 - 1, 9 / 12 - 1]
    np.testing.assert_allclose(holding_returns(prices, np.array([0, 1])), expected)
    opens = make_prices([10.0, 11.0, 12.0, 9.0], opens=[10.0, 11.0, 12.0, 9.0])
    np.testing.assert_allclose(holding_returns(drop_range(opens), np.array([0, 1])), expected)


@pytest.mark.parametrize("with_opens", [True, False])
def test_a_split_is_no_loss(make_prices, with_opens):
    """Two for one on the third day: the raw price halves, the holder loses nothing."""
    raw, adjusted = [100.0, 100.0, 50.0, 50.0], [50.0] * 4
    prices = make_prices(
        raw,
        opens=raw if with_opens else None,
        adj_close=adjusted,
        actions=[("2024-01-03", "split", 2.0)],
    )
    np.testing.assert_allclose(holding_returns(prices, np.array([0, 1])), 0, atol=1e-15)


@pytest.mark.parametrize("with_opens", [True, False])
def test_a_dividend_is_earned(make_prices, with_opens):
    """One of 2 on 100 is paid on the third day, and the raw price falls by as much: no loss."""
    raw, adjusted = [100.0, 100.0, 98.0, 98.0], [98.0] * 4
    prices = make_prices(
        raw,
        opens=raw if with_opens else None,
        adj_close=adjusted,
        actions=[("2024-01-03", "dividend", 2.0)],
    )
    np.testing.assert_allclose(holding_returns(prices, np.array([0, 1])), 0, atol=1e-15)
