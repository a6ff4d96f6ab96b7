"""How long was searched before a backtest looked well: read from the ledger, not from memory."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lstmfin.backtest.walkforward import BUY_AND_HOLD, Backtest, Plan
from lstmfin.config import section_to_table
from lstmfin.data.ledger import Floats, Ledger, Trial, key_of
from lstmfin.data.windows import carried_features
from lstmfin.metrics.returns import sharpe
from lstmfin.metrics.selection import probability_of_overfitting
from lstmfin.metrics.sharpe import deflated_sharpe

LEAST_SESSIONS = 32
"""Common sessions below which nothing is said of a search: two in each block of the halving."""


@dataclass(frozen=True)
class Search:
    """What was tried on one symbol.

    Parameters
    ----------
    n_trials : int
        Settings that were tried, each counted once however often it was run. A training counts
        unless a backtest of the same network does.
    n_backtests : int
        Settings among them of which there are returns.
    variance : float or None
        Of their Sharpe ratios above buy-and-hold, per session; None for fewer than two.
    overfitting : float
        Probability of backtest overfitting; NaN for fewer than two, or too few common sessions.
    """

    n_trials: int = 1
    n_backtests: int = 1
    variance: float | None = None
    overfitting: float = float("nan")

    def deflated(self, excess: Floats) -> float:
        """Return the deflated Sharpe ratio of returns above buy-and-hold, as a probability."""
        return deflated_sharpe(excess, n_trials=self.n_trials, variance=self.variance)


def excess_returns(result: Backtest) -> Floats:
    """Return what the network earned in each session after costs above buy-and-hold, (N,)."""
    return result.net(result.model) - result.net(BUY_AND_HOLD)


def enter(ledger: Ledger, result: Backtest, plan: Plan, *, now: dt.datetime) -> Search:
    """Write a backtest into the ledger, and return what has been tried on its symbol by now."""
    features = plan.network.features or carried_features(plan.prices)
    network = replace(plan.network, features=features)
    excess = excess_returns(result)
    ledger.append(
        "backtest",
        result.symbol,
        data=plan.prices.digest(),
        settings={"train": section_to_table(network), "backtest": section_to_table(plan.config)},
        result={
            "sharpe": _known(sharpe(result.net(result.model))),
            "excess_sharpe": _known(sharpe(excess)),
        },
        now=now,
        sessions=result.earned_on,
        excess=excess,
    )
    return search_of(ledger.trials(result.symbol))


def _known(value: float) -> float | None:
    return value if np.isfinite(value) else None


def search_of(trials: Sequence[Trial]) -> Search:
    """Return what the trials of one symbol come to.

    Of trials with the same settings the last one counts. Ratios are those of returns above
    buy-and-hold after costs; a trial that did nothing else than hold has a ratio of 0.
    """
    backtests = {one.settings_key: one for one in trials if one.kind == "backtest"}
    tested = {key_of(one.settings["train"]) for one in backtests.values()}
    trained = {key_of(one.settings["train"]) for one in trials if one.kind != "backtest"}
    ratios = [_ratio(one.excess) for one in backtests.values()]
    return Search(
        n_trials=max(len(backtests) + len(trained - tested), 1),
        n_backtests=len(backtests),
        variance=float(np.var(ratios, ddof=1)) if len(ratios) > 1 else None,
        overfitting=probability_of_overfitting(_common(list(backtests.values()))),
    )


def _ratio(excess: Floats) -> float:
    ratio = sharpe(excess, per_year=1)
    return ratio if np.isfinite(ratio) else 0.0


def _common(trials: list[Trial]) -> Floats:
    """Return what each trial earned (T, N) in the sessions that all of them tested."""
    if not trials:
        return np.zeros((0, 0))
    sessions = trials[0].sessions
    for one in trials[1:]:
        sessions = np.intersect1d(sessions, one.sessions)
    return np.column_stack([one.excess[np.searchsorted(one.sessions, sessions)] for one in trials])
