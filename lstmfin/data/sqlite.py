"""The database below the store: its connection, its schema, and its errors in our words."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from lstmfin.errors import DataError, TryLaterError, WriteError
from lstmfin.workspace import make_folder

BUSY_TIMEOUT_SECONDS = 30.0

MIGRATIONS = (
    """
    CREATE TABLE series (
        symbol TEXT PRIMARY KEY,
        source TEXT NOT NULL,
        currency TEXT NOT NULL,
        timezone TEXT NOT NULL,
        label TEXT NOT NULL,
        fetched_at TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE bars (
        symbol TEXT NOT NULL REFERENCES series ON DELETE CASCADE,
        session TEXT NOT NULL,
        open REAL,
        high REAL,
        low REAL,
        close REAL NOT NULL,
        adj_close REAL NOT NULL,
        volume REAL,
        final INTEGER NOT NULL,
        seen_at TEXT NOT NULL,
        PRIMARY KEY (symbol, session)
    ) WITHOUT ROWID;
    CREATE TABLE actions (
        symbol TEXT NOT NULL REFERENCES series ON DELETE CASCADE,
        session TEXT NOT NULL,
        kind TEXT NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY (symbol, session, kind)
    ) WITHOUT ROWID;
    CREATE TABLE revisions (
        symbol TEXT NOT NULL REFERENCES series ON DELETE CASCADE,
        session TEXT NOT NULL,
        field TEXT NOT NULL,
        seen_at TEXT NOT NULL,
        old REAL,
        new REAL,
        PRIMARY KEY (symbol, session, field, seen_at)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE quarantine (
        symbol TEXT NOT NULL,
        gate TEXT NOT NULL,
        session TEXT NOT NULL,
        source TEXT NOT NULL,
        reason TEXT NOT NULL,
        first_seen TEXT NOT NULL,
        last_seen TEXT NOT NULL,
        PRIMARY KEY (symbol, gate, session)
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE trials (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        made_at TEXT NOT NULL,
        kind TEXT NOT NULL,
        symbol TEXT NOT NULL,
        data TEXT NOT NULL,
        settings TEXT NOT NULL,
        result TEXT NOT NULL,
        series BLOB NOT NULL,
        previous TEXT NOT NULL,
        hash TEXT NOT NULL
    );
    """,
    """
    CREATE TABLE journal (
        symbol TEXT NOT NULL,
        origin TEXT NOT NULL,
        horizon INTEGER NOT NULL,
        model TEXT NOT NULL,
        kind TEXT NOT NULL,
        session TEXT NOT NULL,
        last_close REAL NOT NULL,
        q05 REAL NOT NULL, q25 REAL NOT NULL, q50 REAL NOT NULL, q75 REAL NOT NULL,
        q95 REAL NOT NULL,
        naive_q05 REAL NOT NULL, naive_q25 REAL NOT NULL, naive_q50 REAL NOT NULL,
        naive_q75 REAL NOT NULL, naive_q95 REAL NOT NULL,
        chance_of_rise REAL NOT NULL,
        data TEXT NOT NULL,
        versions TEXT NOT NULL,
        published_at TEXT NOT NULL,
        PRIMARY KEY (symbol, origin, horizon, model)
    ) WITHOUT ROWID;
    CREATE INDEX journal_by_time ON journal (published_at);
    CREATE TRIGGER journal_is_not_rewritten BEFORE UPDATE ON journal BEGIN
        SELECT RAISE(ABORT, 'what was published is never rewritten');
    END;
    CREATE TRIGGER journal_is_not_shortened BEFORE DELETE ON journal BEGIN
        SELECT RAISE(ABORT, 'what was published is never taken back');
    END;
    CREATE TABLE truths (
        symbol TEXT NOT NULL,
        origin TEXT NOT NULL,
        horizon INTEGER NOT NULL,
        session TEXT NOT NULL,
        outcome REAL NOT NULL,
        scored_at TEXT NOT NULL,
        PRIMARY KEY (symbol, origin, horizon)
    ) WITHOUT ROWID;
    """,
)
"""One script for each version; a database at version k has run the first k of them."""


def connect(path: Path) -> sqlite3.Connection:
    """Return a connection to an up-to-date database; made where there is none."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
    try:
        # Not WAL: before SQLite 3.51.3 two connections can corrupt it (sqlite.org/wal.html).
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == len(MIGRATIONS):
        return
    if version > len(MIGRATIONS):
        raise DataError(
            f"{path} was written by a newer lstmfin (its version {version}, known up to "
            f"{len(MIGRATIONS)}); upgrade lstmfin"
        )
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise DataError(f"{path} is a database of another program; choose another workspace (-C)")
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        with transaction(connection):
            (current,) = connection.execute("PRAGMA user_version").fetchone()
            if current >= number:  # another process was faster
                continue
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def _statements(script: str) -> Iterator[str]:
    """Yield the statements of a script; those inside a trigger are part of it."""
    statement = ""
    for piece in script.split(";")[:-1]:
        statement += piece + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


_WHOLE = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
_PART = ("SAVEPOINT part", "RELEASE part", ("ROLLBACK TO part", "RELEASE part"))


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Keep all of the block or none of it; inside another one, as a part that can fail alone."""
    begin, keep, undo = _PART if connection.in_transaction else _WHOLE
    connection.execute(begin)
    try:
        yield
        connection.execute(keep)
    except BaseException:
        if connection.in_transaction:  # SQLite may have undone it all by itself
            for statement in undo:
                connection.execute(statement)
        raise


_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNWRITABLE = {
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_PERM: "it is not permitted",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk failed",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
}


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn errors of SQLite into DataError, WriteError or TryLaterError."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
        if code in _BUSY:
            raise TryLaterError(f"{path} is locked by another process; try again later") from error
        if code in _UNWRITABLE:
            raise WriteError(
                f"cannot write {path}: {_UNWRITABLE[code]}. Free some space or choose a folder "
                "you may write to (-C)"
            ) from error
        raise DataError(
            f"{path} cannot be read as a store of prices ({error}); move it away and fetch again"
        ) from error


class Database:
    """The SQLite file of a workspace, opened by the first call that needs it.

    A file that is not there reads as an empty one, and is made by the first that writes.

    Parameters
    ----------
    path : Path or str
        ``lstmfin.db`` of a workspace.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; the next call opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def counter(self) -> tuple[object, ...]:
        """Return what each transaction of whichever process changes: bytes 24 to 27 of the file.

        And what tells this file from another at its place.
        (SQLite, *Database file format*, 1.3.7, "file change counter".)
        """
        if not _is_there(self.path):
            return ()
        with self.path.open("rb") as file:
            file.seek(24)
            about = os.fstat(file.fileno())
            return self.path.resolve(), about.st_ino, about.st_mtime_ns, file.read(4)

    def read(self, query: str, *arguments: object) -> list[Any]:
        """Return the rows of a query; none where there is no file."""
        if self._connection is None and not _is_there(self.path):
            return []
        with translated(self.path):
            self._connection = self._connection or connect(self.path)
            return self._connection.execute(query, arguments).fetchall()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Keep all that the block writes or none of it; see ``transaction``."""
        if self._connection is None:
            make_folder(self.path.parent)
        with translated(self.path):
            self._connection = self._connection or connect(self.path)
            with transaction(self._connection):
                yield self._connection

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Keep what the block writes in one transaction; a part that fails is left out alone."""
        with self.writing():
            yield


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True  # behind a door that is shut; SQLite will say so


def symbols_at_once(path: Path) -> tuple[str, ...]:
    """Return the symbols of a store; none rather than wait, write, or complain.

    For what a shell asks while somebody types: it imports little, and reads alone.
    """
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0)
        ) as database,
    ):
        rows = database.execute("SELECT symbol FROM series ORDER BY symbol").fetchall()
        return tuple(str(symbol) for (symbol,) in rows)
    return ()
