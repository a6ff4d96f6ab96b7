"""A search over settings of the network, by scikit-learn, on walk-forward splits alone.

A trial is a row of the ledger as soon as it ends, and is not run twice: a search that was killed
goes on, and every later verdict on the symbol counts what was tried here.
"""

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import loguniform
from sklearn.model_selection import ParameterGrid, ParameterSampler, RandomizedSearchCV

from lstmfin.backtest.splits import WalkForwardSplit
from lstmfin.config import TrainConfig, TuneConfig, section_to_table
from lstmfin.data.ledger import Ledger, key_of
from lstmfin.data.prices import Prices
from lstmfin.data.target import unit_of_returns
from lstmfin.errors import DataError, UsageError
from lstmfin.metrics.sharpe import expected_maximum_sharpe
from lstmfin.models.estimator import OPTIONS, NetworkRegressor
from lstmfin.models.view import features_of, windows_of

Floats = NDArray[np.float64]

KIND = "tune"
"""What a trial is called in the ledger."""

SPACE: dict[str, Any] = {
    "cell": ("lstm", "gru", "rnn"),
    "hidden": (8, 16, 32, 64),
    "layers": (1, 2),
    "window": (20, 40, 60, 120),
    "learning_rate": loguniform(3e-4, 1e-2),
    "batch": (32, 64, 128, 256),
    "dropout": (0.0, 0.1, 0.2, 0.3),
    "weight_decay": loguniform(1e-4, 1e-1),
}
"""What each option may be."""


@dataclass(frozen=True)
class Tried:
    """One trial.

    Attributes
    ----------
    changes : dict
        What differs from the settings as they were; nothing in the first trial.
    skills : tuple of float
        Share of the naive law's CRPS that was saved, fold by fold, over all horizons.
    was_kept : bool
        Whether it was found in the ledger.
    """

    changes: dict[str, Any]
    skills: tuple[float, ...]
    was_kept: bool = False

    @property
    def skill(self) -> float:
        """Mean over the folds."""
        return float(np.mean(self.skills))


@dataclass(frozen=True)
class Reading:
    """What the best of a search is worth, the search counted.

    Attributes
    ----------
    best : Tried
    lead : float
        Of its skill over the mean of all trials.
    lead_by_luck : float
        What the best of as many equal settings would lead by, with the spread that was seen: the
        expected maximum of D. H. Bailey and M. López de Prado (2014), eq. 1.
    """

    best: Tried
    lead: float
    lead_by_luck: float

    @property
    def deflated(self) -> float:
        """What is left of the lead."""
        return self.lead - self.lead_by_luck


def reading_of(trials: list[Tried]) -> Reading:
    """Return the best of trials, and its lead beside that of luck."""
    skills = np.array([one.skill for one in trials])
    best = trials[int(np.argmax(skills))]
    variance = float(np.var(skills, ddof=1)) if len(skills) > 1 else 0.0
    lead_by_luck = expected_maximum_sharpe(len(skills), variance=variance)
    return Reading(best, best.skill - float(skills.mean()), lead_by_luck)


def candidates(config: TuneConfig, *, seed: int) -> list[dict[str, Any]]:
    """Return the settings to try: first those that are, then random ones, none of them twice."""
    space = {name: SPACE[name] for name in sorted(_names(config))}
    n = config.trials - 1
    if all(isinstance(values, tuple) for values in space.values()):
        n = min(n, len(ParameterGrid(space)))
    drawn = ParameterSampler(space, n, random_state=seed) if n else []
    return [{}, *({name: _plain(value) for name, value in one.items()} for one in drawn)]


def _names(config: TuneConfig) -> set[str]:
    return {name.replace("-", "_") for name in config.over}


def tune(
    prices: Prices,
    *,
    network: TrainConfig,
    config: TuneConfig,
    ledger: Ledger,
    progress: Callable[[float, float], None] = lambda _done, _total: None,
) -> list[Tried]:
    """Search settings for one series; return all trials, the settings as they are first.

    Raises
    ------
    UsageError
        When the target is not the returns, or no test block is left.
    DataError
        When there are too few sessions.
    """
    if network.target != "returns" or network.panel or network.stateful:
        raise UsageError(
            "tune searches the settings of a network of one series for --target returns, with no "
            "--panel and no --stateful; leave those out of the [train] of lstmfin.toml"
        )
    prices = prices.finished()
    if len(prices) <= config.kept:
        raise DataError(
            f"{prices.symbol} has {len(prices)} sessions, of which --kept {config.kept} are not to "
            "be looked at; choose fewer, or fetch more"
        )
    search = _Search(prices.slice(len(prices) - config.kept), network, config, ledger)
    todo = candidates(config, seed=network.seed)
    trials = {number: search.kept(changes) for number, changes in enumerate(todo)}
    left = {number: todo[number] for number, trial in trials.items() if trial is None}

    def tell(number: int, trial: Tried) -> None:
        trials[number] = trial
        progress(len([one for one in trials.values() if one]), len(todo))

    search.run(left, tell)
    return [trial for trial in trials.values() if trial]


class _OneByOne(RandomizedSearchCV):  # type: ignore[misc]  # sklearn has no types
    """A randomised search that is handed its candidates, so that it can go on and can stop."""

    work: Callable[[Callable[[list[dict[str, Any]]], dict[str, Any]]], None]

    def _run_search(self, evaluate_candidates: Any) -> None:
        self.work(evaluate_candidates)


class _Search:
    """A search on one series: what it reads, and the ledger it writes to."""

    def __init__(
        self, prices: Prices, network: TrainConfig, config: TuneConfig, ledger: Ledger
    ) -> None:
        self.prices, self.config, self.ledger = prices, config, ledger
        self.network = replace(network, features=features_of(network, [prices]))
        self.digest = prices.digest()
        self._known = {
            one.settings_key: one.result
            for one in ledger.trials(prices.symbol)
            if one.kind == KIND and one.data == self.digest
        }

    def kept(self, changes: dict[str, Any]) -> Tried | None:
        """Return a trial that was run before."""
        found = self._known.get(key_of(self._settings(changes)))
        return Tried(changes, tuple(found["skills"]), was_kept=True) if found else None

    def run(self, left: dict[int, dict[str, Any]], tell: Callable[[int, Tried], None]) -> None:
        """Run trials until the budget is spent; note each as soon as it ends."""
        if not left:
            return
        X, y, splits, estimator = self._material()
        ends = time.monotonic() + 60 * (self.config.minutes or np.inf)

        def work(evaluate: Callable[[list[dict[str, Any]]], dict[str, Any]]) -> None:
            for number, changes in left.items():
                table = evaluate([changes])
                columns = (table[f"split{k}_test_score"] for k in range(splits.get_n_splits(X)))
                trial = Tried(changes, tuple(float(column[-1]) for column in columns))
                self._enter(trial)
                tell(number, trial)
                if time.monotonic() >= ends:
                    return

        search = _OneByOne(
            estimator, SPACE, cv=splits, refit=False, error_score="raise", n_iter=len(left)
        )
        search.work = work
        search.fit(X, y)

    def _material(self) -> tuple[Any, Floats, WalkForwardSplit, NetworkRegressor]:
        """Return rows, targets, splits and estimator; all trials see windows of one length."""
        network, H = self.network, self.network.horizon
        longest = max(SPACE["window"]) if "window" in _names(self.config) else 0
        windows = windows_of(replace(network, window=max(network.window, longest)), self.prices)
        known = windows.known
        X = windows.batch(known).reshape(len(known), -1)
        y = windows.target[known] * unit_of_returns(np.ones(len(known)), H)
        splits = WalkForwardSplit(train=self.config.train, test=self.config.test, purge=H)
        splits.get_n_splits(X)  # or a UsageError
        settings = {name: getattr(network, name) for name in OPTIONS}
        return X, y, splits, NetworkRegressor(n_inputs=len(windows.features), gap=H, **settings)

    def _enter(self, trial: Tried) -> None:
        self.ledger.append(
            KIND,
            self.prices.symbol,
            data=self.digest,
            settings=self._settings(trial.changes),
            result={"skills": list(trial.skills), "skill": trial.skill},
            now=dt.datetime.now(dt.UTC),
        )

    def _settings(self, changes: dict[str, Any]) -> dict[str, Any]:
        judged = {"train": self.config.train, "test": self.config.test, "kept": self.config.kept}
        network = self.network.evolve(**changes)
        return {"train": section_to_table(network), "tune": judged}


def _plain(value: Any) -> Any:
    """Return a value as Python and TOML have it, a rate with two digits."""
    value = value.item() if isinstance(value, np.generic) else value
    return float(f"{value:.2g}") if isinstance(value, float) else value
