"""One fold of a backtest as a task: every model is fitted once, and asked from the test blocks.

A fold knows nothing of its workers, and of the series no bar after its last test origin.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lstmfin.config import TrainConfig
from lstmfin.data.prices import Prices
from lstmfin.errors import LstmfinError
from lstmfin.metrics.law import Law
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.model import Indices, Model
from lstmfin.registry import BASELINES

Weights = NDArray[np.floating]
Floats = NDArray[np.float64]

SEEDS = "seeds"
"""What the variances of the network's members go by, beside those of the models."""


@dataclass(frozen=True, eq=False)
class Fold:
    """What a task is told.

    Parameters
    ----------
    prices : Prices
        The whole series.
    train : ndarray of int
        Origins of the training block, consecutive.
    tests : tuple of ndarray of int
        Origins of the test blocks that the models serve, in order, consecutive in each.
    number : int
        Which test block the first of them is; it names the random stream.
    network : TrainConfig
    baselines : tuple of str
        Names of what is tested beside the network.
    warm_start : ndarray (K, P), optional
        Weights of the network of the fold before, to begin from.
    """

    prices: Prices
    train: Indices
    tests: tuple[Indices, ...]
    number: int
    network: TrainConfig
    baselines: tuple[str, ...] = ()
    warm_start: Weights | None = None

    @property
    def known(self) -> Prices:
        """The series up to the last test origin: more is not to be seen."""
        return self.prices.slice(int(self.tests[-1][-1]) + 1) if self.tests else self.learned

    @property
    def learned(self) -> Prices:
        """The training block with its targets: what models are fitted on."""
        known = self.prices.slice(int(self.train[-1]) + self.network.horizon + 1)
        first = int(self.train[0])
        return known if first == 0 else known.between(self.prices.sessions[first], None)

    @property
    def first_day(self) -> np.datetime64:
        """The first session that is tested."""
        return np.datetime64(self.prices.sessions[self.tests[0][0]])

    def from_weights(self, weights: Weights) -> Self:
        """Return the fold with a network to begin from."""
        return replace(self, warm_start=weights)


@dataclass(frozen=True, eq=False)
class PanelFold:
    """A fold of many series that share one network; it is done where all of them are.

    Parameters
    ----------
    folds : tuple of Fold
        One a series, of one number and one network, each with its own origins by the same dates.
        One without test blocks is learned from, and not asked.
    """

    folds: tuple[Fold, ...]

    @property
    def number(self) -> int:
        """The number of the fold."""
        return self.folds[0].number

    @property
    def first_day(self) -> np.datetime64:
        """The first session that is tested."""
        return np.datetime64(min(fold.first_day for fold in self.folds if fold.tests))

    def from_weights(self, weights: Weights) -> Self:
        """Return the fold with a network to begin from."""
        return replace(self, folds=tuple(fold.from_weights(weights) for fold in self.folds))


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What a task returns.

    Attributes
    ----------
    laws : dict of str to list of Law
        What each model says from each test block.
    variances : dict of str to list of ndarray (n,)
        What each expects of the variance of the next session, where it models it; under "seeds"
        what each of many members does, (n, K).
    weights : ndarray (K, P)
        Of the members of the network.
    """

    laws: dict[str, list[Law]]
    variances: dict[str, list[Floats]]
    weights: Weights


def run_fold(fold: Fold, tick: Callable[[float], None]) -> FoldResult:
    """Fit the network and the baselines on a training block, and ask them from its test blocks."""
    models = fitted_models(fold, tick)
    network = models[fold.network.cell]
    assert isinstance(network, Forecaster)
    laws, variances = ask(models, fold)
    return FoldResult(laws, variances, network.weights)


def run_panel_fold(
    panel: PanelFold, tick: Callable[[float], None]
) -> tuple[FoldResult | LstmfinError, ...]:
    """Fit one network on all series of a panel, and ask it and the baselines of each, in order.

    A series that a model refuses costs itself alone.
    """
    config = panel.folds[0].network
    step = _steps(panel.folds, tick)
    network = fitted_network(panel.folds, step)
    results: list[FoldResult | LstmfinError] = []
    for fold in panel.folds:
        models: dict[str, Model] = {config.cell: network}
        try:
            if fold.tests:
                models |= fitted_baselines(fold, step)
            laws, variances = ask(models, fold)
            results.append(FoldResult(laws, variances, network.weights))
        except LstmfinError as error:
            results.append(error)
    return tuple(results)


Task = Fold | PanelFold
Done = FoldResult | tuple[FoldResult | LstmfinError, ...]


def run_task(task: Task, tick: Callable[[float], None]) -> Done:
    """Run the fold of one series, or of a panel."""
    return run_fold(task, tick) if isinstance(task, Fold) else run_panel_fold(task, tick)


def fitted_models(
    fold: Fold, tick: Callable[[float], None] = lambda _share: None
) -> dict[str, Model]:
    """Return the network, first, and the baselines, fitted on a training block and its targets."""
    step = _steps([fold], tick)
    return {fold.network.cell: fitted_network([fold], step), **fitted_baselines(fold, step)}


def fitted_network(folds: Sequence[Fold], step: Callable[[], None] = lambda: None) -> Forecaster:
    """Return one network fitted on the training blocks of folds: of one series, or of a panel."""
    fold = folds[0]
    network = Forecaster(fold.network, stream_names=(f"fold {fold.number}",))
    network.warm_start = fold.warm_start
    series = [one.learned for one in folds]
    network.fit(series if fold.network.panel else series[0], tick=step)
    return network


def fitted_baselines(fold: Fold, step: Callable[[], None] = lambda: None) -> dict[str, Model]:
    """Return the baselines fitted on the training block of a fold."""
    seen = {"window": fold.network.window, "features": fold.network.features}
    models: dict[str, Model] = {
        name: BASELINES.get(name)(fold.network.horizon, **seen) for name in fold.baselines
    }
    for model in models.values():
        model.fit(fold.learned, tick=step)
    return models


def _steps(folds: Sequence[Fold], tick: Callable[[float], None]) -> Callable[[], None]:
    """Return what models call after each step, which tells ``tick`` what share is done."""
    config, n_origins = folds[0].network, sum(len(fold.train) for fold in folds)
    most = config.members * config.epochs * max(1, n_origins // config.batch)
    steps = count(1)
    return lambda: tick(min(next(steps) / most, 1.0))


def ask(
    models: dict[str, Model], fold: Fold
) -> tuple[dict[str, list[Law]], dict[str, list[Floats]]]:
    """Return what each model says from each test block, of prices up to its end."""
    laws: dict[str, list[Law]] = {name: [] for name in models}
    variances: dict[str, list[Floats]] = {}
    for test in fold.tests:
        seen = fold.prices.slice(int(test[-1]) + 1)
        for name, model in models.items():
            law, said = _answer(model, name, seen, test)
            laws[name].append(law)
            for key, variance in said.items():
                variances.setdefault(key, []).append(variance)
    return laws, variances


def _answer(model: Model, name: str, seen: Prices, test: Indices) -> tuple[Law, dict[str, Floats]]:
    """Return a law, and the variances of the next session by what they go by."""
    if isinstance(model, Forecaster) and len(model.weights) > 1:
        outlook = model.outlook(seen, test)
        each = np.stack([variance[:, 0] for variance in outlook.variances], axis=1)
        return outlook.law, {name: outlook.variance[:, 0], SEEDS: each}
    law = model.predict(seen, test)
    if not hasattr(model, "predict_variance"):
        return law, {}
    return law, {name: model.predict_variance(seen, test)[:, 0]}
