"""The ledger of trials: one row for all that was ever tried, none of which goes away unseen.

Each row carries the hash of the row before and of itself, and rows are numbered by a counter that
never goes back, so that a row that was removed, changed or put in shows. Who rewrites the whole
chain is not caught; the ledger guards against forgetting, not against forgers.
"""

import datetime as dt
import hashlib
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmfin.data.sqlite import Database
from lstmfin.errors import DataError

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]

BEGINNING = "0" * 64
"""What stands for the hash of the row before the first."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One row.

    Attributes
    ----------
    number : int
        From 1, in order of time.
    made_at : str
        UTC, as ISO 8601.
    kind, symbol : str
        The command, and what it was tried on.
    data : str
        SHA-256 of the prices.
    settings, result : dict
        What was tried, and what came of it, as JSON has them.
    sessions : ndarray of datetime64[D] (N,)
        Sessions of a backtest; none of a training.
    excess : ndarray (N,)
        What it earned in each, after costs, above buy-and-hold, as fractions.
    hash : str
        Of the row and, through the hash of the row before, of all rows up to it.
    """

    number: int
    made_at: str
    kind: str
    symbol: str
    data: str
    settings: dict[str, Any]
    result: dict[str, Any]
    sessions: Days = field(repr=False)
    excess: Floats = field(repr=False)
    hash: str

    @property
    def settings_key(self) -> str:
        """Hash of the settings: trials of one key tried the same."""
        return key_of(self.settings)


def key_of(settings: dict[str, Any]) -> str:
    """Return the hash of settings, in hex."""
    return hashlib.sha256(_json(settings).encode()).hexdigest()


class Ledger(Database):
    """The trials in the SQLite file of a workspace.

    A file that is not there reads as an empty ledger. Each call opens it and lets go of it.

    Parameters
    ----------
    path : Path
        ``lstmfin.db`` of a workspace.
    """

    def append(
        self,
        kind: str,
        symbol: str,
        *,
        data: str,
        settings: dict[str, Any],
        result: dict[str, Any],
        now: dt.datetime,
        sessions: ArrayLike = (),
        excess: ArrayLike = (),
    ) -> None:
        """Write a row behind the last one, unless just this has been tried and found before.

        Parameters
        ----------
        now : datetime
            With a time zone.
        """
        days = np.asarray(sessions, "datetime64[D]").astype("<i8")
        returns = np.asarray(excess, "<f8")
        packed = zlib.compress(np.diff(days, prepend=0).tobytes() + returns.tobytes())
        row = (kind, symbol, data, _json(settings), _json(result), packed)
        with self, self.writing() as connection:
            if connection.execute(
                "SELECT 1 FROM trials WHERE kind = ? AND symbol = ? AND data = ? AND settings = ?"
                " AND result = ? AND series = ?",
                row,
            ).fetchone():
                return
            last = connection.execute(
                "SELECT number, hash FROM trials ORDER BY number DESC LIMIT 1"
            ).fetchone()
            counted = connection.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'trials'"
            ).fetchone()
            number = (counted[0] if counted else 0) + 1
            previous = last[1] if last else BEGINNING
            moment = now.astimezone(dt.UTC).isoformat(timespec="seconds")
            connection.execute(
                "INSERT INTO trials (number, made_at, kind, symbol, data, settings, result, series,"
                " previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (number, moment, *row, previous, _hash(previous, number, moment, *row)),
            )

    def trials(self, symbol: str | None = None) -> list[Trial]:
        """Return the trials of a symbol, or all, in order."""
        return [_trial(row) for row in self._rows() if symbol is None or row[3] == symbol]

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that anything was tried on, sorted."""
        return tuple(sorted({row[3] for row in self._rows()}))

    def fault(self) -> str | None:
        """Return what is wrong with the chain, in words; None when it holds."""
        rows, previous = self._rows(), BEGINNING
        for expected, (number, *content, said_previous, said) in enumerate(rows, 1):
            if number != expected:
                return f"row {expected} was removed"
            if said_previous != previous:
                return f"row {number} does not follow the row before it"
            if said != _hash(previous, number, *content):
                return f"row {number} was changed"
            previous = said
        counted = self._counter()
        if counted != len(rows):
            return f"rows {len(rows) + 1} to {counted} were removed"
        return None

    def _rows(self) -> list[Any]:
        with self:
            return self.read(
                "SELECT number, made_at, kind, symbol, data, settings, result, series, previous,"
                " hash FROM trials ORDER BY number"
            )

    def _counter(self) -> int:
        """Return how many rows were ever written."""
        with self:
            rows = self.read("SELECT seq FROM sqlite_sequence WHERE name = 'trials'")
        return int(rows[0][0]) if rows else 0


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _hash(previous: str, *content: Any) -> str:
    """Return the hash of a row; lengths stand before the parts, so that none runs into the next."""
    hashed = hashlib.sha256()
    for part in (previous, *content):
        raw = part if isinstance(part, bytes) else str(part).encode()
        hashed.update(len(raw).to_bytes(8, "big") + raw)
    return hashed.hexdigest()


def _trial(row: tuple[Any, ...]) -> Trial:
    number, made_at, kind, symbol, data, settings, result, series, _, own = row
    try:
        raw = np.frombuffer(zlib.decompress(series), "<i8")
        days, returns = np.split(raw, 2)
        return Trial(
            number=number,
            made_at=made_at,
            kind=kind,
            symbol=symbol,
            data=data,
            settings=json.loads(settings),
            result=json.loads(result),
            sessions=np.cumsum(days).astype("datetime64[D]"),
            excess=returns.view("<f8").astype(np.float64),
            hash=own,
        )
    except (ValueError, TypeError, zlib.error) as error:
        raise DataError(f"row {number} of the ledger of trials is damaged ({error})") from error
