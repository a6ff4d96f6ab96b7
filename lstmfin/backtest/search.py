"""How long was searched before a backtest looked well: read from the ledger, not from memory."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

import numpy as np

from lstmfin.backtest.walkforward import BUY_AND_HOLD, Backtest, Plan
from lstmfin.config import section_to_table
from lstmfin.data.ledger import Floats, Ledger, Trial, key_of
from lstmfin.metrics.returns import sharpe
from lstmfin.metrics.selection import (
    confidence_set,
    probability_of_overfitting,
    superior_ability,
)
from lstmfin.metrics.sharpe import deflated_sharpe
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.view import features_of

LEAST_SESSIONS = 32
"""Common sessions below which nothing is said of a search: two in each block of the halving."""

MOST_COMPARED = 64
"""Trials up to which a confidence set is told: it compares every pair of them."""


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
    superior : float
        P-value that nothing that was tried is better than to hold (Hansen's test of superior
        predictive ability); NaN as above, or without the extra [stats].
    confident : tuple of int and bool
        How many of the trials may be the best, and whether to hold may be, too (the model
        confidence set at 10 %); empty where that is not known.
    """

    n_trials: int = 1
    n_backtests: int = 1
    variance: float | None = None
    overfitting: float = float("nan")
    superior: float = np.nan
    confident: tuple[int, bool] | tuple[()] = ()

    def deflated(self, excess: Floats) -> float:
        """Return the deflated Sharpe ratio of returns above buy-and-hold, as a probability."""
        return deflated_sharpe(excess, n_trials=self.n_trials, variance=self.variance)


def excess_returns(result: Backtest) -> Floats:
    """Return what the network earned in each session after costs above buy-and-hold, (N,)."""
    return result.net(result.model) - result.net(BUY_AND_HOLD)


def enter(ledger: Ledger, result: Backtest, plan: Plan, *, now: dt.datetime) -> Search:
    """Write a backtest into the ledger, and return what has been tried on its symbol by now."""
    seen = plan.panel or (plan.prices,)
    settled = Forecaster(plan.network).config  # names the loss that was left to the default
    network = replace(settled, features=features_of(settled, seen))
    train = section_to_table(network)
    if plan.panel:
        train |= {"symbols": [one.symbol for one in plan.panel]}
    excess = excess_returns(result)
    ledger.append(
        "backtest",
        result.symbol,
        data=plan.prices.digest(),
        settings={"train": train, "backtest": section_to_table(plan.config)},
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
    common = _common(list(backtests.values()))
    superior, confident = _against_all(common)
    return Search(
        n_trials=max(len(backtests) + len(trained - tested), 1),
        n_backtests=len(backtests),
        variance=float(np.var(ratios, ddof=1)) if len(ratios) > 1 else None,
        overfitting=probability_of_overfitting(common),
        superior=superior,
        confident=confident,
    )


def _against_all(returns: Floats) -> tuple[float, tuple[int, bool] | tuple[()]]:
    """Return Hansen's p-value and the model confidence set of trials (T, N) against holding.

    Trials that did the same are one, and one that only held is the benchmark itself.
    """
    tried = np.unique(returns, axis=1) if returns.size else returns
    tried = tried[:, np.ptp(tried, axis=0) > 0] if tried.size else tried
    if len(tried) < LEAST_SESSIONS or tried.shape[1] < 2 or find_spec("arch") is None:
        return np.nan, ()
    with np.errstate(all="ignore"):  # statistics of trials that hardly differ
        superior = superior_ability(np.zeros(len(tried)), -tried, seed=0)
        if tried.shape[1] > MOST_COMPARED:
            return superior, ()
        held_too = np.column_stack([-tried, np.zeros(len(tried))])
        best = confidence_set(held_too, seed=0)
    holding = tried.shape[1]
    return superior, (sum(one != holding for one in best), holding in best)


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
