"""The journal: each forecast published once, before its session is over, and never rewritten.

A row is keyed (symbol, origin, horizon, model). What is published stays: the database refuses to
change or remove a row. Nothing is back-dated: a row whose session is over (past midnight, there)
is not published, an origin before the last published one of its symbol is refused, and so is all
while the clock stands more than a day before the last publication. A clock that is behind by less
leaves the time of publication where the last one was, so that rows are in the order of their times.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

import lstmfin
from lstmfin.data.prices import Prices
from lstmfin.data.sqlite import Database
from lstmfin.errors import DataError, TryLaterError
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.forecasts import LEVELS, Forecast

QUANTILES = tuple(f"q{round(100 * level):02d}" for level in LEVELS)
LONGEST_SETBACK = dt.timedelta(days=1)
"""A clock further behind than this is wrong, and not one that was set right."""


@dataclass(frozen=True)
class Entry:
    """One published row: what was said at the close of ``origin`` about ``horizon`` sessions later.

    Prices are in the unit of ``last_close``, as published then; ``naive_*`` are the quantiles by
    trailing volatility alone, the baseline. ``kind`` names the sort of model (its cell, and whether
    it is a panel), ``model`` the very one, ``data`` is the SHA-256 of the prices it saw.
    """

    symbol: str
    origin: str
    horizon: int
    model: str
    kind: str
    session: str
    last_close: float
    q05: float
    q25: float
    q50: float
    q75: float
    q95: float
    naive_q05: float
    naive_q25: float
    naive_q50: float
    naive_q75: float
    naive_q95: float
    chance_of_rise: float
    data: str
    versions: str
    published_at: str = ""


COLUMNS = tuple(spec.name for spec in fields(Entry))


def entries_of(
    forecast: Forecast, prices: Prices, *, model: str, forecaster: Forecaster
) -> list[Entry]:
    """Return the rows of a forecast, one a session ahead, not yet published."""
    kind = f"{'panel ' if forecaster.config.panel else ''}{forecaster.config.cell}"
    known: dict[str, Any] = {
        "symbol": forecast.symbol,
        "model": model,
        "kind": kind,
        "data": prices.finished().digest(),
        "versions": f"lstmfin {lstmfin.__version__}, numpy {np.__version__}",
    }
    return [
        Entry(**known, **{name: row[name] for name in COLUMNS if name in row})
        for row in forecast.rows()
    ]


class Journal(Database):
    """The published forecasts in the SQLite file of a workspace.

    A file that is not there reads as an empty journal.

    Parameters
    ----------
    path : Path
        ``lstmfin.db`` of a workspace.
    """

    def publish(self, entries: Sequence[Entry], *, timezone: str, now: dt.datetime) -> int:
        """Write rows of one symbol, in one transaction; return how many are new.

        Rows that are there already stay as they are; rows of sessions that are over are left out.

        Parameters
        ----------
        timezone : str
            IANA name of the exchange's zone, in which a session ends.
        now : datetime
            With a time zone.

        Raises
        ------
        DataError
            When the origin is before the last published one of the symbol.
        TryLaterError
            When the clock is behind the last publication by more than a day.
        """
        self.check_clock(now)
        moment = max(_utc(now), self.last_time() or "")
        timely = self.timely(entries, timezone=timezone, now=now)
        if not timely or all(self._has(entry) for entry in timely):
            return 0
        symbol, origin = timely[0].symbol, timely[0].origin
        with self.writing() as connection:
            last = self.last_origin(symbol)
            if last is not None and origin < last:
                raise DataError(
                    f"a forecast of {symbol} from {origin} is not published: one from {last} was "
                    "before, and the journal is not back-dated; for a replay: --as-of"
                )
            moment = max(moment, self.last_time() or "")  # another process may have been here
            before = connection.total_changes
            connection.executemany(
                f"INSERT INTO journal ({', '.join(COLUMNS)})"  # noqa: S608 - names of ours
                f" VALUES ({', '.join('?' * len(COLUMNS))}) ON CONFLICT DO NOTHING",
                [(*astuple(entry)[:-1], moment) for entry in timely],
            )
            return connection.total_changes - before

    def timely(self, entries: Sequence[Entry], *, timezone: str, now: dt.datetime) -> list[Entry]:
        """Return the rows whose sessions are not over, by the exchange's date and no earlier one.

        The arguments are those of ``publish``.
        """
        moment = dt.datetime.fromisoformat(max(_utc(now), self.last_time() or ""))
        today = str(moment.astimezone(ZoneInfo(timezone or "UTC")).date())
        return [entry for entry in entries if entry.session >= today]

    def check_clock(self, now: dt.datetime) -> None:
        """Refuse a clock that is behind the last publication by more than a day."""
        last = self.last_time()
        if last is not None and now < dt.datetime.fromisoformat(last) - LONGEST_SETBACK:
            raise TryLaterError(
                f"the clock says {_utc(now)[:16]} UTC, and the last forecast was published at "
                f"{last[:16]}; nothing is back-dated: set the clock right and try again"
            )

    def last_time(self) -> str | None:
        """Return when the last row was published, UTC as ISO 8601."""
        return self._one("SELECT max(published_at) FROM journal")

    def last_origin(self, symbol: str) -> str | None:
        """Return the last origin that was published of a symbol."""
        return self._one("SELECT max(origin) FROM journal WHERE symbol = ?", symbol)

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that anything was published of, sorted."""
        return tuple(row[0] for row in self.read("SELECT DISTINCT symbol FROM journal"))

    def entries(self, symbol: str) -> list[Entry]:
        """Return the rows of a symbol, in the order of their keys."""
        query = f"SELECT {', '.join(COLUMNS)} FROM journal WHERE symbol = ?"  # noqa: S608
        return [
            Entry(*row) for row in self.read(f"{query} ORDER BY origin, horizon, model", symbol)
        ]

    def write_truths(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write (symbol, origin, horizon, session, outcome, scored_at) over earlier ones."""
        if not rows:
            return
        with self.writing() as connection:
            connection.executemany(
                "INSERT INTO truths VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
                " session = excluded.session, outcome = excluded.outcome,"
                " scored_at = excluded.scored_at",
                rows,
            )

    def _has(self, entry: Entry) -> bool:
        key = (entry.symbol, entry.origin, entry.horizon, entry.model)
        query = "SELECT 1 FROM journal WHERE (symbol, origin, horizon, model) = (?, ?, ?, ?)"
        return bool(self.read(query, *key))

    def _one(self, query: str, *arguments: object) -> str | None:
        rows = self.read(query, *arguments)
        return rows[0][0] if rows else None


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds")
