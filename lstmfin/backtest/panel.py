"""Backtests of a panel: in each fold one network learns from all series, and all are asked.

Folds are cut by date on the sessions of all series together, so that no target of any series
reaches into a test block of another; purges are counted in the sessions of each, too.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from lstmfin.backtest.fold import Done, Fold, FoldResult, PanelFold
from lstmfin.backtest.splits import walk_forward
from lstmfin.backtest.strategy import SESSIONS_TO_EXIT
from lstmfin.backtest.walkforward import Backtest, Plan, checked, collect, purge_of, refits
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.data.panel import together
from lstmfin.data.prices import Prices
from lstmfin.errors import LstmfinError, UsageError
from lstmfin.models.forecaster import PANEL
from lstmfin.models.model import Indices
from lstmfin.models.view import features_of

PRESENT = 0.8
"""Share of --train that a series needs of its own sessions to be in a fold: the exchanges of a
panel have different holidays, and a series that has just begun is not asked yet."""


@dataclass(frozen=True, eq=False)
class PanelPlan:
    """A backtest of a panel before it is run.

    Attributes
    ----------
    plans : tuple of Plan
        One a series that is tested, with those folds in which it is.
    folds : tuple of PanelFold
        The tasks.
    left_out : dict of str to LstmfinError
        Series that no fold can test, and why.
    """

    plans: tuple[Plan, ...]
    config: BacktestConfig
    folds: tuple[PanelFold, ...]
    left_out: dict[str, LstmfinError] = field(default_factory=dict)
    label: str = PANEL

    def results(self, done: Sequence[Done]) -> list[Backtest | LstmfinError]:
        """Return the backtest of each series, or what a model refused it for."""
        by_symbol: dict[str, list[FoldResult | LstmfinError]] = {}
        for fold, results in zip(self.folds, done, strict=True):
            assert isinstance(results, tuple)
            for own, result in zip(fold.folds, results, strict=True):
                if own.tests:
                    by_symbol.setdefault(own.prices.symbol, []).append(result)
        return [_result(plan, by_symbol[plan.prices.symbol]) for plan in self.plans]

    def failed(self, error: LstmfinError) -> list[Backtest | LstmfinError]:
        """Return the error that ended it, once a series."""
        return [error] * len(self.plans)


def _result(plan: Plan, results: Sequence[FoldResult | LstmfinError]) -> Backtest | LstmfinError:
    error = next((one for one in results if isinstance(one, LstmfinError)), None)
    return error or collect(plan, [one for one in results if isinstance(one, FoldResult)])


def plan_panel(
    series: Sequence[Prices],
    *,
    network: TrainConfig,
    config: BacktestConfig,
    asked: Collection[str] | None = None,
) -> PanelPlan:
    """Return the plan of a walk-forward backtest of one network on many series.

    A series is learned from in every fold before whose test block it has four fifths of ``--train``
    sessions, be it traded still or not, and asked from the sessions of the block that it has.

    Parameters
    ----------
    asked : collection of str, optional
        Symbols that are tested; all if not given.

    Raises
    ------
    UsageError
        When the folds leave no test block, or the purge is below the horizon.
    DataError
        When a series cannot be traded as is asked.
    """
    series = [checked(one, config) for one in series]
    if not any(one.panel for one in series):
        series = together(series)
    network = replace(network, features=features_of(network, series))  # the same in every fold
    asked = [one.symbol for one in series] if asked is None else asked
    folds = _folds(series, network, config, asked)
    tested: dict[str, list[Fold]] = {symbol: [] for symbol in asked}
    for panel in folds:
        for fold in panel.folds:
            if fold.tests:
                tested[fold.prices.symbol].append(fold)
    plans = [
        Plan(one, config, tuple(tested[one.symbol]), tuple(series))
        for one in series
        if one.symbol in asked
    ]
    return PanelPlan(
        plans=tuple(plan for plan in plans if plan.folds),
        config=config,
        folds=folds,
        left_out={
            plan.prices.symbol: _never_tested(plan.prices, config)
            for plan in plans
            if not plan.folds
        },
    )


def _folds(
    series: Sequence[Prices], network: TrainConfig, config: BacktestConfig, asked: Collection[str]
) -> tuple[PanelFold, ...]:
    """Return the folds, cut on the sessions of all series, in which any that is asked is tested."""
    days = np.unique(np.concatenate([one.sessions for one in series]))
    splits = walk_forward(
        max(len(days) - SESSIONS_TO_EXIT - config.lag, 0),
        train=config.train,
        test=config.test,
        purge=purge_of(network, config),
        rolling=config.rolling,
    )
    folds = []
    for number, train, tests in refits(splits, config):
        cut = (_own_fold(one, days, (number, train, tests), network, config) for one in series)
        own = tuple(
            fold if fold.prices.symbol in asked else replace(fold, tests=())
            for fold in cut
            if fold is not None
        )
        if any(fold.tests for fold in own):
            folds.append(PanelFold(own))
    return tuple(folds)


def _own_fold(
    prices: Prices,
    days: NDArray[np.datetime64],
    cut: tuple[int, Indices, tuple[Indices, ...]],
    network: TrainConfig,
    config: BacktestConfig,
) -> Fold | None:
    """Return the fold of one series from one that is cut on the sessions of all."""
    number, train, tests = cut
    sessions, purge = prices.sessions, purge_of(network, config)
    first = int(np.searchsorted(sessions, days[train[0]]))
    tested_from = int(np.searchsorted(sessions, days[tests[0][0]]))
    stop = min(int(np.searchsorted(sessions, days[train[-1]], side="right")), tested_from - purge)
    own_train = np.arange(first, stop)
    if len(own_train) < PRESENT * config.train:
        return None
    n_origins = len(prices) - SESSIONS_TO_EXIT - config.lag
    blocks = []
    for test in tests:
        begin = int(np.searchsorted(sessions, days[test[0]]))
        end = min(int(np.searchsorted(sessions, days[test[-1]], side="right")), n_origins)
        if begin < end:
            blocks.append(np.arange(begin, end))
    return Fold(prices, own_train, tuple(blocks), number, network, config.baseline_names())


def _never_tested(prices: Prices, config: BacktestConfig) -> UsageError:
    return UsageError(
        f"{prices.symbol} has {len(prices)} sessions, {prices.sessions[0]} to "
        f"{prices.sessions[-1]}, and no fold of the panel tests it: it needs {PRESENT:.0%} of "
        f"--train {config.train} before one; choose less, or fetch more prices"
    )
