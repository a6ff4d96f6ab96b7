"""The walk-forward backtest of one series: a network and the baselines by one protocol.

Shapes: N tested origins, H horizons.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count

import numpy as np
from numpy.typing import NDArray

from lstmfin.backtest.splits import walk_forward
from lstmfin.backtest.strategy import (
    SESSIONS_TO_EXIT,
    holding_returns,
    net_returns,
    sign_positions,
    trades_at_open,
)
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.data.prices import Prices
from lstmfin.data.variance import realised_variance
from lstmfin.data.windows import cumulative_returns
from lstmfin.errors import UsageError
from lstmfin.metrics.law import Law, concatenate
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.model import Indices, Model
from lstmfin.registry import BASELINES

log = logging.getLogger(__name__)

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
    cost_bps : float
        Cost of a turn.
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
    cost_bps: float
    folds: tuple[FoldRecord, ...]
    realised_variance: Floats | None = None
    variance: dict[str, Floats] = field(default_factory=dict)

    def net(self, name: str) -> Floats:
        """Return what one model earned in each session after costs, as fractions (N,)."""
        return net_returns(self.positions[name], self.held, cost_bps=self.cost_bps)

    def gross(self, name: str) -> Floats:
        """Return what one model earned in each session before costs, as fractions (N,)."""
        return net_returns(self.positions[name], self.held, cost_bps=0.0)


BUY_AND_HOLD = "buy-and-hold"


def backtest(
    prices: Prices,
    *,
    train_config: TrainConfig,
    config: BacktestConfig,
    progress: Callable[[float, int], None] = lambda _done, _total: None,
) -> Backtest:
    """Test a network and the baselines walk-forward on one series.

    In each fold every model is fitted on prices that end before the first test origin, and so never
    sees a bar of the test block; then it forecasts from each test origin.

    Parameters
    ----------
    prices : Prices
        The whole series; an unfinished last bar is left out.
    train_config : TrainConfig
        The network.
    config : BacktestConfig
        Folds, refits and costs.
    progress : callable
        Called with folds done, a part of one included, and folds in all.

    Raises
    ------
    UsageError
        When the folds leave no test block, or the purge is below the horizon.
    """
    prices = prices.finished()
    horizon = train_config.horizon
    purge = horizon if config.purge is None else config.purge
    if purge < horizon:
        raise UsageError(
            f"--purge {purge} is below the horizon of {horizon}: targets of the training block "
            f"would reach into the test block; choose {horizon} or more"
        )
    splits = list(
        walk_forward(
            max(len(prices) - SESSIONS_TO_EXIT, 0),
            train=config.train,
            test=config.test,
            purge=purge,
            rolling=config.rolling,
        )
    )
    models: dict[str, Model] = {}
    parts: dict[str, list[Law]] = {}
    variances: dict[str, list[Floats]] = {}
    folds: list[FoldRecord] = []
    fitted_on, fitted_at = splits[0][0], -np.inf
    refit = config.test if config.refit is None else config.refit
    if refit < config.test:
        raise UsageError(
            f"--refit {refit} is below --test {config.test}: models are trained anew where a test "
            f"block begins; choose --test {refit} for that"
        )
    progress(0, len(splits))
    for number, (train, test) in enumerate(splits):
        refitted = bool(test[0] - fitted_at >= refit)
        if refitted:
            models = _fitted(
                prices,
                train,
                train_config,
                config,
                fold=number,
                progress=partial(_within, progress, number, len(splits)),
            )
            fitted_on, fitted_at = train, test[0]
        for name, model in models.items():
            parts.setdefault(name, []).append(model.predict(prices, test))
            if hasattr(model, "predict_variance"):
                expected = model.predict_variance(prices, test)[:, 0]
                variances.setdefault(name, []).append(expected)
        log.info("%s: fold %d of %d done", prices.symbol, number + 1, len(splits))
        folds.append(_record(prices, fitted_on, test, refitted=refitted))
        progress(number + 1, len(splits))
    origins = np.concatenate([test for _, test in splits])
    return replace(
        _collect(prices, origins, parts, config, folds),
        realised_variance=realised_variance(prices)[origins + 1],
        variance={name: np.concatenate(blocks) for name, blocks in variances.items()},
    )


def _within(progress: Callable[[float, int], None], done: int, total: int, share: float) -> None:
    progress(done + share, total)


def _fitted(
    prices: Prices,
    train: Indices,
    train_config: TrainConfig,
    config: BacktestConfig,
    *,
    fold: int,
    progress: Callable[[float], None],
) -> dict[str, Model]:
    """Return the network and the baselines, fitted on the training block of a fold and no more."""
    horizon = train_config.horizon
    known = prices.slice(int(train[-1]) + horizon + 1)
    if train[0] > 0:
        known = known.between(prices.sessions[train[0]], None)
    models: dict[str, Model] = {
        train_config.cell: Forecaster(train_config, stream_names=(f"fold {fold}",))
    }
    models |= {
        name: BASELINES.get(name)(
            horizon, window=train_config.window, features=train_config.features
        )
        for name in config.baseline_names()
    }
    most = train_config.epochs * max(1, len(train) // train_config.batch)
    steps = count(1)
    for model in models.values():
        model.fit(known, tick=lambda: progress(min(next(steps) / most, 1.0)))
    return models


def _collect(
    prices: Prices,
    origins: Indices,
    parts: Mapping[str, list[Law]],
    config: BacktestConfig,
    folds: list[FoldRecord],
) -> Backtest:
    laws = {name: concatenate(laws) for name, laws in parts.items()}
    model = next(iter(laws))
    horizon = laws[model].shape[1]
    positions = {
        name: sign_positions(law, at_open=trades_at_open(prices), long_only=config.long_only)
        for name, law in laws.items()
    }
    positions[BUY_AND_HOLD] = np.ones(len(origins))
    return Backtest(
        symbol=prices.symbol,
        model=model,
        sessions=prices.sessions[origins],
        earned_on=prices.sessions[origins + SESSIONS_TO_EXIT],
        realised=cumulative_returns(prices, horizon)[origins],
        laws=laws,
        positions=positions,
        held=holding_returns(prices, origins),
        cost_bps=config.cost_bps,
        folds=tuple(folds),
    )


def _record(prices: Prices, train: Indices, test: Indices, *, refitted: bool) -> FoldRecord:
    def day(position: np.intp) -> str:
        return str(prices.sessions[position])

    return FoldRecord(day(train[0]), day(train[-1]), day(test[0]), day(test[-1]), refitted)
