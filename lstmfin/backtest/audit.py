"""The poison test: whatever comes after t is made something else, and nothing up to t may change.

What is compared is compared bit by bit: a leak shows however small it is. Numbers that stay the
same prove that they do not depend on the future, as no reading of the code can.
"""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstmfin.backtest.fold import Fold, ask, fitted_models
from lstmfin.backtest.strategy import executes_at_open, positions
from lstmfin.backtest.walkforward import Floats, Plan, calibrated
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

    Of other series the bars of later days are: by the hours of both markets, those of the day
    itself may be known.

    Parameters
    ----------
    kind : str
        ``"nan"``, ``"noise"`` (another walk), ``"shift"`` (half as much again), or ``"cut"``.
    """
    known = [int((one.sessions <= prices.sessions[t]).sum()) for one in prices.others]
    pairs = zip(prices.others, known, strict=True)
    others = tuple(poisoned(one, n - 1, kind) for one, n in pairs)
    if kind == "cut":
        return replace(prices.slice(t + 1), others=others)
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
    return other


def audit(plan: Plan) -> Iterator[Check]:
    """Yield the checks of a backtest that is planned: on its prices, inputs, network and rules."""
    fold = replace(plan.folds[0], network=_short(plan))
    fold = replace(fold, tests=fold.tests[:1])
    for name in features_of(plan.network, [plan.prices]):
        yield audit_column(f"feature {name}", plan.prices, FEATURES.get(name).compute)
    yield audit_column("volatility", plan.prices, price_volatility, kinds=("noise", "shift", "cut"))
    yield audit_validation(fold)
    yield from audit_fold(fold, plan)


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


def audit_validation(fold: Fold) -> Check:
    """Check that nothing is learned from the block that is kept for validation."""
    subject = "training windows"
    known = fold.prices.slice(int(fold.train[-1]) + fold.network.horizon + 1)
    at = len(known) - max(int(len(known) * fold.network.validation) // 2, 1)
    one = fitted_models(replace(fold, prices=known))
    for kind in ("noise", "shift"):
        other = fitted_models(replace(fold, prices=poisoned(known, at, kind)))
        name = fold.network.cell
        if _first_change(_scaler_of(one[name]), _scaler_of(other[name])) is not None:
            return Check(
                subject,
                ok=False,
                text=f"the scaler changes with prices of the validation block ({kind}): windows "
                "of both overlap, or are shuffled",
            )
    return Check(subject, ok=True, text="the scaling is learned before the validation block alone")


def audit_fold(fold: Fold, plan: Plan) -> Iterator[Check]:
    """Yield the checks of a fold: nothing it learns sees its test block, no forecast what comes."""
    test, kinds = fold.tests[0], ("noise", "shift")
    t = int(test[len(test) // 2])
    clean = _Trace(fold, plan)
    before = {kind: _Trace(_with(fold, int(test[0]) - 1, kind), plan).learned for kind in kinds}
    yield from _compared(clean.learned, before, "its test block")
    within = {kind: _Trace(_with(fold, t, kind), plan).said for kind in kinds}
    what = f"what came after {fold.prices.sessions[t]}"
    yield from _compared(clean.said, within, what, first=len(test) // 2 + 1)
    network = clean.said[f"forecasts of {fold.network.cell}"][:, 0]
    yield audit_lag(fold.network.cell, network, plan.prices.log_returns(), test)


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
    """What a fold has learned when it was asked, and what it said of its test block, by name."""

    def __init__(self, fold: Fold, plan: Plan) -> None:
        models, method = fitted_models(fold), fold.network.calibration
        said = {name: blocks[0] for name, blocks in ask(models, fold)[0].items()}
        realised = cumulative_returns(fold.prices, fold.network.horizon)[fold.tests[0]]
        laws = calibrated(said, realised, method=method)
        network = models[fold.network.cell]
        assert isinstance(network, Forecaster)
        at_open = executes_at_open(plan.prices, plan.config.execution)
        losses = [member.history.validation_loss for member in network.members]
        self.learned: dict[str, Any] = {
            "scaler": _scaler_of(network),
            "validation": np.concatenate(losses, dtype=np.float64),
            "weights": network.weights,
        }
        self.said: dict[str, Any] = {}
        for name, law in laws.items():
            self.said[f"forecasts of {name}"] = _numbers(said[name])
            if method != "none":
                self.said[f"calibrated ranges of {name}"] = _numbers(law)
            self.said[f"positions of {name}"] = positions(law, at_open=at_open, config=plan.config)


def _numbers(law: Law) -> Floats:
    """Return what stands for a law (N, H): its median and two quantiles, (N, 3 H)."""
    return np.concatenate([law.median, *(law.quantile(p) for p in LEVELS)], axis=1)


def _short(plan: Plan) -> Any:
    return replace(plan.network, epochs=min(plan.network.epochs, EPOCHS))


def _with(fold: Fold, t: int, kind: str) -> Fold:
    return replace(fold, prices=poisoned(fold.prices, t, kind))


def _scaler_of(network: Model) -> Floats:
    assert isinstance(network, Forecaster)
    assert network.scaler is not None
    return np.concatenate([network.scaler.mean, network.scaler.std])


def _compared(
    clean: dict[str, Any], others: dict[str, dict[str, Any]], what: str, first: int | None = None
) -> Iterator[Check]:
    """Yield a check of each array, or of its first rows."""
    for name, array in clean.items():
        changed = [
            kind
            for kind, other in others.items()
            if _first_change(array[:first], other[name][:first]) is not None
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
