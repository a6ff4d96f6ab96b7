"""The store of a workspace: every series that was fetched, and every value changed later."""

import datetime as dt
import math
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lstmfin.data.faults import VALUE_COLUMNS
from lstmfin.data.prices import Prices, make_actions, make_bars
from lstmfin.data.sqlite import connect, transaction, translated
from lstmfin.data.symbols import near_symbol
from lstmfin.errors import DataError
from lstmfin.workspace import make_folder

SAME = 1e-6
"""Relative difference up to which two values are one: single precision rounds by 6e-8."""

Revision = tuple[str, str, str, float | None, float | None]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Update:
    """What an update did: sessions that are new, and stored ones whose values changed."""

    n_new: int
    n_changed: int
    first: dt.date
    last: dt.date


@dataclass(frozen=True)
class SeriesInfo:
    """What the store knows of a series without reading its bars.

    ``fetched_at`` is when the last change came; a fetch with nothing new writes nothing.
    """

    symbol: str
    source: str
    currency: str
    timezone: str
    label: str
    fetched_at: dt.datetime
    first: dt.date
    last: dt.date
    n_sessions: int
    n_revisions: int


class Store:
    """Prices in one SQLite file.

    A file that is not there reads as an empty store, and is made by the first write.

    Parameters
    ----------
    path : Path or str
        The file, ``lstmfin.db`` of a workspace.

    Raises
    ------
    DataError
        From any method: the file is no store, or of a newer version.
    WriteError
        When it cannot be written.
    TryLaterError
        When another process holds it for more than 30 seconds.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; the next call opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols of all series, sorted."""
        return tuple(row[0] for row in self._read("SELECT symbol FROM series ORDER BY symbol"))

    def __contains__(self, symbol: str) -> bool:
        return bool(self._read("SELECT 1 FROM series WHERE symbol = ?", symbol))

    def info(self, symbol: str) -> SeriesInfo:
        """Return what is known of a series; DataError when there is none."""
        rows = self._read(
            "SELECT symbol, source, currency, timezone, label, fetched_at,"
            " (SELECT min(session) FROM bars WHERE bars.symbol = series.symbol),"
            " (SELECT max(session) FROM bars WHERE bars.symbol = series.symbol),"
            " (SELECT count(*) FROM bars WHERE bars.symbol = series.symbol),"
            " (SELECT count(*) FROM revisions WHERE revisions.symbol = series.symbol)"
            " FROM series WHERE symbol = ?",
            symbol,
        )
        if not rows:
            raise self._missing(symbol)
        row = rows[0]
        return SeriesInfo(
            symbol=row[0],
            source=row[1],
            currency=row[2],
            timezone=row[3],
            label=row[4],
            fetched_at=dt.datetime.fromisoformat(row[5]),
            first=dt.date.fromisoformat(row[6]),
            last=dt.date.fromisoformat(row[7]),
            n_sessions=row[8],
            n_revisions=row[9],
        )

    def prices(self, symbol: str, *, as_of: dt.datetime | None = None) -> Prices:
        """Return a series as it is now, or as it was known at a moment.

        Parameters
        ----------
        as_of : datetime, optional
            With a time zone. Sessions seen later are left out, and values changed later are as they
            were before. A value of an unfinished session is replaced for good when it is over.

        Raises
        ------
        DataError
            When the store has no such series, or had none then.
        """
        rows = self._read(
            "SELECT session, seen_at, final, open, high, low, close, adj_close, volume FROM bars"
            " WHERE symbol = ? ORDER BY session",
            symbol,
        )
        if not rows:
            raise self._missing(symbol)
        info = self.info(symbol)
        values = np.array([row[3:] for row in rows], dtype=np.float64)  # (n, columns); NULL is NaN
        if as_of is not None:
            rows, values = self._as_of(symbol, rows, values, _utc(as_of))
        return Prices(
            symbol,
            make_bars(
                [row[0] for row in rows],
                final=[bool(row[2]) for row in rows],
                **dict(zip(VALUE_COLUMNS, values.T, strict=True)),
            ),
            actions=make_actions(
                self._read(
                    "SELECT session, kind, value FROM actions WHERE symbol = ? AND session <= ?"
                    " ORDER BY session, kind",
                    symbol,
                    rows[-1][0],
                )
            ),
            source=info.source,
            currency=info.currency,
            timezone=info.timezone,
            label=info.label,
        )

    def update(self, prices: Prices, *, now: dt.datetime, replace: bool = False) -> Update:
        """Merge prices into a series, in one transaction.

        New sessions are added. A changed value of a finished session replaces the stored one, which
        goes to the revisions. A bar of an unfinished session is replaced without a trace, and never
        replaces one of a finished session. When nothing differs, nothing is written.

        Parameters
        ----------
        now : datetime
            With a time zone; when these prices were seen.
        replace : bool, default False
            Forget the stored series first, with its revisions.
        """
        seen_at = _utc(now)
        connection = self._open_for_writing()
        with translated(self.path), transaction(connection):
            if replace:
                connection.execute("DELETE FROM series WHERE symbol = ?", (prices.symbol,))
            stored = {
                row[0]: row[1:]
                for row in connection.execute(
                    "SELECT session, seen_at, final, open, high, low, close, adj_close, volume"
                    " FROM bars WHERE symbol = ?",
                    (prices.symbol,),
                )
            }
            merge = _Merge(prices, stored, seen_at)
            if merge.bars or merge.vanished or _has_new_actions(connection, prices):
                _write(connection, prices, merge, seen_at)
        return Update(
            n_new=merge.n_new,
            n_changed=len({session for session, *_ in merge.revisions}),
            first=prices.sessions[0].item(),
            last=prices.sessions[-1].item(),
        )

    def revisions(self, symbol: str) -> list[Revision]:
        """Return (session, field, seen_at, old, new) of every changed value, oldest first."""
        return self._read(
            "SELECT session, field, seen_at, old, new FROM revisions WHERE symbol = ?"
            " ORDER BY seen_at, session, field",
            symbol,
        )

    def _as_of(
        self, symbol: str, rows: list[Any], values: Floats, moment: str
    ) -> tuple[list[Any], Floats]:
        position = {row[0]: at for at, row in enumerate(rows)}
        later = [change for change in self.revisions(symbol) if change[2] > moment]
        for session, name, _, old, _ in reversed(later):  # the oldest change after it wins
            values[position[session], VALUE_COLUMNS.index(name)] = np.nan if old is None else old
        known = [at for at, row in enumerate(rows) if row[1] <= moment]
        if not known:
            raise DataError(f"{symbol} was first fetched after {moment}; nothing was known then")
        return [rows[at] for at in known], values[known]

    def _missing(self, symbol: str) -> DataError:
        near = near_symbol(symbol, self.symbols())
        return DataError(
            f"no prices for {symbol} in this workspace{near}; fetch them: lstmfin fetch {symbol}"
        )

    def _read(self, query: str, *arguments: str) -> list[Any]:
        if self._connection is None and not _is_there(self.path):
            return []
        with translated(self.path):
            if self._connection is None:
                self._connection = connect(self.path)
            return self._connection.execute(query, arguments).fetchall()

    def _open_for_writing(self) -> sqlite3.Connection:
        if self._connection is None:
            make_folder(self.path.parent)
            with translated(self.path):
                self._connection = connect(self.path)
        return self._connection


class _Merge:
    """How prices differ from the stored bars: rows to write, and values that are written over."""

    def __init__(self, prices: Prices, stored: dict[str, tuple[Any, ...]], seen_at: str) -> None:
        self.bars: list[tuple[Any, ...]] = []  # session, seen_at, final, values
        self.revisions: list[tuple[str, str, float | None, float | None]] = []
        self.n_new = 0
        sessions = prices.sessions.astype(str).tolist()
        self.vanished = [  # bars of unfinished sessions that the source no longer has
            session
            for session, (_, was_final, *_) in stored.items()
            if not was_final and sessions[0] <= session <= sessions[-1] and session not in sessions
        ]
        final = prices.bars["final"].tolist()
        values = np.column_stack([prices.column(name) for name in VALUE_COLUMNS]).tolist()
        for session, is_final, row in zip(sessions, final, values, strict=True):
            bar = [None if math.isnan(value) else value for value in row]
            if session not in stored:
                self.n_new += 1
                self.bars.append((session, seen_at, is_final, *bar))
                continue
            first_seen, was_final, *before = stored[session]
            changed = [at for at, value in enumerate(bar) if not _is_same(before[at], value)]
            if not was_final and (changed or is_final):
                self.bars.append((session, seen_at, is_final, *bar))
            elif was_final and is_final and changed:
                self._revise(session, before, bar, changed)
                self.bars.append((session, first_seen, True, *before))

    def _revise(
        self, session: str, before: list[float | None], bar: list[float | None], changed: list[int]
    ) -> None:
        for at in changed:
            self.revisions.append((session, VALUE_COLUMNS[at], before[at], bar[at]))
            before[at] = bar[at]


def _is_same(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return old is new
    return abs(old - new) <= SAME * max(abs(old), abs(new))


def _has_new_actions(connection: sqlite3.Connection, prices: Prices) -> bool:
    stored = connection.execute(
        "SELECT session, kind, value FROM actions WHERE symbol = ?", (prices.symbol,)
    )
    return not set(_action_rows(prices)) <= set(stored)


def _action_rows(prices: Prices) -> Iterable[tuple[str, str, float]]:
    for session, kind, value in prices.actions.itertuples(index=False):
        yield f"{session:%Y-%m-%d}", kind, value


def _write(connection: sqlite3.Connection, prices: Prices, merge: _Merge, seen_at: str) -> None:
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
    connection.executemany(
        "INSERT INTO revisions (symbol, session, field, old, new, seen_at)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET new = excluded.new",
        ((symbol, *revision, seen_at) for revision in merge.revisions),
    )
    connection.executemany(
        "INSERT INTO actions VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        ((symbol, *row) for row in _action_rows(prices)),
    )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # behind a door that is shut; SQLite will say so


def _utc(moment: dt.datetime) -> str:
    """Return a moment as text that sorts like time."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")
