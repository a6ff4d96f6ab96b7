"""From forecasts to money, against tables made by hand."""

import numpy as np
import pandas as pd
import pytest

from lstmfin.backtest.strategy import (
    holding_returns,
    net_returns,
    sign_positions,
    trades_at_open,
)
from lstmfin.data.prices import Prices, drop_range, make_bars
from lstmfin.data.windows import cumulative_returns
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
    """Traded at the open, the sign of the next session's median decides, whatever comes later."""
    location = np.array([[0.001, -1.0], [-0.001, 1.0], [0.0, 1.0]])
    law = StudentT(location, np.ones((3, 2)))
    positions = sign_positions(law, at_open=True, long_only=long_only)
    np.testing.assert_array_equal(positions, expected)
    assert not np.signbit(positions[positions == 0]).any()


def test_sign_positions_at_the_close():
    """Traded at the next close, the return held is that of the session after it."""
    location = np.array([[0.001, -1.0], [-0.001, 1.0], [0.5, 0.4], [0.1, 0.1]])
    law = StudentT(location, np.ones((4, 2)))
    positions = sign_positions(law, at_open=False, long_only=False)
    np.testing.assert_array_equal(positions, [-1, 1, -1, 0])
    np.testing.assert_array_equal(
        sign_positions(law[:, :1], at_open=False, long_only=False), [1, -1, 1, 1]
    )


def test_foresight_earns_without_opens():
    """Who knows the next two sessions of a series of closes earns on each that moves."""
    rng = np.random.default_rng(0)
    returns = 0.01 * rng.standard_normal(300)
    prices = Prices(
        "TEST",
        make_bars(
            pd.bdate_range("2020-01-01", periods=301), close=100 * np.exp(np.cumsum([0, *returns]))
        ),
    )
    origins = np.arange(299 - 1)
    law = StudentT(cumulative_returns(prices, 2)[origins], np.ones((298, 2)))
    positions = sign_positions(law, at_open=trades_at_open(prices), long_only=False)
    assert (positions * holding_returns(prices, origins) > 0).all()


@pytest.mark.parametrize(("share", "at_open"), [(0.0, True), (0.1, True), (0.4, False)])
def test_opens_that_are_the_close_before_are_not_traded(share, at_open):
    """To trade at such an open is to trade at the price that the forecast was made from."""
    rng = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(200)))
    opens = close * np.exp(0.001 * rng.standard_normal(200))
    stale = rng.random(200) < share
    opens[1:][stale[1:]] = close[:-1][stale[1:]]
    bars = make_bars(
        pd.bdate_range("2020-01-01", periods=200),
        close=close,
        open=opens,
        high=np.maximum(opens, close),
        low=np.minimum(opens, close),
    )
    assert trades_at_open(Prices("TEST", bars)) == at_open


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
