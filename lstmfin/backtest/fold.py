"""One fold of a backtest as a task: every model is fitted once, and asked from the test blocks.

A fold knows nothing of its workers, and of the series no bar after its last test origin.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray

from lstmfin.config import TrainConfig
from lstmfin.data.prices import Prices
from lstmfin.metrics.law import Law
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.model import Indices, Model
from lstmfin.registry import BASELINES

Weights = NDArray[np.floating]
Floats = NDArray[np.float64]


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
        return self.prices.slice(int(self.tests[-1][-1]) + 1)


@dataclass(frozen=True, eq=False)
class FoldResult:
    """What a task returns.

    Attributes
    ----------
    laws : dict of str to list of Law
        What each model says from each test block.
    variances : dict of str to list of ndarray (n,)
        What each expects of the variance of the next session, where it models it.
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


def fitted_models(
    fold: Fold, tick: Callable[[float], None] = lambda _share: None
) -> dict[str, Model]:
    """Return the network, first, and the baselines, fitted on a training block and its targets."""
    horizon = fold.network.horizon
    known = fold.prices.slice(int(fold.train[-1]) + horizon + 1)
    if fold.train[0] > 0:
        known = known.between(fold.prices.sessions[fold.train[0]], None)
    network = Forecaster(fold.network, stream_names=(f"fold {fold.number}",))
    network.warm_start = fold.warm_start
    models: dict[str, Model] = {fold.network.cell: network}
    seen = {"window": fold.network.window, "features": fold.network.features}
    models |= {name: BASELINES.get(name)(horizon, **seen) for name in fold.baselines}
    most = fold.network.epochs * max(1, len(fold.train) // fold.network.batch)
    steps = count(1)
    for model in models.values():
        model.fit(known, tick=lambda: tick(min(next(steps) / most, 1.0)))
    return models


def ask(
    models: dict[str, Model], fold: Fold
) -> tuple[dict[str, list[Law]], dict[str, list[Floats]]]:
    """Return what each model says from each test block, of prices up to its end."""
    laws: dict[str, list[Law]] = {name: [] for name in models}
    variances: dict[str, list[Floats]] = {
        name: [] for name, model in models.items() if hasattr(model, "predict_variance")
    }
    for test in fold.tests:
        seen = fold.prices.slice(int(test[-1]) + 1)
        for name, model in models.items():
            laws[name].append(model.predict(seen, test))
            if name in variances:
                variances[name].append(model.predict_variance(seen, test)[:, 0])  # type: ignore[attr-defined]
    return laws, variances
