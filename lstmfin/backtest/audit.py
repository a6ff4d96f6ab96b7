"""The poison test: whatever comes after t is made something else, and nothing up to t may change.

What is compared is compared bit by bit: a leak shows however small it is. Numbers that stay the
same prove that they do not depend on the future, as no reading of the code can.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstmfin.backtest.fold import Fold, ask, fitted_baselines, fitted_network
from lstmfin.backtest.panel import PanelPlan
from lstmfin.backtest.strategy import executes_at_open, positions
from lstmfin.backtest.walkforward import Floats, Plan, calibrated
from lstmfin.config import BacktestConfig
from lstmfin.data.closes import last_known
from lstmfin.data.faults import VALUE_COLUMNS
from lstmfin.data.prices import Prices
from lstmfin.data.volatility import price_volatility
from lstmfin.data.windows import cumulative_returns
from lstmfin.metrics.law import Law
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.model import Model
from lstmfin.models.view import features_of
from lstmfin.registry import FEATURES

EPOCHS = 3
"""Enough to move every weight; whether a future is seen does not hang on how long is trained."""

LEVELS = (0.05, 0.95)
"""Quantiles that stand for a law beside its median."""

LAGS = 5
"""Sessions back and ahead in which a lag detector looks."""

DISGUISE = 0.5
"""Correlation with a return of the past from which a forecast is that return in disguise."""


@dataclass(frozen=True)
class Check:
    """What one check came to: of what, whether it holds, and what was found."""

    subject: str
    ok: bool
    text: str


def poisoned(prices: Prices, t: int, kind: str) -> Prices:
    """Return prices whose bars after position ``t`` are something else, as are other series' then.

    Of other series those are that the hours of both markets make known later (``last_known``): a
    close of the same day, too, where theirs comes after this one's.

    Parameters
    ----------
    kind : str
        ``"nan"``, ``"noise"`` (another walk), ``"shift"`` (half as much again), or ``"cut"``.
    """
    others, panel = (
        tuple(poisoned(one, _last_known(prices, t, one), kind) for one in seen)
        for seen in (prices.others, prices.panel)
    )
    if kind == "cut":
        return replace(prices.slice(t + 1), others=others, panel=panel)
    n_after, rng = len(prices) - t - 1, np.random.default_rng(0)
    after = {
        "nan": np.full(n_after, np.nan),
        "noise": np.exp(np.cumsum(0.05 * rng.standard_normal(n_after))),
        "shift": np.full(n_after, 1.5),
    }[kind]
    factor = np.concatenate([np.ones(t + 1), after])
    # A missing high would tell that the whole series has no range, which its source decides.
    names = [name for name in VALUE_COLUMNS if (kind, name) != ("nan", "high")]
    bars = prices.bars.assign(**{name: prices.column(name) * factor for name in names})
    other = copy(prices)
    object.__setattr__(other, "bars", bars)  # missing prices are refused elsewhere
    object.__setattr__(other, "others", others)
    object.__setattr__(other, "panel", panel)
    return other


def _last_known(prices: Prices, t: int, other: Prices) -> int:
    return int(last_known(prices, other)[t]) if t >= 0 else -1


def audit(plan: Plan | PanelPlan) -> Iterator[Check]:
    """Yield the checks of a backtest that is planned: on its prices, inputs, network and rules.

    Of a panel all series are poisoned on one day, so that none may tell another what comes.
    """
    if isinstance(plan, PanelPlan):
        folds, series = plan.folds[0].folds, [one.prices for one in plan.plans]
    else:
        folds, series = plan.folds[:1], [plan.prices]
    network = replace(folds[0].network, epochs=min(folds[0].network.epochs, EPOCHS))
    folds = tuple(replace(one, network=network, tests=one.tests[:1]) for one in folds)
    for prices in series:
        of = f" of {prices.symbol}" if len(folds) > 1 else ""
        for name in features_of(network, [prices]):
            yield audit_column(f"feature {name}{of}", prices, FEATURES.get(name).compute)
        kinds = ("noise", "shift", "cut")
        yield audit_column(f"volatility{of}", prices, price_volatility, kinds=kinds)
    yield audit_validation(folds)
    yield from audit_folds(folds, plan.config)


def audit_column(
    subject: str,
    prices: Prices,
    compute: Callable[[Prices], Floats],
    *,
    kinds: tuple[str, ...] = ("nan", "noise", "shift", "cut"),
) -> Check:
    """Check that a column of numbers, one a session, uses nothing that comes later."""
    clean = compute(prices)
    half = len(prices) // 2
    moments = np.unique(np.r_[half : half + 16, np.linspace(half, len(prices) - 2, 4).astype(int)])
    for t in moments[moments < len(prices) - 1]:
        for kind in kinds:
            found = compute(poisoned(prices, int(t), kind))
            changed = _first_change(clean[: t + 1], found[: t + 1])
            if changed is not None:
                return Check(
                    subject,
                    ok=False,
                    text=f"its value of {prices.sessions[changed]} changes with what came after "
                    f"{prices.sessions[t]} ({kind})",
                )
    return Check(
        subject, ok=True, text=f"unchanged by {', '.join(kinds)} after {len(moments)} moments"
    )


def audit_validation(folds: Sequence[Fold]) -> Check:
    """Check that nothing is learned from the block that is kept for validation."""
    subject, first = "training windows", folds[0]
    known = [
        replace(one, prices=one.prices.slice(int(one.train[-1]) + one.network.horizon + 1))
        for one in folds
    ]
    sessions = known[0].prices.sessions
    at = len(sessions) - max(int(len(sessions) * first.network.validation) // 2, 1)
    clean = _scaler_of(fitted_network(known))
    for kind in ("noise", "shift"):
        other = fitted_network([_with(one, sessions[at], kind) for one in known])
        if _first_change(clean, _scaler_of(other)) is not None:
            return Check(
                subject,
                ok=False,
                text=f"the scaler changes with prices of the validation block ({kind}): windows "
                "of both overlap, or are shuffled",
            )
    return Check(subject, ok=True, text="the scaling is learned before the validation block alone")


def audit_folds(folds: Sequence[Fold], config: BacktestConfig) -> Iterator[Check]:
    """Yield the checks of folds of one network, of one series or of a panel.

    Nothing it learns sees the test blocks, and no forecast what comes.
    """
    tested, kinds = [one for one in folds if one.tests], ("noise", "shift")
    test = tested[0].tests[0]
    day = tested[0].prices.sessions[int(test[len(test) // 2])]
    eve = min(one.first_day for one in tested) - np.timedelta64(1, "D")
    clean = _Trace(folds, config, day)
    before = {
        kind: _Trace([_with(one, eve, kind) for one in folds], config, day).learned
        for kind in kinds
    }
    yield from _compared(clean.learned, before, "its test block")
    within = {
        kind: _Trace([_with(one, day, kind) for one in folds], config, day).said for kind in kinds
    }
    yield from _compared(clean.said, within, f"what came after {day}")
    for fold in tested:
        name, of = fold.network.cell, _of(fold, folds)
        returns = fold.prices.log_returns()
        yield audit_lag(f"{name}{of}", clean.medians[fold.prices.symbol], returns, fold.tests[0])


def audit_lag(name: str, forecast: Floats, returns: Floats, origins: Any) -> Check:
    """Check that a forecast of the next return is not one of the past in disguise.

    Where the correlation with returns around the target peaks at one that was known already, and
    is large, and the squared error is not below that of no return, it repeats what was.

    Parameters
    ----------
    forecast : ndarray (N,)
        Of the return after each origin.
    returns : ndarray (n,)
        Log returns of all sessions.
    origins : ndarray of int (N,)
    """
    subject = f"lag of {name}"
    lags = [k for k in range(-LAGS, LAGS + 1) if (origins + 1 + k < len(returns)).all()]
    if np.ptp(forecast) <= 1e-9 * np.abs(forecast).max(initial=0.0) or len(forecast) < 2 * LAGS:
        return Check(subject, ok=True, text="it says the same of every session")
    around = {k: _correlation(forecast, returns[origins + 1 + k]) for k in lags}
    peak = max(around, key=lambda k: abs(around[k]))
    truth = returns[origins + 1]
    skill = 1 - float(np.mean((truth - forecast) ** 2) / max(np.mean(truth**2), 1e-300))
    found = (
        f"its correlation with returns peaks {peak:+d} sessions from the target, at "
        f"{around[peak]:+.2f}"
    )
    late = peak < 0 and abs(around[peak]) > DISGUISE and skill <= 0
    if late:
        found += f", and it saves {skill:.1%} of the error of no return: it repeats what was"
    return Check(subject, ok=not late, text=found)


class _Trace:
    """What folds of one network have learned when they were asked, and said up to a day, by name.

    ``medians`` are those of the next return from each origin of a test block, by symbol.
    """

    def __init__(self, folds: Sequence[Fold], config: BacktestConfig, day: np.datetime64) -> None:
        network = fitted_network(folds)
        self.said: dict[str, Any] = {}
        self.medians: dict[str, Floats] = {}
        for fold in folds:
            if fold.tests:
                self._ask(fold, network, config, day, _of(fold, folds))
        losses = [member.history.validation_loss for member in network.members]
        self.learned: dict[str, Any] = {
            "scaler": _scaler_of(network),
            "validation": np.concatenate(losses, dtype=np.float64),
            "weights": network.weights,
        }
        if network.linear is not None:
            self.learned["linear part"] = network.linear.weights

    def _ask(
        self, fold: Fold, network: Forecaster, config: BacktestConfig, day: np.datetime64, of: str
    ) -> None:
        models: dict[str, Model] = {fold.network.cell: network, **fitted_baselines(fold)}
        test, method = fold.tests[0], fold.network.calibration
        said = {name: blocks[0] for name, blocks in ask(models, fold)[0].items()}
        realised = cumulative_returns(fold.prices, fold.network.horizon)[test]
        at_open = executes_at_open(fold.prices, config.execution)
        known = slice(int((fold.prices.sessions[test] <= day).sum()))
        for name, law in calibrated(said, realised, method=method).items():
            self.said[f"forecasts of {name}{of}"] = _numbers(said[name])[known]
            if method != "none":
                self.said[f"calibrated ranges of {name}{of}"] = _numbers(law)[known]
            held = positions(law, at_open=at_open, config=config)
            self.said[f"positions of {name}{of}"] = held[known]
        self.medians[fold.prices.symbol] = said[fold.network.cell].median[:, 0]


def _of(fold: Fold, folds: Sequence[Fold]) -> str:
    """Return what tells the checks of a series from those of others."""
    return f" of {fold.prices.symbol}" if len(folds) > 1 else ""


def _numbers(law: Law) -> Floats:
    """Return what stands for a law (N, H): its median and two quantiles, (N, 3 H)."""
    return np.concatenate([law.median, *(law.quantile(p) for p in LEVELS)], axis=1)


def _with(fold: Fold, day: np.datetime64, kind: str) -> Fold:
    """Return a fold whose prices after a day are something else."""
    t = int(np.searchsorted(fold.prices.sessions, day, side="right")) - 1
    return replace(fold, prices=poisoned(fold.prices, t, kind))


def _scaler_of(network: Model) -> Floats:
    assert isinstance(network, Forecaster)
    assert network.scaler is not None
    return np.concatenate([network.scaler.mean, network.scaler.std])


def _compared(
    clean: dict[str, Any], others: dict[str, dict[str, Any]], what: str
) -> Iterator[Check]:
    """Yield a check of each array."""
    for name, array in clean.items():
        changed = [
            kind for kind, other in others.items() if _first_change(array, other[name]) is not None
        ]
        found = f"changes with {what} ({', '.join(changed)})"
        text = found if changed else f"unchanged by {what} ({', '.join(others)})"
        yield Check(name, ok=not changed, text=text)


def _first_change(one: Floats, other: Floats) -> int | None:
    """Return the first row in which two arrays are not the same bits; NaN is NaN."""
    if one.shape != other.shape:
        return 0
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    rows = np.flatnonzero(~same.reshape(len(one), -1).all(axis=1)) if one.size else np.zeros(0)
    return int(rows[0]) if rows.size else None


def _correlation(one: Floats, other: Floats) -> float:
    known = np.isfinite(one) & np.isfinite(other)
    a, b = one[known] - one[known].mean(), other[known] - other[known].mean()
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread > 0 else 0.0
