"""What the other series of a panel tell of one: how far they moved, against what is usual of each.

n sessions. When much moves, all of it tends to: the variances of stocks, currencies and bonds have
most of their changes in common (Bollerslev, Hood, Huss and Pedersen 2018, "Risk everywhere:
Modeling and managing volatility"). Of closes alone one squared return says next to nothing of its
variance, and those of twenty series together a good deal.
"""

import contextlib
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from lstmfin.data.closes import Indices, last_known
from lstmfin.data.feature import Feature, Floats, Scaling
from lstmfin.data.prices import Prices
from lstmfin.data.variance import FLOOR, realised_variance
from lstmfin.data.volatility import price_volatility
from lstmfin.errors import DataError

LARGEST_MOVE = 10.0
"""Units of its own volatility that a move of another is taken for at most: a split that nobody told
of, or a peg let go, would otherwise speak for all of eight or twenty. Of two, one still does."""

UNKNOWN = 2 / np.pi
"""The square of the mean size of a normal move of one volatility."""

_MOVES: WeakKeyDictionary[Prices, tuple[Floats, Indices]] = WeakKeyDictionary()
_OF_PANEL: WeakKeyDictionary[Prices, Floats] = WeakKeyDictionary()
"""What was computed of prices, as long as they are there: all that see a panel ask the same."""


def panel_variance(n_sessions: int) -> Feature:
    """Return the feature of the log variance, had the series moved as its panel did.

    It is one of closes alone: by a range a series' own variance is measured well enough.
    """
    return Feature(
        help=f"log variance, had it moved as the rest of the panel in {n_sessions} sessions",
        scaling=Scaling.LOG_VARIANCE,
        carried_by=lambda prices: bool(prices.panel) and not prices.has_range,
        compute=lambda prices: log_panel_variance(prices, n_sessions),
        of_panel=True,
    )


def log_panel_variance(prices: Prices, n_sessions: int) -> Floats:
    r"""Return the log variance of each session if it had moved as the others did, float64 (n,).

    .. math:: \log \sigma_t^2 + \log \frac1w \sum_s m_s^2

    with the trailing volatility σ and the moves m of the panel (``panel_moves``) at the last w
    sessions at which anything new was known, t among them or not: the trailing variance where the
    others moved by one volatility each. The mean square of a mean of sizes hangs on how many they
    are and how they are distributed, so its level is for a regression to learn; before anything is
    known it is that of normal moves.
    """
    squares = pd.Series(panel_moves(prices) ** 2)
    known = squares.dropna().rolling(n_sessions, min_periods=1).mean()
    mean = known.reindex(squares.index).ffill().fillna(UNKNOWN).clip(lower=FLOOR)
    return np.asarray(2 * np.log(price_volatility(prices)) + np.log(mean.to_numpy(np.float64)))


def panel_moves(prices: Prices) -> Floats:
    """Return the mean size of the others' moves at each session, float64 (n,).

    Each is the size of a session's return over the volatility that trailed the session before, ten
    at most. Of each series it is the mean over the sessions that have become known since the row
    before; NaN where there are none of any series.
    """
    if prices not in _OF_PANEL:
        moves = _OF_PANEL[prices] = _panel_moves(prices)
        moves.setflags(write=False)
    return _OF_PANEL[prices]


def last_move(prices: Prices, other: Prices) -> int:
    """Return the position of another's last move known at the last session of a series, or -1.

    A price that stands still is no move, be the market calm or the feed dead.
    """
    if not len(other):
        return -1
    is_measured = np.diff(_moves(other)[1]) > 0
    has_moved = np.diff(other.column("adj_close"), prepend=np.nan) != 0
    known = np.flatnonzero(is_measured & has_moved)
    n_known = np.searchsorted(known, last_known(prices, other)[-1], side="right")
    return int(known[n_known - 1]) if n_known else -1


def _panel_moves(prices: Prices) -> Floats:
    total, count = np.zeros(len(prices)), np.zeros(len(prices))
    for other in prices.panel:
        known = last_known(prices, other) + 1
        so_far, n_so_far = (sums[known] for sums in _moves(other))
        n_new = np.diff(n_so_far, prepend=n_so_far[:1])
        total += np.diff(so_far, prepend=so_far[:1]) / np.maximum(n_new, 1)
        count += n_new > 0
    mean: Floats = np.divide(total, count, out=np.full(len(prices), np.nan), where=count > 0)
    return mean


def _moves(prices: Prices) -> tuple[Floats, Indices]:
    """Return the sum of all moves before each session, and how many there were, both (n + 1,).

    A move is the root of a session's squared return over the volatility before it, of closes alone
    whatever bars there are. Prices that cannot be measured, as of a series that never moved, tell
    nothing; after one of zero or less all begins anew.
    """
    if prices not in _MOVES:
        moves = np.full(len(prices), np.nan)
        fell = np.flatnonzero(prices.column("adj_close") <= 0)
        for begin, end in zip((0, *(fell + 1)), (*fell, len(prices)), strict=True):
            with contextlib.suppress(DataError):
                part = replace(prices, bars=prices.bars.iloc[begin:end]) if len(fell) else prices
                volatility = np.r_[np.nan, price_volatility(part)[:-1]]
                size = np.sqrt(realised_variance(part, "close")) / volatility
                moves[begin:end] = np.minimum(size, LARGEST_MOVE)
        so_far = np.r_[0.0, np.cumsum(np.nan_to_num(moves))]
        _MOVES[prices] = so_far, np.r_[0, np.cumsum(np.isfinite(moves))]
    return _MOVES[prices]
