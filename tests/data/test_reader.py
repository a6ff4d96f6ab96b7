"""Reading series with what is looked at beside them: each once, each as it was known."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from made_prices import NOW, build_prices

from lstmfin.data.reader import Reader
from lstmfin.data.store import Store
from lstmfin.errors import DataError

LATER = build_prices(320, seed=2, symbol="LATER", start="2020-01-01")


@pytest.fixture
def store(tmp_path):
    """A store of A, B whose last session is not over, and LATER, which begins a year on."""
    final = np.arange(50) < 49
    with Store(tmp_path / "lstmfin.db") as found:
        found.update(build_prices(50, symbol="A"), now=NOW)
        found.update(build_prices(50, seed=1, symbol="B", final=final), now=NOW)
        found.update(replace(LATER, bars=LATER.bars.loc["2021-01-01":]), now=NOW)
        yield found


def test_a_series_and_what_is_beside_it(store):
    """Others must be there; of a panel, those that are, without itself and unfinished sessions."""
    reader = Reader(store)
    alone, seen = reader.prices("A"), reader.prices("B", ["A"], panel=("A", "B", "NONE", "LATER"))
    assert (alone.others, alone.panel) == ((), ())
    assert seen.others == (alone,)
    assert [one.symbol for one in seen.panel] == ["A", "LATER"]
    assert (len(seen), len(reader.prices("A", panel=("B",)).panel[0])) == (50, 49)
    for wanted in (("NONE",), ("A", ["NONE"])):
        with pytest.raises(DataError, match="NONE"):
            reader.prices(*wanted)


def test_each_is_read_once(store):
    """What is written afterwards is for another reader."""
    reader = Reader(store)
    first = reader.prices("A", panel=("B",))
    store.update(build_prices(60, seed=1, symbol="B"), now=NOW + dt.timedelta(days=30))
    again = reader.prices("LATER", panel=("A", "B"))
    assert again.panel[1] is first.panel[0]
    assert len(Reader(store).prices("A", panel=("B",)).panel[0]) == 60


def test_as_of_a_day(store):
    """All of them as they were then; of a panel those that had begun."""
    day = dt.date(2020, 2, 3)
    seen = Reader(store, as_of=day).prices("A", ["B"], panel=("A", "B", "LATER"))
    assert {str(one.sessions[-1]) for one in (seen, *seen.others, *seen.panel)} == {"2020-02-03"}
    assert [one.symbol for one in seen.panel] == ["B"]
    with pytest.raises(DataError, match="LATER"):
        Reader(store, as_of=day).prices("LATER")


def test_a_series_extended_back_afterwards(store):
    """What its first fetch did not have was not known then, whatever the store has now."""
    store.update(LATER, now=NOW + dt.timedelta(days=1))
    assert str(store.info("LATER").first) == "2020-01-01"
    assert Reader(store, as_of=dt.date(2020, 2, 3)).prices("A", panel=("LATER",)).panel == ()


def test_a_day_ends_on_the_clock_of_who_looks(store):
    """What New York's evening saw of Tokyo's close of that day its replay sees, too."""
    whole = replace(build_prices(60, symbol="E"), timezone="Asia/Tokyo")
    looks = replace(build_prices(60, symbol="W"), timezone="America/New_York")
    day = whole.sessions[-1].item()
    assert str(day) == "2020-03-24"
    for n, evening in ((59, 23), (60, 24)):
        for prices in (whole, looks):
            now = dt.datetime(2020, 3, evening, 22, tzinfo=dt.UTC)
            store.update(prices.slice(n), now=now)
    seen = Reader(store, as_of=day).prices("W", ["E"], panel=("E",))
    assert {len(one) for one in (seen, *seen.others, *seen.panel)} == {60}
    assert len(Reader(store, as_of=day).prices("E")) == 59  # 22:00 UTC was the day after there


def test_what_cannot_be_read_is_not_left_out(store):
    """A damaged member is told of, today and in a replay alike."""
    with store.writing() as connection:
        connection.execute("UPDATE bars SET close = -1e400 WHERE symbol = 'B'")
    for as_of in (None, dt.date(2020, 2, 3)):
        with pytest.raises(DataError, match="B: "):
            Reader(store, as_of=as_of).prices("A", panel=("B",))
