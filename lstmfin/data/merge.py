"""How prices differ from what is stored of them, and how the difference is written."""

import math
import sqlite3
from typing import Any

from lstmfin.data.faults import VALUE_COLUMNS
from lstmfin.data.prices import Prices

SAME = 1e-6
"""Relative difference up to which two values are one: single precision rounds by 6e-8."""

Value = float | None
Change = tuple[str, str, Value, Value]  # session, field, old, new


class Merge:
    """Rows to write, and values that are written over.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    prices : Prices
        What a source has now.
    seen_at : str
        When that is.
    """

    def __init__(self, connection: sqlite3.Connection, prices: Prices, seen_at: str) -> None:
        self.bars: list[tuple[Any, ...]] = []  # session, seen_at, final, values
        self.revisions: list[Change] = []
        self.actions: list[Change] = []
        self.n_new = 0
        sessions = prices.sessions.astype(str).tolist()
        stored = {
            row[0]: row[1:]
            for row in connection.execute(
                "SELECT session, seen_at, final, open, high, low, close, adj_close, volume"
                " FROM bars WHERE symbol = ? AND session >= ?",
                (prices.symbol, sessions[0]),
            )
        }
        known = connection.execute("SELECT 1 FROM bars WHERE symbol = ? LIMIT 1", (prices.symbol,))
        self.is_first = known.fetchone() is None
        among = set(sessions)
        self.vanished = [  # bars of unfinished sessions that the source no longer has
            session
            for session, (_, was_final, *_) in stored.items()
            if not was_final and sessions[0] <= session <= sessions[-1] and session not in among
        ]
        final = prices.bars["final"].tolist()
        values = [prices.column(name).tolist() for name in VALUE_COLUMNS]
        for session, is_final, row in zip(sessions, final, zip(*values, strict=True), strict=True):
            bar = [None if math.isnan(value) else value for value in row]
            self._merge_bar(stored.get(session), session, bar, is_final=is_final, seen_at=seen_at)
        self._merge_actions(connection, prices, sessions[0], sessions[-1])

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.bars or self.vanished or self.actions)

    def _merge_bar(
        self,
        stored: tuple[Any, ...] | None,
        session: str,
        bar: list[Value],
        *,
        is_final: bool,
        seen_at: str,
    ) -> None:
        if stored is None:
            self.n_new += 1
            self.bars.append((session, seen_at, is_final, *bar))
            return
        first_seen, was_final, *before = stored
        changed = [at for at, value in enumerate(bar) if not _is_same(before[at], value)]
        if not was_final and (changed or is_final):
            self.bars.append((session, seen_at, is_final, *bar))
        elif was_final and is_final and changed:
            for at in changed:
                self.revisions.append((session, VALUE_COLUMNS[at], before[at], bar[at]))
                before[at] = bar[at]
            self.bars.append((session, first_seen, True, *before))

    def _merge_actions(
        self, connection: sqlite3.Connection, prices: Prices, first: str, last: str
    ) -> None:
        """Note actions that came, changed, or are gone from the sessions that the source sent."""
        stored: dict[tuple[str, str], float] = {
            (session, kind): value
            for session, kind, value in connection.execute(
                "SELECT session, kind, value FROM actions WHERE symbol = ? AND session >= ?",
                (prices.symbol, first),
            )
        }
        sent = {
            (f"{session:%Y-%m-%d}", kind): value
            for session, kind, value in prices.actions.itertuples(index=False)
        }
        for key in sorted(stored.keys() | sent.keys()):
            old, new = stored.get(key), sent.get(key)
            if new is None and key[0] > last:
                continue  # announced, and its day has not come
            if not _is_same(old, new):
                self.actions.append((*key, old, new))


def _is_same(old: Value, new: Value) -> bool:
    if old is None or new is None:
        return old is new
    return abs(old - new) <= SAME * max(abs(old), abs(new))


def write(connection: sqlite3.Connection, prices: Prices, merge: Merge, seen_at: str) -> None:
    """Write a merge inside a transaction."""
    symbol = prices.symbol
    connection.execute(
        "INSERT INTO series VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET source ="
        " excluded.source, currency = excluded.currency, timezone = excluded.timezone,"
        " label = excluded.label, fetched_at = excluded.fetched_at",
        (symbol, prices.source, prices.currency, prices.timezone, prices.label, seen_at),
    )
    connection.executemany(
        "REPLACE INTO bars (symbol, session, seen_at, final,"
        " open, high, low, close, adj_close, volume) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((symbol, *bar) for bar in merge.bars),
    )
    connection.executemany(
        "DELETE FROM bars WHERE symbol = ? AND session = ?",
        ((symbol, session) for session in merge.vanished),
    )
    # Actions of the first fetch were known from the start; they change nothing that was seen.
    changes = merge.revisions + ([] if merge.is_first else merge.actions)
    connection.executemany(
        "INSERT INTO revisions (symbol, session, field, old, new, seen_at)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET new = excluded.new",
        ((symbol, *change, seen_at) for change in changes),
    )
    connection.executemany(
        "DELETE FROM actions WHERE symbol = ? AND session = ? AND kind = ?",
        ((symbol, session, kind) for session, kind, *_ in merge.actions),
    )
    connection.executemany(
        "INSERT INTO actions VALUES (?, ?, ?, ?)",
        ((symbol, *key, new) for *key, _, new in merge.actions if new is not None),
    )
