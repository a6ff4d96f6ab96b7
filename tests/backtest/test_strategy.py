"""From forecasts to money, against tables made by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lstmfin.backtest.strategy import (
    Costs,
    costs_of,
    executes_at_open,
    holding_returns,
    net_returns,
    positions,
    trades_at_open,
)
from lstmfin.config import BacktestConfig
from lstmfin.data.prices import Prices, drop_range, make_bars
from lstmfin.data.windows import cumulative_returns
from lstmfin.errors import DataError
from lstmfin.metrics.distribution import StudentT

COST = 10.0  # basis points: 0.001 of what is turned over


@pytest.mark.parametrize(
    ("held", "returns", "expected"),
    [
        ([0, 0, 0], [0.1, -0.1, 0.1], [0, 0, 0]),
        ([1, 1, 1], [0.1, -0.1, 0.0], [0.099, -0.1, 0.0]),  # the first position is bought
        ([-1, -1], [0.1, -0.1], [-0.101, 0.1]),
        ([1, -1, 1], [0.0, 0.0, 0.0], [-0.001, -0.002, -0.002]),  # a flip costs two
        ([1, 0, 1], [0.1, 0.5, 0.1], [0.099, -0.001, 0.099]),  # out and in again
        ([0.5, 1.0], [0.02, 0.02], [0.0095, 0.0195]),
    ],
)
def test_net_returns(held, returns, expected):
    """Positions earn their share of the return, less the cost of what was turned over."""
    net = net_returns(np.array(held, float), np.array(returns), Costs(COST))
    np.testing.assert_allclose(net, expected, rtol=0, atol=1e-15)
    gross = net_returns(np.array(held, float), np.array(returns), Costs())
    np.testing.assert_allclose(gross, np.multiply(held, returns), rtol=0, atol=1e-15)


@pytest.mark.parametrize(("long_only", "expected"), [(False, [1, -1, 0]), (True, [1, 0, 0])])
def test_sign_positions(long_only, expected):
    """Traded at the open, the sign of the next session's median decides, whatever comes later."""
    location = np.array([[0.001, -1.0], [-0.001, 1.0], [0.0, 1.0]])
    law = StudentT(location, np.ones((3, 2)))
    held = positions(law, at_open=True, config=BacktestConfig(long_only=long_only))
    np.testing.assert_array_equal(held, expected)
    assert not np.signbit(held[held == 0]).any()


def test_sign_positions_at_the_close():
    """Traded at the next close, the return held is that of the session after it."""
    location = np.array([[0.001, -1.0], [-0.001, 1.0], [0.5, 0.4], [0.1, 0.1]])
    law = StudentT(location, np.ones((4, 2)))
    held = positions(law, at_open=False, config=BacktestConfig())
    np.testing.assert_array_equal(held, [-1, 1, -1, 0])
    np.testing.assert_array_equal(
        positions(law[:, :1], at_open=False, config=BacktestConfig()), [1, -1, 1, 1]
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
    held = positions(law, at_open=trades_at_open(prices), config=BacktestConfig())
    assert (held * _returns(prices, origins) > 0).all()


def _returns(prices, origins):
    return holding_returns(prices, origins, at_open=trades_at_open(prices))


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
    np.testing.assert_allclose(_returns(prices, np.array([0, 1])), [0.2, -0.25])


def test_trades_at_the_next_close_without_opens(make_prices):
    """Where there are no opens, at the closes of t + 1 and t + 2: never at the one it knew."""
    prices = make_prices([10.0, 11.0, 12.0, 9.0])
    expected = [12 / 11 - 1, 9 / 12 - 1]
    np.testing.assert_allclose(_returns(prices, np.array([0, 1])), expected)
    opens = make_prices([10.0, 11.0, 12.0, 9.0], opens=[10.0, 11.0, 12.0, 9.0])
    np.testing.assert_allclose(_returns(drop_range(opens), np.array([0, 1])), expected)


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
    np.testing.assert_allclose(_returns(prices, np.array([0, 1])), 0, atol=1e-15)


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
    np.testing.assert_allclose(_returns(prices, np.array([0, 1])), 0, atol=1e-15)


LAW = StudentT(
    np.array([[0.002, 0.005, 0.004], [-0.0004, 0.0, 0.0], [0.0, 0.0, 0.0]]),
    np.full((3, 3), 0.01),
)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [1, -1, 0]),
        ({"cap": 0.5}, [0.5, -0.5, 0]),
        ({"dead_band": 0.1}, [1, 0, 0]),  # 0.0004 is within a tenth of 0.01
        ({"dead_band": 0.5}, [0, 0, 0]),
        ({"strategy": "proportional"}, [1, -0.4, 0]),
        ({"strategy": "proportional", "cap": 2.0}, [2, -0.8, 0]),
        ({"strategy": "volatility", "target_volatility": 0.01 * 252**0.5 / 4}, [0.25, -0.25, 0]),
        ({"strategy": "volatility", "target_volatility": 1.0}, [1, -1, 0]),
        ({"strategy": "kelly", "kelly_fraction": 0.1, "cap": 10.0}, [2, -0.4, 0]),
        ({"strategy": "kelly", "kelly_fraction": 0.1}, [1, -0.4, 0]),
        ({"strategy": "kelly", "kelly_fraction": 0.1, "long_only": True}, [1, 0, 0]),
        ({"lag": 1}, [1, 1, 0]),
        ({"lag": 2}, [-1, 0, 0]),
        ({"lag": 9}, [-1, 0, 0]),
    ],
)
def test_sizes(options, expected):
    """Each rule by hand: medians of 20 and -4 bp, a spread of 100 bp."""
    held = positions(LAW, at_open=True, config=BacktestConfig(**options))
    np.testing.assert_allclose(held, expected, rtol=1e-12, atol=1e-15)


def test_a_lag_is_one_session_later_for_forecast_and_price(make_prices):
    """Traded at the close with a lag of 1: the third session's forecast earns the third return."""
    prices = make_prices([10.0, 11.0, 12.0, 9.0, 18.0])
    found = holding_returns(prices, np.array([0, 1]), at_open=False, lag=1)
    np.testing.assert_allclose(found, [-0.25, 1.0])


@pytest.mark.parametrize("execution", ["auto", "open", "close"])
def test_execution(make_prices, execution):
    """The open where it is one of its own; asked for without, it is refused."""
    close = np.linspace(10, 20, 60)
    own = make_prices(close, opens=close * 1.01)
    stale = make_prices(close, opens=np.r_[10.0, close[:-1]])
    assert executes_at_open(own, execution) == (execution != "close")
    if execution == "open":
        with pytest.raises(DataError, match="--execution open would trade at the price"):
            executes_at_open(stale, execution)
    else:
        assert not executes_at_open(stale, execution)


def test_all_costs_by_hand(make_prices):
    """Half the spread on each turn, a root of what is traded, and borrowing by the day."""
    prices = make_prices([100.0] * 6)
    prices = replace(prices, bars=prices.bars.assign(volume=[1e4, 4e4, 1e4, 0.0, 1e4, 1e4]))
    config = BacktestConfig(
        cost_bps=2.0, spread_bps=6.0, impact_bps=100.0, capital=1e6, borrow_bps=252.0
    )
    costs = costs_of(prices, np.arange(4), config)
    assert (costs.turn_bps, costs.borrow_bps) == (5.0, 252.0)
    np.testing.assert_allclose(costs.impact, [0.01, 0.005, 0.01, 0.01])  # a day without: the least
    held = np.array([1.0, -1.0, -1.0, 0.0])
    net = net_returns(held, np.zeros(4), costs)
    expected = [-5e-4 - 0.01, -1e-3 - 0.005 * 2**1.5 - 1e-4, -1e-4, -5e-4 - 0.01]
    np.testing.assert_allclose(net, expected, rtol=1e-12)


def test_slippage_needs_a_volume(make_prices):
    """Without one it is refused, with what to do."""
    with pytest.raises(DataError, match="no volume, which --impact-bps needs"):
        costs_of(make_prices([1.0, 2.0, 3.0]), np.arange(1), BacktestConfig(impact_bps=10.0))
