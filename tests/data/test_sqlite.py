"""Transactions: whole or not at all, alone and inside one another."""

import sqlite3
from dataclasses import replace

import pytest
from made_prices import NOW, build_prices

from lstmfin.data import store as room
from lstmfin.data.sqlite import connect, transaction
from lstmfin.data.store import Store


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "lstmfin.db") as opened:
        yield opened


def test_updates_together(store, monkeypatch):
    """One transaction; a part that fails is left out, and the others are there."""
    first, second, third = (build_prices(10, symbol=symbol) for symbol in ("A", "B", "C"))
    real = room.write

    def broken(connection, prices, merge, seen_at):
        real(connection, prices, merge, seen_at)
        if prices.symbol == "B":
            raise ZeroDivisionError

    monkeypatch.setattr(room, "write", broken)
    with store.together():
        store.update(first, now=NOW)
        with pytest.raises(ZeroDivisionError):
            store.update(second, now=NOW)
        store.update(third, now=NOW)
        with Store(store.path) as reader:
            assert reader.symbols() == ()
    assert store.symbols() == ("A", "C")
    with pytest.raises(ZeroDivisionError), store.together():
        _ = store.update(replace(second, symbol="D"), now=NOW), store.update(second, now=NOW)
    assert store.symbols() == ("A", "C")


def test_a_commit_that_fails_leaves_no_transaction(store):
    """The next one is whole by itself, not a part of one that nobody ends."""
    store.update(build_prices(10, symbol="A"), now=NOW)
    reader, writer = connect(store.path), connect(store.path)
    writer.execute("PRAGMA busy_timeout = 10")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM series").fetchall()
    with pytest.raises(sqlite3.OperationalError, match="locked"), transaction(writer):
        writer.execute("UPDATE series SET label = 'x'")
    assert not writer.in_transaction
    reader.execute("ROLLBACK")
    with transaction(writer):
        writer.execute("UPDATE series SET label = 'y'")
    reader.close()
    writer.close()
    assert store.info("A").label == "y"
