"""Backtests of a panel: one network a fold, and no target of any series in a test block."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lstmfin.backtest import fold as folds
from lstmfin.backtest.fold_files import FoldFiles
from lstmfin.backtest.panel import PRESENT, plan_panel
from lstmfin.backtest.walkforward import run_backtests
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.data.prices import Prices, make_bars
from lstmfin.errors import DataError, UsageError, WorkersError
from lstmfin.models.forecaster import Forecaster
from lstmfin.workers import Workers, open_workers
from lstmfin.workspace import Workspace

NETWORK = TrainConfig(
    hidden=2, window=5, horizon=2, epochs=1, batch=64, features=("log-return",), panel=True
)
FOLDS = BacktestConfig(train=100, test=45, baselines=("drift",))


def _walk(symbol, days, seed):
    close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, len(days))))
    return Prices(symbol, make_bars(days, close=close, adj_close=close))


@pytest.fixture(scope="module")
def series():
    """Whole history; holidays every ninth day; begun late; stopped early; too young for any fold."""
    days = pd.bdate_range("2024-01-01", periods=240)
    own = {
        "ALL": days,
        "FEWER": days[np.arange(240) % 9 != 4],
        "LATE": days[70:],
        "STOPPED": days[:170],
        "YOUNG": days[190:],
    }
    return [_walk(symbol, one, seed) for seed, (symbol, one) in enumerate(own.items())]


@pytest.fixture(scope="module")
def plan(series):
    return plan_panel(series, network=NETWORK, config=FOLDS)


@pytest.fixture(scope="module")
def serial(plan):
    return list(run_backtests([plan], workers=Workers()))


def test_no_target_reaches_into_a_test_block_of_any_series(plan):
    """What is learned ends before the first day of the block, in each series by its own sessions."""
    assert len(plan.folds) == 4
    for panel in plan.folds:
        first = panel.first_day
        for fold in panel.folds:
            sessions, H = fold.prices.sessions, NETWORK.horizon
            assert fold.learned.sessions[-1] < first
            assert sessions[fold.train[-1] + H] < first
            assert len(fold.train) >= PRESENT * FOLDS.train
            for test in fold.tests:
                assert test[0] - fold.train[-1] - 1 >= H
                assert sessions[test[0]] >= first
                assert test[-1] + 2 < len(sessions)


def test_each_session_is_tested_once_where_it_can_be(plan, series):
    """By series: from the first fold it is in to its end; the one that is too young is left out."""
    tested = {
        one.prices.symbol: np.concatenate([t for fold in one.folds for t in fold.tests])
        for one in plan.plans
    }
    assert list(tested) == ["ALL", "FEWER", "LATE", "STOPPED"]
    assert set(plan.left_out) == {"YOUNG"}
    assert "no fold of the panel tests it" in str(plan.left_out["YOUNG"])
    for positions in tested.values():
        assert (np.diff(positions) == 1).all()
    lengths = {one.symbol: len(one) for one in series}
    assert all(tested[name][-1] == lengths[name] - 3 for name in ("ALL", "FEWER", "LATE"))
    first = {name: next(p.prices for p in plan.plans if p.prices.symbol == name).sessions[at[0]]
             for name, at in tested.items()}  # fmt: skip
    assert first["ALL"] <= first["FEWER"] < first["LATE"]


def test_a_series_that_stopped_is_still_learned_from(plan):
    """In the last fold it is not asked; leaving it out would choose the survivors."""
    last = plan.folds[-1].folds
    (stopped,) = [fold for fold in last if fold.prices.symbol == "STOPPED"]
    assert stopped.tests == ()
    assert len(stopped.train) > 100


def test_one_network_is_fitted_a_fold(plan, monkeypatch):
    """On all series of the fold, and asked of each."""
    fitted = []

    class Counted(Forecaster):
        def fit(self, prices, *, tick=lambda: None, checkpoint=None):
            fitted.append([one.symbol for one in prices])
            super().fit(prices, tick=tick)

    monkeypatch.setattr(folds, "Forecaster", Counted)
    results = list(run_backtests([plan], workers=Workers()))
    assert fitted == [[fold.prices.symbol for fold in panel.folds] for panel in plan.folds]
    assert len(fitted[0]) < len(fitted[-1])
    assert [one.symbol for one in results] == ["ALL", "FEWER", "LATE", "STOPPED"]


def test_the_future_of_one_series_does_not_reach_another(series, serial):
    """Noise after the first block in one series leaves the first fold of all others, bit by bit."""
    whole = series[0]
    bars = whole.bars.copy()
    bars.loc[bars.index[150:], ["close", "adj_close"]] *= 1.5
    other = plan_panel([replace(whole, bars=bars), *series[1:]], network=NETWORK, config=FOLDS)
    for one, two in zip(serial, run_backtests([other], workers=Workers()), strict=True):
        before = one.sessions < whole.sessions[147]
        for a, b in zip(_parts(one), _parts(two), strict=True):
            np.testing.assert_array_equal(a[before], b[before])


def _parts(result):
    law = result.laws["lstm"]
    return law.median, law.quantile(0.95), result.laws["drift"].quantile(0.05)


@pytest.mark.parametrize("warm_start", [False, True])
def test_processes_give_the_same_bits(series, warm_start):
    """A panel over two processes, warm or fresh, is the panel in this one."""
    plan = plan_panel(series, network=NETWORK, config=replace(FOLDS, warm_start=warm_start))
    here = list(run_backtests([plan], workers=Workers()))
    with open_workers("local:2") as workers:
        there = list(run_backtests([plan], workers=workers))
    for one, two in zip(here, there, strict=True):
        for a, b in zip(_parts(one), _parts(two), strict=True):
            np.testing.assert_array_equal(a, b)


def test_it_goes_on_after_the_folds_that_are_kept(plan, serial, tmp_path, monkeypatch):
    """A run that ended after one fold does that fold no more, and ends with the same bits."""
    files = FoldFiles(Workspace(tmp_path / "w"), plan.label)

    def done_one(done, _total):
        if done > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(run_backtests([plan], workers=Workers(), files=lambda _: files, progress=done_one))
    kept = files.n_there
    assert 1 <= kept < len(plan.folds)
    ran = []
    real = folds.run_panel_fold
    monkeypatch.setattr(folds, "run_panel_fold", lambda *a: ran.append(1) or real(*a))
    again = list(run_backtests([plan], workers=Workers(), files=lambda _: files))
    assert len(ran) == len(plan.folds) - kept
    for one, two in zip(serial, again, strict=True):
        for a, b in zip(_parts(one), _parts(two), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_series_that_a_model_refuses_fails_alone(plan, serial, monkeypatch, tmp_path):
    """The others are tested; nothing of the fold is kept as if it were whole."""
    real = folds.fitted_baselines

    def refusing(fold, step):
        if fold.prices.symbol == "FEWER":
            raise DataError("FEWER cannot be")
        return real(fold, step)

    monkeypatch.setattr(folds, "fitted_baselines", refusing)
    files = FoldFiles(Workspace(tmp_path / "w"), plan.label)
    results = list(run_backtests([plan], workers=Workers(), files=lambda _: files))
    assert files.n_there == sum(
        all(fold.prices.symbol != "FEWER" or not fold.tests for fold in panel.folds)
        for panel in plan.folds
    )
    assert [isinstance(one, DataError) for one in results] == [False, True, False, False]
    np.testing.assert_array_equal(_parts(results[2])[0], _parts(serial[2])[0])


def test_a_fold_that_fails_costs_every_series_of_the_panel(plan):
    """A task that never ends is the panel's, and each series is told."""
    results = list(run_backtests([plan], workers=Workers(), deadline=1e-6))
    assert len(results) == 4
    assert all(isinstance(one, WorkersError) for one in results)


def test_too_short_a_panel_is_refused(series):
    """With the sentence of a single series."""
    with pytest.raises(UsageError, match="leave no test block"):
        plan_panel(series, network=NETWORK, config=replace(FOLDS, train=500))
