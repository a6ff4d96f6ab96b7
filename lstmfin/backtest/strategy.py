"""From forecasts to money: positions, when they are taken, and what that costs.

n sessions in the prices, N origins.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmfin.config import BacktestConfig
from lstmfin.data.prices import Prices
from lstmfin.errors import DataError
from lstmfin.metrics.law import Law
from lstmfin.metrics.returns import SESSIONS_PER_YEAR
from lstmfin.models.model import Indices

Floats = NDArray[np.float64]

SESSIONS_TO_EXIT = 2
"""From an origin: the position is taken in the next session and given up in the one after."""


ENOUGH_TO_TELL = 50
STALE_OPENS = 0.2
"""Share of opens equal to the close before from which they are no prices that anyone traded at."""


def trades_at_open(prices: Prices) -> bool:
    """Tell whether positions can be taken at the open: there is one, and it is one of its own.

    Of some indices the open is published as the close of the day before. To trade at such an open
    would be to trade at the price the forecast was made from.
    """
    if not prices.has_range:
        return False
    if len(prices) < ENOUGH_TO_TELL:
        return True
    stale = prices.column("open")[1:] == prices.column("close")[:-1]
    return bool(stale.mean() < STALE_OPENS)


FULL_AT = 0.1
"""Median as a share of its spread at which a proportional position is full: a daily Sharpe ratio of
1.6 a year, more than which no forecast of a day should be trusted with."""

SIGMA = 0.841344746068543
"""Level one standard deviation above the median of a normal law."""


def positions(law: Law, *, at_open: bool, config: BacktestConfig) -> Floats:
    """Return positions (N,) from laws (N, H), as shares of equity: by the return that will be held.

    Traded at the open of the next session, a position earns most of that session's return, and the
    forecast of it decides. Traded at its close, it earns that of the session after, whose forecast
    is that for two sessions less that for one. A lag moves both on. A law that ends before knows
    nothing of it, and its last session is used late.

    Parameters
    ----------
    at_open : bool
        Whether positions are taken at the open.
    config : BacktestConfig
        ``strategy``, and with it ``dead_band``, ``cap``, ``target_volatility``,
        ``kelly_fraction``, ``long_only`` and ``lag``.

    Notes
    -----
    With the median m and the spread s, half the distance between the quantiles of one standard
    deviation to both sides: *sign* holds the cap on the side of m; *proportional* m / s over 0.1 of
    it, *volatility* the side times the target over s, *kelly* the fraction of m / s², each no
    further than the cap. J. L. Kelly (1956).
    """
    median, spread = _held(law, config.lag + (not at_open)), _spread(law)
    side = np.where(np.abs(median) > config.dead_band * spread, np.sign(median), 0.0)
    size = _sizes(np.abs(median), spread, config)[config.strategy]
    held = side * np.minimum(size, config.cap)
    return np.asarray(np.maximum(held, 0.0) if config.long_only else held) + 0.0  # no -0.0


def views_of(law: Law, at_open: bool, config: BacktestConfig) -> tuple[Floats, Floats]:  # noqa: FBT001 - as it is stored
    """Return the median return that will be held as a share of its spread, and the spread, (N,)."""
    median, spread = _held(law, config.lag + (not at_open)), _spread(law)
    return np.asarray(median / spread), spread


def _sizes(median: Floats, spread: Floats, config: BacktestConfig) -> dict[str, Floats]:
    """Return the size (N,) of a position by each rule, before the cap."""
    return {
        "sign": np.full_like(spread, config.cap),
        "proportional": config.cap * median / spread / FULL_AT,
        "volatility": config.target_volatility / np.sqrt(SESSIONS_PER_YEAR) / spread,
        "kelly": config.kelly_fraction * median / spread**2,
    }


def _held(law: Law, ahead: int) -> Floats:
    """Return the median return (N,) of the session so many after the next, or of the last known."""
    median = law.median
    at = min(ahead, law.shape[1] - 1)
    return np.asarray(median[:, at] - median[:, at - 1] if at else median[:, 0])


def _spread(law: Law) -> Floats:
    """Return the spread (N,) of a session's return."""
    first = law[:, 0]
    return np.asarray(first.quantile(SIGMA) - first.quantile(1 - SIGMA)) / 2


def holding_returns(prices: Prices, origins: Indices, *, at_open: bool, lag: int = 0) -> Floats:
    """Return the simple return (N,) of holding from the next session to the one after.

    A forecast made from a close cannot be traded at that close. It is traded in the next session,
    at the open or at the close, or so many sessions later, and held until the same moment of the
    session after. Prices are adjusted, so that splits and dividends are in the returns.
    """
    traded = prices.adjusted("open") if at_open else prices.column("adj_close")
    return np.asarray(traded[origins + lag + SESSIONS_TO_EXIT] / traded[origins + lag + 1] - 1)


def executes_at_open(prices: Prices, execution: str) -> bool:
    """Return whether positions are taken at the open: if asked for, or if it can be.

    Raises
    ------
    DataError
        When it is asked for, and the opens are no prices of their own.
    """
    if execution == "open" and not trades_at_open(prices):
        raise DataError(
            f"{prices.symbol} has no opens of its own (none at all, or those of the close before), "
            "so that --execution open would trade at the price the forecast was made from; choose "
            "close"
        )
    return execution != "close" and trades_at_open(prices)


@dataclass(frozen=True, eq=False)
class Costs:
    """What trading costs.

    Parameters
    ----------
    turn_bps : float
        Commission and half the spread, in basis points of the amount turned over.
    borrow_bps : float
        Of what is sold short, a year.
    impact : ndarray (N,) or float
        Share of the amount that is lost on turning over all equity once; it grows with the root of
        what is turned over.
    """

    turn_bps: float = 0.0
    borrow_bps: float = 0.0
    impact: Floats | float = 0.0


def costs_of(prices: Prices, origins: Indices, config: BacktestConfig) -> Costs:
    """Return the costs of trading after each origin.

    Slippage is ``impact_bps`` where a whole day's volume is traded, and falls with the root of the
    share of it: R. Almgren, C. Thum, E. Hauptmann and H. Li (2005). The volume is that of the
    origin, the last one known.

    Raises
    ------
    DataError
        When slippage is asked for and the prices have no volume.
    """
    impact: Floats | float = 0.0
    if config.impact_bps > 0:
        traded = (prices.column("close") * prices.column("volume"))[origins]
        if not (traded > 0).any():
            raise DataError(
                f"{prices.symbol} has no volume, which --impact-bps needs; choose 0, or a source "
                "that has it"
            )
        share = config.capital / np.where(traded > 0, traded, np.nanmin(traded[traded > 0]))
        impact = config.impact_bps * 1e-4 * np.sqrt(share)
    return Costs(config.cost_bps + config.spread_bps / 2, config.borrow_bps, impact)


def net_returns(held: Floats, returns: Floats, costs: Costs) -> Floats:
    """Return what positions (N,) earn on returns (N,) after costs, as fractions.

    From long 1 to short 1 is an amount of 2. The first position is bought from nothing.
    """
    turned = np.abs(np.diff(held, prepend=0.0))
    paid = turned * costs.turn_bps * 1e-4 + costs.impact * turned**1.5
    borrowed = np.maximum(-held, 0.0) * costs.borrow_bps * 1e-4 / SESSIONS_PER_YEAR
    return np.asarray(held * returns - paid - borrowed)
