"""What the ledger says of a search."""

import datetime as dt

import numpy as np
import pytest

from lstmfin.backtest.search import Search, enter, excess_returns, search_of
from lstmfin.backtest.walkforward import plan_backtest
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.data.ledger import Ledger
from lstmfin.metrics.selection import probability_of_overfitting
from lstmfin.metrics.sharpe import deflated_sharpe

NOW = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
DAYS = np.datetime64("2020-01-01") + np.arange(400)


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "lstmfin.db")


def _try(ledger, hidden, excess, *, days=DAYS, data="a", costs=5.0):
    ledger.append(
        "backtest",
        "AAPL",
        data=data,
        settings={"train": {"hidden": hidden}, "backtest": {"cost-bps": costs}},
        result={},
        now=NOW,
        sessions=days,
        excess=excess,
    )


def _train(ledger, hidden):
    ledger.append(
        "train", "AAPL", data="a", settings={"train": {"hidden": hidden}}, result={}, now=NOW
    )


def test_each_setting_counts_once(ledger):
    """However often it was run, on whatever data; a training counts unless it was backtested."""
    rng = np.random.default_rng(0)
    assert search_of([]) == Search(1, 0, None, search_of([]).overfitting)
    for hidden in (1, 2, 2, 3):
        _train(ledger, hidden)
    assert search_of(ledger.trials()).n_trials == 3
    returns = rng.normal(0, 0.01, (4, 400))
    _try(ledger, 1, returns[0])
    _try(ledger, 1, returns[1], data="b")
    assert search_of(ledger.trials()).n_trials == 3
    _try(ledger, 9, returns[2])
    _try(ledger, 9, returns[3], costs=1.0)
    search = search_of(ledger.trials())
    assert (search.n_trials, search.n_backtests) == (5, 3)
    latest = returns[[1, 2, 3]]
    ratios = latest.mean(axis=1) / latest.std(axis=1, ddof=1)
    assert search.variance == pytest.approx(ratios.var(ddof=1), rel=1e-12)
    assert search.overfitting == probability_of_overfitting(latest.T)
    assert search.deflated(returns[3]) == deflated_sharpe(
        returns[3], n_trials=5, variance=search.variance
    )


def test_overfitting_is_of_common_sessions(ledger):
    """Trials over different sessions are compared where both were."""
    r = np.random.default_rng(1).normal(0, 0.01, (2, 400))
    _try(ledger, 1, r[0, :300], days=DAYS[:300])
    _try(ledger, 2, r[1, 100:], days=DAYS[100:])
    expected = probability_of_overfitting(r[:, 100:300].T)
    assert search_of(ledger.trials()).overfitting == expected
    _try(ledger, 3, r[0, :10], days=DAYS[:10])
    assert np.isnan(search_of(ledger.trials()).overfitting)


def test_who_only_holds_has_a_ratio_of_zero(ledger):
    """Returns that are never above holding are a trial without worth, not one without a number."""
    _try(ledger, 1, np.zeros(400))
    _try(ledger, 2, np.random.default_rng(2).normal(0, 0.01, 400))
    assert np.isfinite(search_of(ledger.trials()).variance)


def test_a_backtest_is_entered_as_it_was_asked(result, prices, ledger):
    """With the inputs it had, so that a saved model and its line are the same trial."""
    network = TrainConfig(hidden=2, window=5, horizon=2, epochs=1, batch=64)
    plan = plan_backtest(prices, network=network, config=BacktestConfig(train=100, test=45))
    search = enter(ledger, result, plan, now=NOW)
    assert search.n_trials == search.n_backtests == 1
    (row,) = ledger.trials("GARCH")
    assert row.data == prices.digest()
    assert row.settings["train"]["features"]
    assert row.settings["backtest"]["train"] == 100
    np.testing.assert_array_equal(row.sessions, result.earned_on)
    np.testing.assert_array_equal(row.excess, excess_returns(result))
    assert set(row.result) == {"sharpe", "excess_sharpe"}
