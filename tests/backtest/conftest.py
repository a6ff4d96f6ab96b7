"""Short series, the smallest of backtests, and results made by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lstmfin.backtest.strategy import Costs
from lstmfin.backtest.walkforward import BUY_AND_HOLD, Backtest, FoldRecord, backtest
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.data.prices import Prices, make_actions, make_bars
from lstmfin.metrics.distribution import StudentT
from lstmfin.registry import SOURCES

NETWORK = TrainConfig(hidden=2, window=5, horizon=2, epochs=1, batch=64, features=("log-return",))
FOLDS = BacktestConfig(train=100, test=45)


@pytest.fixture(scope="session")
def prices():
    """230 sessions of a simulated series."""
    source = SOURCES.get("synthetic")
    whole = source.fetch("GARCH", start=None, end=None, options=None)
    return replace(whole, bars=whole.bars.iloc[-230:])


@pytest.fixture(scope="session")
def make_prices():
    """Return prices of closes alone, or with opens, from lists."""

    def make(close, *, opens=None, adj_close=None, actions=()):
        columns = {"adj_close": close if adj_close is None else adj_close}
        if opens is not None:
            high, low = np.maximum(opens, close), np.minimum(opens, close)
            columns |= {"open": opens, "high": high, "low": low}
        sessions = pd.bdate_range("2024-01-01", periods=len(close))
        return Prices("TEST", make_bars(sessions, close=close, **columns), make_actions(actions))

    return make


@pytest.fixture(scope="session")
def run():
    """Return the backtest of prices with the smallest network; changes are options of the folds."""

    def backtested(prices, *, network=NETWORK, **changes):
        return backtest(prices, train_config=network, config=replace(FOLDS, **changes))

    return backtested


@pytest.fixture(scope="session")
def result(prices, run):
    """One backtest for all tests that only look at it."""
    return run(prices)


@pytest.fixture(scope="session")
def handmade():
    """Return a result from the truth and the network's forecasts of the next session."""

    def make(truth, location, *, scale=0.01, held=None, positions=None, cost_bps=5.0):
        n = len(truth)
        laws = {
            "lstm": StudentT(np.reshape(location, (n, 1)), np.full((n, 1), scale)),
            "drift": StudentT(np.full((n, 1), 1e-4), np.full((n, 1), 0.01)),
            "zero-return": StudentT(np.zeros((n, 1)), np.full((n, 1), 0.01)),
        }
        signs = {name: np.sign(law.location[:, 0]) for name, law in laws.items()}
        if positions is not None:
            signs["lstm"] = np.asarray(positions, float)
        return Backtest(
            symbol="TEST",
            model="lstm",
            sessions=np.datetime64("2020-01-01") + np.arange(n),
            earned_on=np.datetime64("2020-01-03") + np.arange(n),
            realised=np.reshape(truth, (n, 1)),
            laws=laws,
            positions=signs | {BUY_AND_HOLD: np.ones(n)},
            held=np.expm1(truth) if held is None else np.asarray(held, float),
            costs=Costs(cost_bps),
            folds=(FoldRecord("2019-01-01", "2019-12-31", "2020-01-01", "2020-12-31", True),),
        )

    return make
