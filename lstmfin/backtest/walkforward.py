"""The walk-forward backtest: a network and the baselines by one protocol, fold by fold.

Shapes: N tested origins, H horizons.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from lstmfin.backtest.fold import SEEDS, Done, Fold, FoldResult, Task, Weights, run_task
from lstmfin.backtest.fold_files import FoldFiles
from lstmfin.backtest.result import BUY_AND_HOLD as BUY_AND_HOLD  # noqa: PLC0414 - shown
from lstmfin.backtest.result import Backtest as Backtest  # noqa: PLC0414 - shown
from lstmfin.backtest.result import Floats as Floats  # noqa: PLC0414 - shown
from lstmfin.backtest.result import FoldRecord as FoldRecord  # noqa: PLC0414 - shown
from lstmfin.backtest.splits import walk_forward
from lstmfin.backtest.strategy import (
    SESSIONS_TO_EXIT,
    costs_of,
    executes_at_open,
    holding_returns,
    positions,
)
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.data.prices import Prices
from lstmfin.data.variance import realised_variance
from lstmfin.data.windows import cumulative_returns
from lstmfin.errors import LstmfinError, UsageError, WorkersError
from lstmfin.metrics.law import Law, concatenate
from lstmfin.metrics.mixture import Mixture
from lstmfin.models.calibration import calibrate
from lstmfin.models.model import Indices
from lstmfin.workers import Outcome, Workers
from lstmfin.workers import run as run_tasks


@dataclass(frozen=True, eq=False)
class Plan:
    """A backtest of one series before it is run: its folds, each of which is a task.

    ``panel`` holds all series that share its network, where that is so.
    """

    prices: Prices
    config: BacktestConfig
    folds: tuple[Fold, ...]
    panel: tuple[Prices, ...] = ()

    @property
    def network(self) -> TrainConfig:
        """The network that is tested."""
        return self.folds[0].network

    @property
    def label(self) -> str:
        """What its folds are kept by."""
        return self.prices.symbol

    def results(self, done: Sequence[Done]) -> "list[Backtest | LstmfinError]":
        """Return the backtest from what its folds came to."""
        return [collect(self, [one for one in done if isinstance(one, FoldResult)])]

    def failed(self, error: LstmfinError) -> "list[Backtest | LstmfinError]":
        """Return the error that ended it."""
        return [error]


class Runnable(Protocol):
    """A plan of one series, or of many whose folds are done together."""

    @property
    def config(self) -> BacktestConfig: ...  # noqa: D102
    @property
    def folds(self) -> Sequence[Task]: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102

    def results(self, done: Sequence[Done]) -> "list[Backtest | LstmfinError]":
        """Return the backtest of each series from what the folds came to."""

    def failed(self, error: LstmfinError) -> "list[Backtest | LstmfinError]":
        """Return the error that ended it, once a series."""


def plan_backtest(prices: Prices, *, network: TrainConfig, config: BacktestConfig) -> Plan:
    """Return the plan of a walk-forward backtest.

    In each fold every model is fitted on prices that end before the first test origin, and so never
    sees a bar of the test block; then it forecasts from each test origin.

    Parameters
    ----------
    prices : Prices
        The whole series; an unfinished last bar is left out.

    Raises
    ------
    UsageError
        When the folds leave no test block, the purge is below the horizon, or the horizon is longer
        than a test block.
    DataError
        When it is to be traded at opens that there are not, or slippage needs a volume.
    """
    prices = checked(prices, config)
    network = network.evolve(calibration=config.calibration)
    purge = purge_of(network, config)
    splits = walk_forward(
        max(len(prices) - SESSIONS_TO_EXIT - config.lag, 0),
        train=config.train,
        test=config.test,
        purge=purge,
        rolling=config.rolling,
    )
    names = config.baseline_names()
    folds = tuple(
        Fold(prices, train, tests, number, network, names)
        for number, train, tests in refits(splits, config)
    )
    return Plan(prices, config, folds)


def checked(prices: Prices, config: BacktestConfig) -> Prices:
    """Return the finished sessions of prices, which can be traded as is asked."""
    prices = prices.finished()
    executes_at_open(prices, config.execution)
    costs_of(prices, np.arange(len(prices)), config)
    return prices


def purge_of(network: TrainConfig, config: BacktestConfig) -> int:
    """Return the sessions that are left out before a test block, the horizon at least."""
    horizon = network.horizon
    purge = horizon if config.purge is None else config.purge
    if purge < horizon:
        raise UsageError(
            f"--purge {purge} is below the horizon of {horizon}: targets of the training block "
            f"would reach into the test block; choose {horizon} or more"
        )
    if horizon > config.test:
        raise UsageError(
            f"the horizon of {horizon} sessions is longer than a test block of {config.test}; "
            f"choose --test {horizon} or more, or train with a smaller --horizon"
        )
    return purge


def refits(
    splits: Iterator[tuple[Indices, Indices]], config: BacktestConfig
) -> list[tuple[int, Indices, tuple[Indices, ...]]]:
    """Return number, training block and test blocks of each fold that has models of its own."""
    refit = config.test if config.refit is None else config.refit
    found: list[tuple[int, Indices, tuple[Indices, ...]]] = []
    for number, (train, test) in enumerate(splits):
        if found and test[0] - found[-1][2][0][0] < refit:
            found[-1] = (*found[-1][:2], (*found[-1][2], test))
        else:
            found.append((number, train, (test,)))
    return found


Planned = Runnable | LstmfinError
"""A plan, or why there is none."""


def run_backtests(
    plans: Sequence[Planned],
    *,
    workers: Workers,
    deadline: float | None = None,
    files: Callable[[str], FoldFiles | None] = lambda _symbol: None,
    progress: Callable[[float, int], None] = lambda _done, _total: None,
) -> Generator[Backtest | LstmfinError]:
    """Yield the backtest of each series in order, or the error that ended it; folds are the tasks.

    Parameters
    ----------
    deadline : float, optional
        Seconds that a fold may take.
    files : callable
        Of the label of a plan, returns where the results of its folds are kept and may lie already.
    progress : callable
        Called with folds done, a part of one included where that is known, and folds in all.
    """
    runs = [_Run(plan, files) for plan in plans]
    total = sum(run.n_left for run in runs)
    waiting = deque(runs)
    while waiting:
        tasks = [(run, fold) for run in runs for fold in run.next_folds()]
        n_done = total - sum(run.n_left for run in runs)
        outcomes = run_tasks(
            workers,
            run_task,
            [fold for _, fold in tasks],
            deadline=deadline,
            progress=partial(_after, progress, n_done, total),
        )
        for outcome in outcomes:
            run, fold = tasks[outcome.position]
            run.take(fold, outcome)
            while waiting and waiting[0].is_over:
                yield from waiting.popleft().end()
        while waiting and waiting[0].is_over:
            yield from waiting.popleft().end()


def _after(
    progress: Callable[[float, int], None], before: int, total: int, done: float, _: int
) -> None:
    progress(before + done, total)


class _Run:
    """A plan under way."""

    def __init__(self, plan: Planned, files: Callable[[str], FoldFiles | None]) -> None:
        self.error = plan if isinstance(plan, LstmfinError) else None
        self.plan = None if isinstance(plan, LstmfinError) else plan
        self.results: dict[int, Done] = {}
        self.files = files(self.plan.label) if self.plan else None

    @property
    def n_left(self) -> int:
        """How many folds are still to be run."""
        return len(self.plan.folds) - len(self.results) if self.plan else 0

    @property
    def is_over(self) -> bool:
        """Whether it failed, or every fold is done."""
        return self.error is not None or self.n_left == 0

    def next_folds(self) -> list[Task]:
        """Take the folds that lie in files already, and return those that can be run now."""
        if self.plan is None or self.is_over:
            return []
        ready: list[Task] = []
        for before, fold in zip((None, *self.plan.folds), self.plan.folds, strict=False):
            if fold.number in self.results:
                continue
            if self.plan.config.warm_start and before is not None:
                if before.number not in self.results:
                    break
                fold = fold.from_weights(_weights(self.results[before.number]))
            found = self.files.load(fold) if self.files else None
            if found is None:
                ready.append(fold)
            else:
                self.results[fold.number] = found
        return ready

    def take(self, fold: Task, outcome: Outcome) -> None:
        """Note what became of a fold."""
        if outcome.error is not None:
            where = f"the fold of {fold.first_day}"
            if isinstance(outcome.error, WorkersError):
                self.error = WorkersError(f"{where} is not done: {outcome.error}")
            else:
                self.error = outcome.error
            return
        if self.files:
            self.files.save(fold, outcome.value)
        self.results[fold.number] = outcome.value

    def end(self) -> "list[Backtest | LstmfinError]":
        """Return the whole backtest of each series, or the error that ended it."""
        if self.plan is None:
            assert self.error is not None
            return [self.error]
        if self.error is not None:
            return self.plan.failed(self.error)
        return self.plan.results([self.results[fold.number] for fold in self.plan.folds])


def _weights(done: Done) -> Weights:
    results = (done,) if isinstance(done, FoldResult) else done
    return next(one.weights for one in results if isinstance(one, FoldResult))


def backtest(
    prices: Prices,
    *,
    train_config: TrainConfig,
    config: BacktestConfig,
    progress: Callable[[float, int], None] = lambda _done, _total: None,
) -> Backtest:
    """Test a network and the baselines walk-forward on one series, in this process.

    Raises
    ------
    UsageError
        When the folds leave no test block, or the purge is below the horizon.
    """
    plan = plan_backtest(prices, network=train_config, config=config)
    (result,) = run_backtests([plan], workers=Workers(), progress=progress)
    if isinstance(result, LstmfinError):
        raise result
    return result


def collect(plan: Plan, results: Sequence[FoldResult]) -> Backtest:
    """Return the backtest of one series from the results of its folds, in order."""
    prices, config = plan.prices, plan.config
    origins = np.concatenate([test for fold in plan.folds for test in fold.tests])
    realised = cumulative_returns(prices, plan.network.horizon)[origins]
    said = {
        name: concatenate([law for result in results for law in result.laws[name]])
        for name in results[0].laws
    }
    variance = {
        name: np.concatenate([block for result in results for block in result.variances[name]])
        for name in results[0].variances
    }
    model = next(iter(said))
    network = said[model]
    laws = calibrated(said, realised, method=plan.network.calibration)
    at_open = executes_at_open(prices, config.execution)
    held = {name: positions(law, at_open=at_open, config=config) for name, law in laws.items()}
    held[BUY_AND_HOLD] = np.ones(len(origins))
    of_seeds = None
    seed_laws: tuple[Law, ...] = ()
    if isinstance(network, Mixture):
        method = plan.network.calibration
        seed_laws = tuple(calibrate(one, realised, method=method) for one in network.members)
        alone = [positions(one, at_open=at_open, config=config) for one in seed_laws]
        of_seeds = np.stack(alone, axis=1)
    return Backtest(
        symbol=prices.symbol,
        model=next(iter(laws)),
        sessions=prices.sessions[origins],
        earned_on=prices.sessions[origins + config.lag + SESSIONS_TO_EXIT],
        realised=realised,
        laws=laws,
        positions=held,
        held=holding_returns(prices, origins, at_open=at_open, lag=config.lag),
        costs=costs_of(prices, origins, config),
        folds=tuple(record for fold in plan.folds for record in _records(fold)),
        at_open=at_open,
        realised_variance=realised_variance(prices)[origins + 1],
        seed_laws=seed_laws,
        seed_positions=of_seeds,
        seed_variance=variance.pop(SEEDS, None),
        variance=variance,
    )


def calibrated(said: dict[str, Law], realised: Floats, *, method: str) -> dict[str, Law]:
    """Return what each model said at consecutive origins, each calibrated by what was known there.

    The network and the baselines alike: the protocol is one.
    """
    return {name: calibrate(law, realised, method=method) for name, law in said.items()}


def _records(fold: Fold) -> Iterator[FoldRecord]:
    def day(position: np.intp) -> str:
        return str(fold.prices.sessions[position])

    for test in fold.tests:
        first = test is fold.tests[0]
        yield FoldRecord(
            day(fold.train[0]), day(fold.train[-1]), day(test[0]), day(test[-1]), first
        )
