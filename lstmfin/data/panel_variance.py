"""What the other series of a panel tell of one: how far they moved, against what is usual of each.

n sessions. When much moves, all of it tends to: the variances of stocks, currencies and bonds have
most of their changes in common (Bollerslev, Hood, Huss and Pedersen 2018, "Risk everywhere:
Modeling and managing volatility"). Of closes alone one squared return says next to nothing of its
variance, and those of twenty series together a good deal.
"""

import contextlib
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
of, or a peg let go, would otherwise speak for all. Anything from 4 to 20 does as well."""

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

    .. math:: \log \sigma_t^2 + \log \frac1w \sum_{s=t-w+1}^t m_s^2

    with the trailing volatility σ and the moves m of the panel (``panel_moves``): the trailing
    variance where the others moved by one volatility each. The mean square of a mean of sizes
    hangs on how many they are and how they are distributed, so its level is for a regression to
    learn. A session at which nothing new was known of any counts as no session, and w without any
    as moves of one volatility.
    """
    moves = pd.Series(panel_moves(prices) ** 2).rolling(n_sessions, min_periods=1).mean()
    usual = moves.clip(lower=FLOOR).fillna(1.0).to_numpy(dtype=np.float64)
    return np.asarray(2 * np.log(price_volatility(prices)) + np.log(usual))


def panel_moves(prices: Prices) -> Floats:
    """Return the mean size of the others' moves at each session, float64 (n,).

    Each is the root of a session's variance over the volatility that trailed the session before,
    ten at most: one wild series does not speak for all. Of each series it is the mean over the
    sessions that have become known since the row before; NaN where there are none of any series.
    """
    if prices not in _OF_PANEL:
        moves = _OF_PANEL[prices] = _panel_moves(prices)
        moves.setflags(write=False)
    return _OF_PANEL[prices]


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

    A move is the root of a session's variance over the volatility before it. Prices that cannot be
    measured, as of a series that never moved, tell nothing; nor does one of zero or less, and what
    follows it.
    """
    if prices not in _MOVES:
        moves = np.full(len(prices), np.nan)
        fell = prices.column("adj_close") <= 0
        known = prices.slice(int(np.argmax(fell))) if fell.any() else prices
        with contextlib.suppress(DataError):
            volatility = np.r_[np.nan, price_volatility(known)[:-1]]
            size = np.sqrt(realised_variance(known)) / volatility
            moves[: len(known)] = np.minimum(size, LARGEST_MOVE)
        so_far = np.r_[0.0, np.cumsum(np.nan_to_num(moves))]
        _MOVES[prices] = so_far, np.r_[0, np.cumsum(np.isfinite(moves))]
    return _MOVES[prices]
