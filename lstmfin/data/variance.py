"""How much a session moved: daily variances from its open, high, low and close.

n sessions. All are variances of the log return from the close before to the session's own, as
squared fractions: what the range says of the session, and the night's gap squared where there is an
open. Published estimators are of the session alone; a forecast of tomorrow's close needs both.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmfin.data.prices import Prices
from lstmfin.errors import DataError

FLOOR = 1e-3
"""Least share of the mean variance of all sessions so far. A session without any move is one whose
move was below the tick, not one without variance: zero has no logarithm and no QLIKE."""

YANG_ZHANG_WINDOW = 22
"""Sessions that the Yang-Zhang estimator takes together, if not told otherwise: a month."""

Floats = NDArray[np.float64]


class LogBars(NamedTuple):
    """Logarithms of prices, each (n,), and the night's move from the close before, adjusted."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    gap: Floats


def parkinson(b: LogBars) -> Floats:
    """Return (H - L)² / (4 log 2): Parkinson (1980), eq. 4; a walk without drift, no open."""
    return np.asarray((b.high - b.low) ** 2 / (4 * np.log(2)))


def garman_klass(b: LogBars) -> Floats:
    """Return ½ (H - L)² - (2 log 2 - 1) (C - O)²: Garman & Klass (1980), eq. 20."""
    return np.asarray(0.5 * (b.high - b.low) ** 2 - (2 * np.log(2) - 1) * (b.close - b.open) ** 2)


def rogers_satchell(b: LogBars) -> Floats:
    """Return (H - C)(H - O) + (L - C)(L - O): Rogers & Satchell (1991); right under any drift."""
    return np.asarray((b.high - b.close) * (b.high - b.open) + (b.low - b.close) * (b.low - b.open))


def yang_zhang_session(b: LogBars) -> Floats:
    """Return what one session adds to the Yang-Zhang variance where the drift is zero."""
    k = _yang_zhang_share(YANG_ZHANG_WINDOW)
    return np.asarray(k * (b.close - b.open) ** 2 + (1 - k) * rogers_satchell(b))


ESTIMATORS: dict[str, Callable[[LogBars], Floats] | None] = {
    "close": None,
    "parkinson": parkinson,
    "garman-klass": garman_klass,
    "rogers-satchell": rogers_satchell,
    "yang-zhang": yang_zhang_session,
}
"""By name; ``close`` squares returns and needs no range."""


def realised_variance(prices: Prices, estimator: str = "auto") -> Floats:
    """Return the variance of each session, by what its bar says of it.

    Parameters
    ----------
    prices : Prices
        n sessions; splits and dividends are no moves.
    estimator : str
        ``close``, the squared log return; or the night's gap squared plus ``parkinson``,
        ``garman-klass``, ``rogers-satchell`` or ``yang-zhang`` (its zero-drift share of a session;
        see ``yang_zhang`` for the whole). ``auto`` is garman-klass where there is a range, else
        close.

    Returns
    -------
    ndarray, float64 (n,)
        Squared fractions, each known at its session's close; never below a thousandth of the mean
        of all so far. NaN for the first session, which has no close before it, and as long as
        nothing moved.

    Raises
    ------
    DataError
        When the prices have no range and the estimator needs one, or a price is not above zero.
    """
    estimator = resolve(prices, estimator)
    of_session = ESTIMATORS[estimator]
    if of_session is None:
        return floored(prices.log_returns() ** 2)
    bars = log_bars(prices)
    return floored(bars.gap**2 + np.maximum(of_session(bars), 0))  # a rounded bar may be below 0


def resolve(prices: Prices, estimator: str) -> str:
    """Return the estimator that ``auto`` is for these prices, or refuse one they cannot carry."""
    if estimator == "auto":
        return "garman-klass" if prices.has_range else "close"
    if ESTIMATORS[estimator] is not None and not prices.has_range:
        raise DataError(
            f"{prices.symbol} has no open, high and low, and the variance '{estimator}' needs "
            "them; choose --variance close (squared returns) or auto"
        )
    return estimator


def yang_zhang(prices: Prices, window: int = YANG_ZHANG_WINDOW) -> Floats:
    """Return the variance of a session by the last ``window`` of them: Yang & Zhang (2000), eq. 7.

    Equation::

        σ² = σ_gap² + k σ_day² + (1 - k) σ_rs²,   k = 0.34 / (1.34 + (w + 1) / (w - 1))

    with the sample variances of gaps and of moves from open to close, and the mean of Rogers and
    Satchell's; right under any drift and with gaps.

    Parameters
    ----------
    window : int
        Sessions w that are taken together, 2 or more; half of them are enough at the start.

    Returns
    -------
    ndarray, float64 (n,)
        As ``realised_variance`` returns it.
    """
    bars = log_bars(prices)
    least = max(2, window // 2)
    gap, day, session = (
        pd.Series(one).rolling(window, min_periods=least)
        for one in (bars.gap, bars.close - bars.open, rogers_satchell(bars))
    )
    k = _yang_zhang_share(window)
    variance = gap.var(ddof=1) + k * day.var(ddof=1) + (1 - k) * session.mean()
    return floored(np.maximum(variance.to_numpy(dtype=np.float64), 0))


def log_bars(prices: Prices) -> LogBars:
    """Return the logarithms of the bars; refuse those without a range or not above zero.

    Within a session an adjustment cancels out; the night's move is what is left of the return.
    """
    if not prices.has_range:
        raise DataError(f"{prices.symbol} has no open, high and low; a range needs them")
    low = prices.column("low")
    lowest = np.minimum(low, prices.column("open"))
    if (lowest <= 0).any():
        at = int(np.argmax(lowest <= 0))
        raise DataError(
            f"{prices.symbol}: the low of {prices.sessions[at]} is {lowest[at]:g}, and a range "
            "needs prices above zero; fetch a range without it (--start, --end)"
        )
    returns = prices.log_returns()
    open_, high, low, close = (
        np.log(prices.column(name)) for name in ("open", "high", "low", "close")
    )
    return LogBars(open_, high, low, close, gap=returns - (close - open_))


def floored(variance: Floats) -> Floats:
    """Return variances of which none is below ``FLOOR`` of the mean so far; NaN while that is 0."""
    known = np.isfinite(variance)
    n_known = np.maximum(np.cumsum(known), 1)
    so_far = np.cumsum(np.where(known, variance, 0.0)) / n_known
    result: Floats = np.maximum(variance, FLOOR * so_far)
    result[~known | (so_far == 0)] = np.nan
    return result


def mean_variance_ahead(variance: Floats, horizon: int) -> Floats:
    """Return the mean daily variance of the next h = 1..H sessions, (n, H); NaN where unknown."""
    n = len(variance)
    total = np.full(n + horizon, np.nan)
    total[:n] = np.cumsum(np.nan_to_num(variance))
    first = int(np.argmax(np.isfinite(variance)))  # known from then on
    total[: max(first - 1, 0)] = np.nan
    ahead = np.lib.stride_tricks.sliding_window_view(total[1:], horizon)  # (n, H)
    return np.asarray((ahead - total[:n, None]) / np.arange(1, horizon + 1))


def lagged_log_variance(prices: Prices, n_sessions: int) -> Floats:
    """Return the log variance of each session and those before it, as far as there are any, (n,).

    Where bars have a range it is the mean of the log variances (Corsi 2009, eq. 8, in logs): one
    wild session does not stand for a month. A squared return is a poor witness, and its log mostly
    noise: of closes alone it is the log of the mean.
    """
    variance = realised_variance(prices)
    base = pd.Series(np.log(variance) if prices.has_range else variance)
    mean = base.rolling(n_sessions, min_periods=1).mean().to_numpy(dtype=np.float64)
    return np.asarray(mean if prices.has_range else np.log(mean))


def _yang_zhang_share(window: int) -> float:
    return 0.34 / (1.34 + (window + 1) / (window - 1))
