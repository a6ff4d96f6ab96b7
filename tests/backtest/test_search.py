"""What the ledger says of a search."""

import datetime as dt
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from lstmfin.backtest import search as searching
from lstmfin.backtest.search import Search, enter, excess_returns, search_of
from lstmfin.backtest.verdict import verdict
from lstmfin.backtest.walkforward import plan_backtest
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.data.ledger import Ledger
from lstmfin.metrics.selection import probability_of_overfitting
from lstmfin.metrics.sharpe import deflated_sharpe
from lstmfin.models.view import features_of

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


@pytest.mark.parametrize("target", ["returns", "volatility"])
def test_default_features_are_the_same_trial_as_their_names(result, prices, ledger, target):
    """Left to the target, or named one by one: the network is the same, and is counted once."""
    network = TrainConfig(hidden=2, window=5, horizon=2, epochs=1, batch=64, target=target)
    named = replace(network, features=features_of(network, [prices]))
    for one in (network, named):
        config = BacktestConfig(train=100, test=45)
        search = enter(ledger, result, plan_backtest(prices, network=one, config=config), now=NOW)
    assert search.n_trials == 1


def test_without_the_extra_nothing_is_said_of_all_that_was_tried(ledger, monkeypatch):
    """Hansen's test and the confidence set need arch; the rest of the search does not."""
    monkeypatch.setattr(searching, "find_spec", lambda _name: None)
    for hidden in range(3):
        _try(ledger, hidden, np.random.default_rng(hidden).normal(0, 0.01, 400))
    search = search_of(ledger.trials())
    assert np.isnan(search.superior)
    assert search.confident == ()
    assert np.isfinite(search.overfitting)


def test_hansen_and_the_confidence_set_see_all_that_was_tried(ledger, monkeypatch):
    """Losses against holding, each different trial once, holding itself as the last of the set."""
    seen = {}

    def superior(benchmark, losses, *, seed):
        seen["benchmark"], seen["losses"] = benchmark, losses
        return 0.25

    def confident(losses, *, seed):
        seen["set"] = losses
        return (0, 2)

    monkeypatch.setattr(searching, "find_spec", lambda _name: True)
    monkeypatch.setattr(searching, "superior_ability", superior)
    monkeypatch.setattr(searching, "confidence_set", confident)
    r = np.random.default_rng(3).normal(0, 0.01, (2, 400))
    for hidden, excess in enumerate([r[0], r[1], r[1], np.zeros(400)]):
        _try(ledger, hidden, excess)
    search = search_of(ledger.trials())
    assert (search.superior, search.confident) == (0.25, (1, True))
    assert (seen["benchmark"] == 0).all()
    assert sorted(seen["losses"][0]) == sorted(-r[:, 0])
    np.testing.assert_array_equal(seen["set"][:, :2], seen["losses"])
    assert (seen["set"][:, 2] == 0).all()


def test_the_verdict_on_money_needs_what_is_told(handmade):
    """Where Hansen's test says that the best of all may be luck, it is no edge, and both are told."""
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 0.01, 600)
    result = handmade(truth, truth + rng.normal(0, 0.005, 600))
    good = Search(n_trials=2, n_backtests=2, variance=1e-4)
    assert verdict(result, good)[2].edge
    lucky = replace(good, superior=0.4, confident=(2, True))
    (money,) = verdict(result, lucky)[2:]
    assert not money.edge
    assert "best of all that was tried p = 0.40 (Hansen's SPA)" in money.text
    assert "2 of it may be the best, as buy-and-hold may (model confidence set)" in money.text
    assert verdict(result, replace(good, superior=0.01))[2].edge


@pytest.mark.skipif(find_spec("arch") is None, reason="the extra [stats] is not installed")
def test_noise_is_no_superior_ability_and_skill_is(ledger):
    """By arch itself: a few trials of noise are not better than holding, one good one is."""
    rng = np.random.default_rng(4)
    for hidden in range(4):
        _try(ledger, hidden, rng.normal(0, 0.01, 400))
    noise = search_of(ledger.trials())
    assert noise.superior > 0.05
    assert noise.confident[1]
    _try(ledger, 9, rng.normal(0.004, 0.01, 400))
    found = search_of(ledger.trials())
    assert found.superior < 0.05
    assert found.confident == (1, False)
