"""The walk-forward backtest: a network and the baselines by one protocol, fold by fold.

Shapes: N tested origins, H horizons.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lstmfin.backtest.fold import Fold, FoldResult, run_fold
from lstmfin.backtest.fold_files import FoldFiles
from lstmfin.backtest.splits import walk_forward
from lstmfin.backtest.strategy import (
    SESSIONS_TO_EXIT,
    Costs,
    costs_of,
    executes_at_open,
    holding_returns,
    net_returns,
    positions,
)
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.data.prices import Prices
from lstmfin.data.variance import realised_variance
from lstmfin.data.windows import cumulative_returns
from lstmfin.errors import LstmfinError, UsageError, WorkersError
from lstmfin.metrics.law import Law, concatenate
from lstmfin.workers import Outcome, Workers
from lstmfin.workers import run as run_tasks

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FoldRecord:
    """One fold: first and last session of the block that its models were fitted on and of its test
    block, and whether they were fitted anew for it.
    """  # noqa: D205 - one sentence

    train_first: str
    train_last: str
    test_first: str
    test_last: str
    refitted: bool


@dataclass(frozen=True)
class Backtest:
    """All that a backtest of one series found.

    Attributes
    ----------
    symbol, model : str
        What was tested, and the name of the network among the models.
    sessions : ndarray of datetime64[D] (N,)
        The tested origins.
    earned_on : ndarray of datetime64[D] (N,)
        The sessions by which the positions taken from them have earned what they earn.
    realised : ndarray (N, H)
        Log returns from each origin to 1..H sessions later; NaN where not yet known.
    laws : dict of str to Law (N, H)
        What each model said, the network first.
    positions : dict of str to ndarray (N,)
        What each model held.
    held : ndarray (N,)
        Simple return of holding the series from the session after each origin to the next.
    costs : Costs
    at_open : bool
        Whether positions are taken at the open.
    folds : tuple of FoldRecord
    realised_variance : ndarray (N,), optional
        Variance of the session after each origin, by its bar.
    variance : dict of str to ndarray (N,)
        What each model expected of it; that of its law where it models none.
    """

    symbol: str
    model: str
    sessions: NDArray[np.datetime64]
    earned_on: NDArray[np.datetime64]
    realised: Floats
    laws: dict[str, Law]
    positions: dict[str, Floats]
    held: Floats
    costs: Costs
    folds: tuple[FoldRecord, ...]
    at_open: bool = False
    realised_variance: Floats | None = None
    variance: dict[str, Floats] = field(default_factory=dict)

    def net(self, name: str) -> Floats:
        """Return what one model earned in each session after costs, as fractions (N,)."""
        return net_returns(self.positions[name], self.held, self.costs)

    def gross(self, name: str) -> Floats:
        """Return what one model earned in each session before costs, as fractions (N,)."""
        return net_returns(self.positions[name], self.held, Costs())


BUY_AND_HOLD = "buy-and-hold"


@dataclass(frozen=True, eq=False)
class Plan:
    """A backtest of one series before it is run: its folds, each of which is a task."""

    prices: Prices
    config: BacktestConfig
    folds: tuple[Fold, ...]

    @property
    def network(self) -> TrainConfig:
        """The network that is tested."""
        return self.folds[0].network


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
        When the folds leave no test block, or the purge is below the horizon.
    DataError
        When it is to be traded at opens that there are not, or slippage needs a volume.
    """
    prices = prices.finished()
    executes_at_open(prices, config.execution)
    costs_of(prices, np.arange(len(prices)), config)
    horizon = network.horizon
    purge = horizon if config.purge is None else config.purge
    if purge < horizon:
        raise UsageError(
            f"--purge {purge} is below the horizon of {horizon}: targets of the training block "
            f"would reach into the test block; choose {horizon} or more"
        )
    splits = walk_forward(
        max(len(prices) - SESSIONS_TO_EXIT - config.lag, 0),
        train=config.train,
        test=config.test,
        purge=purge,
        rolling=config.rolling,
    )
    refit = config.test if config.refit is None else config.refit
    folds: list[Fold] = []
    for number, (train, test) in enumerate(splits):
        if folds and test[0] - folds[-1].tests[0][0] < refit:
            folds[-1] = replace(folds[-1], tests=(*folds[-1].tests, test))
        else:
            folds.append(Fold(prices, train, (test,), number, network, config.baseline_names()))
    return Plan(prices, config, tuple(folds))


Planned = Plan | LstmfinError
"""A plan, or why there is none."""


def run_backtests(
    plans: Sequence[Planned],
    *,
    workers: Workers,
    deadline: float | None = None,
    files: Callable[[str], FoldFiles | None] = lambda _symbol: None,
    progress: Callable[[float, int], None] = lambda _done, _total: None,
) -> Generator[Backtest | LstmfinError]:
    """Yield the backtest of each plan in order, or the error that ended it; folds are the tasks.

    Parameters
    ----------
    deadline : float, optional
        Seconds that a fold may take.
    files : callable
        Of a symbol, returns where the results of its folds are kept and may lie already.
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
            run_fold,
            [fold for _, fold in tasks],
            deadline=deadline,
            progress=partial(_after, progress, n_done, total),
        )
        for outcome in outcomes:
            run, fold = tasks[outcome.position]
            run.take(fold, outcome)
            while waiting and waiting[0].is_over:
                yield waiting.popleft().end()
        while waiting and waiting[0].is_over:
            yield waiting.popleft().end()


def _after(
    progress: Callable[[float, int], None], before: int, total: int, done: float, _: int
) -> None:
    progress(before + done, total)


class _Run:
    """A plan under way."""

    def __init__(self, plan: Planned, files: Callable[[str], FoldFiles | None]) -> None:
        self.error = plan if isinstance(plan, LstmfinError) else None
        self.plan = plan if isinstance(plan, Plan) else None
        self.results: dict[int, FoldResult] = {}
        self.files = files(self.plan.prices.symbol) if self.plan else None

    @property
    def n_left(self) -> int:
        """How many folds are still to be run."""
        return len(self.plan.folds) - len(self.results) if self.plan else 0

    @property
    def is_over(self) -> bool:
        """Whether it failed, or every fold is done."""
        return self.error is not None or self.n_left == 0

    def next_folds(self) -> list[Fold]:
        """Take the folds that lie in files already, and return those that can be run now."""
        if self.plan is None or self.is_over:
            return []
        ready: list[Fold] = []
        for before, fold in zip((None, *self.plan.folds), self.plan.folds, strict=False):
            if fold.number in self.results:
                continue
            if self.plan.config.warm_start and before is not None:
                if before.number not in self.results:
                    break
                fold = replace(fold, warm_start=self.results[before.number].weights)
            found = self.files.load(fold) if self.files else None
            if found is None:
                ready.append(fold)
            else:
                self.results[fold.number] = found
        return ready

    def take(self, fold: Fold, outcome: Outcome) -> None:
        """Note what became of a fold."""
        if outcome.error is not None:
            where = f"the fold of {fold.prices.sessions[fold.tests[0][0]]}"
            if isinstance(outcome.error, WorkersError):
                self.error = WorkersError(f"{where} is not done: {outcome.error}")
            else:
                self.error = outcome.error
            return
        if self.files:
            self.files.save(fold, outcome.value)
        self.results[fold.number] = outcome.value

    def end(self) -> Backtest | LstmfinError:
        """Return the whole backtest, or the error that ended it."""
        if self.error is not None or self.plan is None:
            assert self.error is not None
            return self.error
        return _collect(self.plan, [self.results[fold.number] for fold in self.plan.folds])


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


def _collect(plan: Plan, results: list[FoldResult]) -> Backtest:
    prices, config = plan.prices, plan.config
    origins = np.concatenate([test for fold in plan.folds for test in fold.tests])
    laws = {
        name: concatenate([law for result in results for law in result.laws[name]])
        for name in results[0].laws
    }
    model = next(iter(laws))
    horizon = laws[model].shape[1]
    at_open = executes_at_open(prices, config.execution)
    held = {name: positions(law, at_open=at_open, config=config) for name, law in laws.items()}
    held[BUY_AND_HOLD] = np.ones(len(origins))
    return Backtest(
        symbol=prices.symbol,
        model=model,
        sessions=prices.sessions[origins],
        earned_on=prices.sessions[origins + config.lag + SESSIONS_TO_EXIT],
        realised=cumulative_returns(prices, horizon)[origins],
        laws=laws,
        positions=held,
        held=holding_returns(prices, origins, at_open=at_open, lag=config.lag),
        costs=costs_of(prices, origins, config),
        folds=tuple(record for fold in plan.folds for record in _records(fold)),
        at_open=at_open,
        realised_variance=realised_variance(prices)[origins + 1],
        variance={
            name: np.concatenate([block for result in results for block in result.variances[name]])
            for name in results[0].variances
        },
    )


def _records(fold: Fold) -> Iterator[FoldRecord]:
    def day(position: np.intp) -> str:
        return str(fold.prices.sessions[position])

    for test in fold.tests:
        first = test is fold.tests[0]
        yield FoldRecord(
            day(fold.train[0]), day(fold.train[-1]), day(test[0]), day(test[-1]), first
        )
