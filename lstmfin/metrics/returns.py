"""What a strategy earned, and what it put its owner through.

Returns are simple returns per session, as fractions (0.01 is 1 %), in order of time. NaN anywhere
makes the result NaN: a missing return is not a return of zero. No returns give NaN. A loss of
100 % or more is ruin: equity is zero from there on.
"""

import numpy as np
from numpy.typing import ArrayLike

from lstmfin.metrics._arrays import Floats, aligned, floats

SESSIONS_PER_YEAR = 252  # of an exchange; crypto trades 365 days, and its figures say so


def equity_curve(returns: ArrayLike) -> Floats:
    """Return the worth of 1 after each session, compounded."""
    return np.cumprod(np.maximum(1 + floats(returns), 0.0), dtype=np.float64)


def total_return(returns: ArrayLike) -> float:
    """Return the compounded return over all sessions, as a fraction."""
    equity = equity_curve(returns)
    return float(equity[-1] - 1) if equity.size else float("nan")


def annualised_return(returns: ArrayLike, *, per_year: float = SESSIONS_PER_YEAR) -> float:
    """Return the constant yearly return that compounds to the same end, as a fraction."""
    equity = equity_curve(returns)
    return float(equity[-1] ** (per_year / equity.size) - 1) if equity.size else float("nan")


def annualised_volatility(returns: ArrayLike, *, per_year: float = SESSIONS_PER_YEAR) -> float:
    """Return the standard deviation (n - 1) of returns times the root of sessions per year."""
    r = floats(returns)
    return float(np.std(r, ddof=1) * np.sqrt(per_year)) if r.size > 1 else float("nan")


def sharpe(returns: ArrayLike, *, per_year: float = SESSIONS_PER_YEAR) -> float:
    """Return the annualised Sharpe ratio: mean over standard deviation (n - 1), times the root.

    Give returns in excess of cash where cash pays. NaN for fewer than two returns, and for returns
    that are all the same. W. F. Sharpe (1994).
    """
    r = floats(returns)
    if r.size < 2 or np.ptp(r) == 0:
        return float("nan")
    return float(np.mean(r) / np.std(r, ddof=1) * np.sqrt(per_year))


def sortino(returns: ArrayLike, *, per_year: float = SESSIONS_PER_YEAR) -> float:
    """Return the annualised Sortino ratio: mean over the root mean square of losses.

    Sessions without a loss count as losses of 0. NaN where nothing was lost. F. A. Sortino and
    R. van der Meer (1991).
    """
    r = floats(returns)
    downside = float(np.sqrt(np.mean(np.minimum(r, 0) ** 2))) if r.size else 0.0
    return float(np.mean(r) / downside * np.sqrt(per_year)) if downside else float("nan")


def calmar(returns: ArrayLike, *, per_year: float = SESSIONS_PER_YEAR) -> float:
    """Return the annualised return over the size of the deepest drawdown; NaN without one.

    T. W. Young (1991).
    """
    depth = -max_drawdown(returns)
    return annualised_return(returns, per_year=per_year) / depth if depth else float("nan")


def win_rate(returns: ArrayLike) -> float:
    """Return the share of gains among the sessions that gained or lost, as a fraction."""
    r = floats(returns)
    moved = r[r != 0]
    if not moved.size or np.isnan(moved).any():
        return float("nan")
    return float(np.mean(moved > 0))


def tail_ratio(returns: ArrayLike) -> float:
    """Return the size of the 95 % quantile over that of the 5 % quantile; NaN where that is 0."""
    r = floats(returns)
    if not r.size or np.isnan(r).any():
        return float("nan")
    low, high = np.abs(np.quantile(r, [0.05, 0.95]))
    return float(high / low) if low else float("nan")


def alpha_beta(
    returns: ArrayLike, benchmark: ArrayLike, *, per_year: float = SESSIONS_PER_YEAR
) -> tuple[float, float]:
    """Return what is earned a year beside the benchmark, and the share in the benchmark.

    They are intercept, times sessions a year, and slope of the least-squares line. NaN where the
    benchmark does not move. M. C. Jensen (1968).
    """
    r, b = aligned(returns, benchmark)
    if r.size < 2 or not np.ptp(b) > 0:
        return float("nan"), float("nan")
    centred = b - b.mean()
    beta = float(centred @ (r - r.mean()) / (centred @ centred))
    return float(np.mean(r) - beta * np.mean(b)) * per_year, beta


def underwater(equity: ArrayLike) -> Floats:
    """Return how far equity lies below its peak so far, as fractions from 0 down to -1.

    The stake of 1 before the first session counts as a peak.
    """
    worth = floats(equity)
    return worth / np.maximum.accumulate(np.maximum(worth, 1.0)) - 1


def drawdown_curve(returns: ArrayLike) -> Floats:
    """Return the drawdown after each session, as fractions from 0 down to -1."""
    return underwater(equity_curve(returns))


def max_drawdown(returns: ArrayLike) -> float:
    """Return the deepest drawdown, as a fraction: -0.25 is a quarter lost from the peak."""
    curve = drawdown_curve(returns)
    return float(curve.min()) if curve.size else float("nan")


def longest_drawdown(returns: ArrayLike) -> float:
    """Return the most sessions in a row that ended below an earlier peak."""
    curve = drawdown_curve(returns)
    if not curve.size or np.isnan(curve[-1]):
        return float("nan")
    at_peak = np.flatnonzero(np.concatenate(([True], curve >= 0, [True])))
    return float(np.diff(at_peak).max() - 1)


def turnover(position: ArrayLike, *, before: float = 0.0) -> float:
    """Return the mean of equity traded per session, as a fraction: from -1 to 1 trades 2.

    Parameters
    ----------
    position : array_like, shape (N,)
        Share of equity held in each session: 1 long, 0 out, -1 short.
    before : float, default 0.0
        Position ahead of the first session; getting in is paid for too.
    """
    held = floats(position)
    return float(np.abs(np.diff(held, prepend=before)).mean()) if held.size else float("nan")


def break_even_bps(position: ArrayLike, returns: ArrayLike, *, before: float = 0.0) -> float:
    """Return the cost of a turn at which nothing is earned, in basis points of the amount.

    Below 0 where it loses without costs; NaN where nothing is ever turned over.
    """
    held, r = aligned(position, returns)
    turned = float(np.abs(np.diff(held, prepend=before)).sum()) if held.size else 0.0
    return float(held @ r) / turned * 1e4 if turned else float("nan")


def profit_factor(returns: ArrayLike) -> float:
    """Return the sum of gains over the sum of losses.

    Infinite with gains only, NaN with neither.
    """
    r = floats(returns)
    gains, losses = np.maximum(r, 0).sum(), -np.minimum(r, 0).sum()
    if losses == 0:
        return float("inf") if gains > 0 else float("nan")
    return float(gains / losses)
