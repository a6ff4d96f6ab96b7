"""A backtest on workers: the same bits, and a symbol that kills its worker alone in its failure."""

import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from lstmfin.backtest.panel import plan_panel
from lstmfin.backtest.walkforward import plan_backtest, run_backtests
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.errors import DataError, WorkersError
from lstmfin.registry import SOURCES
from lstmfin.workers import Workers, open_workers

NETWORK = TrainConfig(hidden=4, window=5, horizon=2, epochs=2, features=("log-return",))
FOLDS = BacktestConfig(train=100, test=30)


def _plans(**changes):
    for name in ("GARCH", "RANDOM-WALK"):
        whole = SOURCES.get("synthetic").fetch(name, start=None, end=None, options=None)
        prices = replace(whole, bars=whole.bars.iloc[-230:])
        yield plan_backtest(prices, network=NETWORK, config=replace(FOLDS, **changes))


@pytest.mark.parametrize("warm_start", [False, True])
def test_laws_are_the_same_bits_on_all(workers, warm_start):
    """Serial, local and dask runs of two symbols give the same laws, in the order of the plans."""
    plans = list(_plans(warm_start=warm_start))
    told = []
    serial = list(run_backtests(plans, workers=Workers()))
    others = list(
        run_backtests(
            plans, workers=workers, progress=lambda done, total: told.append((done, total))
        )
    )
    assert told[-1] == (10, 10)
    assert told == sorted(told)
    for one, other in zip(serial, others, strict=True):
        assert one.symbol == other.symbol
        for name, law in one.laws.items():
            same = other.laws[name]
            for part in ("location", "scale", "dof"):
                np.testing.assert_array_equal(getattr(law.base, part), getattr(same.base, part))
            for part in ("below", "above"):
                np.testing.assert_array_equal(getattr(law, part), getattr(same, part))


def test_a_panel_has_the_same_bits_on_all(workers):
    """One network a fold, wherever it is trained; the laws of each member come back, too."""
    network = replace(NETWORK, panel=True, members=2)
    panel = plan_panel([plan.prices for plan in _plans()], network=network, config=FOLDS)
    serial = list(run_backtests([panel], workers=Workers()))
    others = list(run_backtests([panel], workers=workers))
    assert [one.symbol for one in others] == ["GARCH", "RANDOM-WALK"]
    for one, other in zip(serial, others, strict=True):
        np.testing.assert_array_equal(one.seed_positions, other.seed_positions)
        np.testing.assert_array_equal(one.seed_variance, other.seed_variance)
        assert len(one.seed_laws) == 2
        for law, other_law in zip(one.seed_laws, other.seed_laws, strict=True):
            np.testing.assert_array_equal(law.quantile(0.95), other_law.quantile(0.95))


def test_a_symbol_that_kills_its_worker_fails_alone():
    """The other symbol is tested; a plan that could not be made keeps its place and its error."""
    plans = list(_plans())
    whole = list(run_backtests(plans, workers=Workers()))
    refused = DataError("no prices")
    killed = _with_poison(plans[0])
    with open_workers("local:2") as workers:
        first, second, third = run_backtests([killed, refused, plans[1]], workers=workers)
    assert isinstance(first, WorkersError)
    assert "its worker died" in str(first)
    assert "the fold of 20" in str(first)
    assert second is refused
    np.testing.assert_array_equal(third.laws["lstm"].base.scale, whole[1].laws["lstm"].base.scale)


class Deadly(TrainConfig):
    """Options that kill whoever unpacks them in another process."""

    def __reduce__(self):
        return os.kill, (_Here(), signal.SIGKILL)


class _Here:
    """The number of the process that asks."""

    def __reduce__(self):
        return os.getpid, ()


def _with_poison(plan):
    """Return a plan one of whose folds kills its worker."""
    folds = list(plan.folds)
    folds[1] = replace(folds[1], network=Deadly(**vars(NETWORK)))
    return replace(plan, folds=tuple(folds))
