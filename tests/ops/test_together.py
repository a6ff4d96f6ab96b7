"""What several symbols have to write goes into one transaction, in which each stands for itself."""

import pytest

from lstmfin.data import store
from lstmfin.ops import evening as room

SYMBOLS = ("S1", "S2", "S4")


@pytest.fixture
def third_is_interrupted(monkeypatch):
    """Ctrl-C comes when the third symbol is asked for."""
    real, calls = room.receive, iter(range(10))

    def interrupted(*arguments, **options):
        if next(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(room, "receive", interrupted)


def test_an_interrupt_loses_no_more_than_was_at_hand(house, monkeypatch, third_is_interrupted):
    """Symbols are written together; what is interrupted before is done by the next run."""
    house.make(*SYMBOLS)
    monkeypatch.setattr(room, "LONGEST_WAIT", 3600.0)
    ended = house("run")
    assert ended.code == 130
    assert "Nothing was changed" in ended.err
    assert house("run").code == 0
    assert {len(house.entries(symbol)) for symbol in SYMBOLS} == {3}


def test_what_was_fetched_does_not_wait_for_long(house, monkeypatch, third_is_interrupted):
    """Nor for more sessions than SQLite takes into memory."""
    house.make(*SYMBOLS)
    monkeypatch.setattr(room, "MOST_SESSIONS", 100)
    ended = house("run")
    assert ended.code == 130
    assert "what was done for S1, what was done for S2" in ended.err


def test_a_bug_in_the_update_of_one_symbol(house, monkeypatch):
    """The others of its transaction are kept."""
    real = store.write

    def broken(connection, prices, merge, seen_at):
        real(connection, prices, merge, seen_at)
        if prices.symbol == "S2":
            raise ZeroDivisionError

    house.make(*SYMBOLS)
    monkeypatch.setattr(store, "write", broken)
    assert house("run").code == 70
    assert [len(house.entries(symbol)) for symbol in SYMBOLS] == [3, 0, 3]
    monkeypatch.setattr(store, "write", real)
    assert house("run").code == 0
    assert len(house.entries("S2")) == 3
