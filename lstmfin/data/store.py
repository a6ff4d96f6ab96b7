"""The store of a workspace: every series that was fetched, and every value changed later."""

import datetime as dt
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmfin.advice import advised
from lstmfin.data.faults import VALUE_COLUMNS, Doubt
from lstmfin.data.merge import Merge, write
from lstmfin.data.prices import ACTION_KINDS, Prices, make_actions, make_bars
from lstmfin.data.sqlite import Database
from lstmfin.data.symbols import near_symbol, unit_of
from lstmfin.errors import DataError

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

    ``began`` is when it was fetched first, ``fetched_at`` when the last change came; a fetch with
    nothing new writes nothing.
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
    began: dt.datetime


@dataclass(frozen=True)
class HeldBack:
    """What a gate keeps out of a series: which gate, of which session, why, and since when."""

    symbol: str
    gate: str
    session: str
    source: str
    reason: str
    first_seen: str
    last_seen: str


class Store(Database):
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

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols of all series, sorted."""
        return tuple(row[0] for row in self.read("SELECT symbol FROM series ORDER BY symbol"))

    def __contains__(self, symbol: str) -> bool:
        return bool(self.read("SELECT 1 FROM series WHERE symbol = ?", symbol))

    def info(self, symbol: str) -> SeriesInfo:
        """Return what is known of a series; DataError when there is none."""
        rows = self.read(
            "SELECT symbol, source, currency, timezone, label, fetched_at,"
            " (SELECT min(session) FROM bars WHERE bars.symbol = series.symbol),"
            " (SELECT max(session) FROM bars WHERE bars.symbol = series.symbol),"
            " (SELECT count(*) FROM bars WHERE bars.symbol = series.symbol),"
            " (SELECT count(*) FROM revisions WHERE revisions.symbol = series.symbol),"
            " (SELECT min(seen_at) FROM bars WHERE bars.symbol = series.symbol)"
            " FROM series WHERE symbol = ?",
            symbol,
        )
        if not rows:
            raise self._missing(symbol)
        row = rows[0]
        return SeriesInfo(
            symbol=row[0],
            source=row[1],
            currency=unit_of(symbol, row[2]),
            timezone=row[3],
            label=row[4],
            fetched_at=dt.datetime.fromisoformat(row[5]),
            first=dt.date.fromisoformat(row[6]),
            last=dt.date.fromisoformat(row[7]),
            n_sessions=row[8],
            n_revisions=row[9],
            began=dt.datetime.fromisoformat(row[10]),
        )

    def last_sessions(self, symbol: str, n: int) -> NDArray[np.datetime64]:
        """Return the dates of the last n sessions that are over, datetime64[D] (n,) or fewer."""
        rows = self.read(
            "SELECT session FROM bars WHERE symbol = ? AND final ORDER BY session DESC LIMIT ?",
            symbol,
            str(n),
        )
        return np.array([row[0] for row in reversed(rows)], dtype="datetime64[D]")

    def prices(self, symbol: str, *, as_of: dt.datetime | None = None) -> Prices:
        """Return a series as it is now, or as it was known at a moment.

        Parameters
        ----------
        as_of : datetime, optional
            With a time zone. Sessions and actions seen later are left out, and values changed later
            are as they were before. A value of an unfinished session is replaced for good when it
            is over.

        Raises
        ------
        DataError
            When the store has no such series, or had none then.
        """
        rows = self.read(
            "SELECT session, seen_at, final, open, high, low, close, adj_close, volume FROM bars"
            " WHERE symbol = ? ORDER BY session",
            symbol,
        )
        if not rows:
            raise self._missing(symbol)
        info = self.info(symbol)
        values = np.array([row[3:] for row in rows], dtype=np.float64)  # (n, columns); NULL is NaN
        actions = {
            (session, kind): value
            for session, kind, value in self.read(
                "SELECT session, kind, value FROM actions WHERE symbol = ?", symbol
            )
        }
        if as_of is not None:
            rows, values = self._as_of(symbol, rows, values, actions, _utc(as_of))
        return Prices(
            symbol,
            make_bars(
                [row[0] for row in rows],
                final=[bool(row[2]) for row in rows],
                **dict(zip(VALUE_COLUMNS, values.T, strict=True)),
            ),
            actions=make_actions(
                (*key, actions[key]) for key in sorted(actions) if key[0] <= rows[-1][0]
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
        symbol = prices.symbol
        with self.writing() as connection:
            if replace:
                connection.execute("DELETE FROM series WHERE symbol = ?", (symbol,))
            (latest,) = connection.execute(
                "SELECT max(fetched_at) FROM series WHERE symbol = ?", (symbol,)
            ).fetchone()
            # A clock that was set back must not put what is learnt now before what was known.
            seen_at = max(_utc(now), latest or "")
            merge = Merge(connection, prices, seen_at)
            if not merge.is_empty:
                write(connection, prices, merge, seen_at)
            self._release(connection, symbol)
        return Update(
            n_new=merge.n_new,
            n_changed=len({session for session, *_ in merge.revisions}),
            first=prices.sessions[0].item(),
            last=prices.sessions[-1].item(),
        )

    def hold_back(
        self, symbol: str, source: str, doubts: Iterable[Doubt], *, now: dt.datetime
    ) -> None:
        """Write down why prices were refused, in place of earlier reasons; no series is touched."""
        moment = _utc(now)
        rows = [(symbol, d.gate, d.session, source, d.text, moment, moment) for d in doubts]
        with self.writing() as connection:
            connection.executemany(
                "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " reason = excluded.reason, source = excluded.source,"
                " last_seen = excluded.last_seen",
                rows,
            )
            connection.execute(
                "DELETE FROM quarantine WHERE symbol = ? AND last_seen <> ?", (symbol, moment)
            )

    def held_back(self) -> list[HeldBack]:
        """Return what is in quarantine at present; a good fetch of a symbol takes it out."""
        rows = self.read("SELECT * FROM quarantine ORDER BY symbol, session, gate")
        return [HeldBack(*row) for row in rows]

    def integrity(self) -> list[str]:
        """Return what SQLite finds wrong with the file, nothing when it is sound."""
        broken = [row[0] for row in self.read("PRAGMA integrity_check") if row[0] != "ok"]
        orphans = [f"a row of {row[0]} without its series" for row in self.read(
            "PRAGMA foreign_key_check"
        )]  # fmt: skip
        return broken + orphans

    def revisions(self, symbol: str) -> list[Revision]:
        """Return (session, field, seen_at, old, new) of every changed value, oldest first.

        Actions that came, changed or went after the first fetch are among them, by their kind.
        """
        return self.read(
            "SELECT session, field, seen_at, old, new FROM revisions WHERE symbol = ?"
            " ORDER BY seen_at, session, field",
            symbol,
        )

    def _as_of(
        self,
        symbol: str,
        rows: list[Any],
        values: Floats,
        actions: dict[tuple[str, str], float],
        moment: str,
    ) -> tuple[list[Any], Floats]:
        """Undo, latest first, what was learnt after a moment; ``actions`` in place."""
        position = {row[0]: at for at, row in enumerate(rows)}
        later = [change for change in self.revisions(symbol) if change[2] > moment]
        for session, name, _, old, _ in reversed(later):
            if name in ACTION_KINDS:
                actions.pop((session, name), None)
                if old is not None:
                    actions[session, name] = old
            else:
                values[position[session], VALUE_COLUMNS.index(name)] = (
                    np.nan if old is None else old
                )
        known = [at for at, row in enumerate(rows) if row[1] <= moment]
        if not known:
            raise DataError(f"{symbol} was first fetched after {moment}; nothing was known then")
        return [rows[at] for at in known], values[known]

    def _release(self, connection: sqlite3.Connection, symbol: str) -> None:
        """Take a symbol out of quarantine; nothing is written where it is not in it."""
        connection.execute("DELETE FROM quarantine WHERE symbol = ?", (symbol,))

    def _missing(self, symbol: str) -> DataError:
        near = near_symbol(symbol, self.symbols())
        begin = f"{near} Or fetch" if near else "; fetch"
        return DataError(
            f"no prices for {symbol} in this workspace{begin} them: {advised('fetch', symbol)}"
        )


def _utc(moment: dt.datetime) -> str:
    """Return a moment as text that sorts like time."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")
