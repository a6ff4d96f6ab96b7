"""Gates between a source and the store: what is implausible waits in quarantine.

``Prices`` refuses what cannot be. What can be and hardly is (a day at a hundred times the price, a
fall by half that nothing explains) is kept out here as long as nothing confirms it, so that one bad
answer does not become history. Only what is new or changed is judged: nobody need accept twice.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmfin.data.faults import Doubt
from lstmfin.data.prices import Floats, Prices

UNIT = (89.0, 111.0)
"""A price that is so many times its neighbour is one in cents, not in the unit."""

LEAST_JUMP = 0.5
"""Absolute log return of a day below which nothing is doubted."""

SIGMAS = 10.0
"""Jumps are doubted beyond so many of the series' own standard deviations, too."""

RECENT = 60
"""Sessions in which a price that jumps and comes back is taken for a wrong one."""

STILL = 10
"""Sessions without any change of the price at the end of a series that are told."""

REMAINDER = 0.3
"""Share of a jump that may be left after the session when it was no more than a spike."""

MAD_TO_SIGMA = 1.4826
SAME_RETURN = 1e-4


def find_doubts(prices: Prices, stored: Prices | None) -> list[Doubt]:
    """Return why prices should not be stored, nothing when they may.

    Parameters
    ----------
    prices : Prices
        What a source sent.
    stored : Prices or None
        The stored series; what is in it already is not judged again.
    """
    return [*_gates(prices, stored)]


def review(prices: Prices) -> list[Doubt]:
    """Return what is remarkable in a whole series, old or new."""
    moves = _log_returns(prices)
    large = np.abs(moves) > _limit(moves)
    doubts = [
        Doubt("unit" if _is_unit(moves[at]) else "jump", _day(prices, at), _told(prices, at))
        for at in np.flatnonzero(large).tolist()
    ]
    doubts += _positive(prices, np.ones(len(prices), dtype=bool))
    doubts += _stands_still(prices)
    repeats = _repeats(prices)
    doubts += [
        Doubt("stale", _day(prices, at), "every price and the volume are those of the day before")
        for at in np.flatnonzero(repeats).tolist()
    ]
    return sorted(doubts, key=lambda doubt: doubt.session)


def _gates(prices: Prices, stored: Prices | None) -> Iterator[Doubt]:
    if stored is not None:
        yield from _currency(prices, stored)
    moves = _log_returns(prices)
    judged = _is_news(prices, moves, stored)
    yield from _positive(prices, judged)
    n = len(prices)
    for at in np.flatnonzero(judged & (np.abs(moves) > _limit(moves))).tolist():
        if _is_unit(moves[at]) or _is_unconfirmed(moves, at, n):
            gate = "unit" if _is_unit(moves[at]) else "jump"
            yield Doubt(gate, _day(prices, at), _told(prices, at))
    if judged[-1] and _repeats(prices)[-1]:
        text = "every price and the volume are those of the day before"
        yield Doubt("stale", _day(prices, n - 1), text)


def _positive(prices: Prices, judged: NDArray[np.bool_]) -> Iterator[Doubt]:
    for name in ("close", "adj_close"):
        found = np.flatnonzero(judged & (prices.column(name) <= 0)).tolist()
        if found:
            more = f", nor are {len(found) - 1} later ones" if len(found) > 1 else ""
            text = f"{name} {prices.column(name)[found[0]]:g} is not above zero{more}"
            yield Doubt("positive", _day(prices, found[0]), text)
            return


def _stands_still(prices: Prices) -> Iterator[Doubt]:
    """Yield the last session of a series whose price has not changed for long."""
    changed = np.flatnonzero(np.diff(prices.column("close")))
    n = len(prices) - 1 - (int(changed[-1]) + 1 if len(changed) else 0)
    if n >= STILL:
        text = f"the price has not changed for {n} sessions"
        yield Doubt("still", _day(prices, len(prices) - 1), text)


def _currency(prices: Prices, stored: Prices) -> Iterator[Doubt]:
    if prices.currency and stored.currency and prices.currency != stored.currency:
        text = f"the currency is {prices.currency}, and was {stored.currency}"
        yield Doubt("currency", _day(prices, len(prices) - 1), text)


def _log_returns(prices: Prices) -> Floats:
    """Return log returns of adjusted closes, which splits leave alone; 0 where there is none."""
    adjusted = prices.column("adj_close")
    logs = np.log(np.where(adjusted > 0, adjusted, np.nan))
    return np.nan_to_num(np.diff(logs, prepend=np.nan))


def _limit(moves: Floats) -> float:
    spread = MAD_TO_SIGMA * float(np.median(np.abs(moves[moves != 0]))) if moves.any() else 0.0
    return max(LEAST_JUMP, SIGMAS * spread)


def _is_unit(move: float) -> bool:
    return bool(np.log(UNIT[0]) <= abs(move) <= np.log(UNIT[1]))


def _is_unconfirmed(moves: Floats, at: int, n: int) -> bool:
    """Whether no later session shows the new level: there is none, or the price came back."""
    if at == n - 1:
        return True
    came_back = abs(moves[at] + moves[at + 1]) < REMAINDER * abs(moves[at])
    return came_back and at >= n - RECENT


def _is_news(prices: Prices, moves: Floats, stored: Prices | None) -> NDArray[np.bool_]:
    """Return which sessions are not stored, or are with another return."""
    if stored is None:
        return np.ones(len(prices), dtype=bool)
    before = pd.Series(_log_returns(stored), index=stored.bars.index).reindex(prices.bars.index)
    known = before.notna().to_numpy()
    same = np.abs(before.fillna(0.0).to_numpy() - moves) <= SAME_RETURN
    same[0] |= known[0]  # the first has no return of its own
    return ~(known & same)


def _repeats(prices: Prices) -> NDArray[np.bool_]:
    """Return which bars are copies of the one before; never where there is no range or volume."""
    repeated = np.zeros(len(prices), dtype=bool)
    if prices.has_range:
        columns = [prices.column(name) for name in ("open", "high", "low", "close", "volume")]
        alike = np.all([column[1:] == column[:-1] for column in columns], axis=0)
        repeated[1:] = alike & (columns[1] > columns[2])[1:] & (columns[4] > 0)[1:]
    return repeated


def _day(prices: Prices, at: int) -> str:
    return str(prices.sessions[at])


def _told(prices: Prices, at: int) -> str:
    adjusted = prices.column("adj_close")
    times = adjusted[at] / adjusted[at - 1]
    unit = "; is it in another unit?" if _is_unit(float(np.log(times))) else ""
    return (
        f"the price is {times:.4g} times that of the session before, and no split in the adjusted "
        f"prices explains it{unit}"
    )
