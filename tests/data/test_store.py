"""The store keeps what it was given, and what was changed."""

import datetime as dt
import os
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from made_prices import NOW, build_prices

from lstmfin.data import sqlite
from lstmfin.data.prices import Prices, make_actions, make_bars
from lstmfin.data.sqlite import MIGRATIONS
from lstmfin.data.store import Store
from lstmfin.errors import DataError, TryLaterError, WriteError

DAY = dt.timedelta(days=1)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "ws" / "lstmfin.db") as opened:
        yield opened


def same(got, expected):
    assert got.digest() == expected.digest()
    assert got.bars["final"].tolist() == expected.bars["final"].tolist()
    assert got.actions.values.tolist() == expected.actions.values.tolist()
    for name in ("symbol", "source", "currency", "timezone", "label"):
        assert getattr(got, name) == getattr(expected, name)


def test_round_trip(store):
    """Bars, actions and names come back to the last bit, in another process's eyes too."""
    made = replace(
        build_prices(volume=np.r_[np.nan, np.ones(199)], final=np.arange(200) < 199),
        actions=make_actions([("2020-02-03", "dividend", 0.1), ("2020-02-04", "split", 4)]),
        currency="USD",
        timezone="America/New_York",
        label="Test & Söhne",
    )
    update = store.update(made, now=NOW)
    assert (update.n_new, update.n_changed) == (200, 0)
    assert (update.first, update.last) == tuple(made.sessions[[0, -1]].tolist())
    same(store.prices("TEST"), made)
    with Store(store.path) as other:
        same(other.prices("TEST"), made)
    info = store.info("TEST")
    assert (info.n_sessions, info.n_revisions, info.fetched_at) == (200, 0, NOW)
    assert (info.first, info.last, info.source) == (update.first, update.last, "csv")


def test_changed_values_become_revisions(store):
    """The new value stands in the series, the old one in the revisions; rounding is no change."""
    made = build_prices(10)
    store.update(made, now=NOW)
    bars = made.bars.copy()
    bars.iloc[3, bars.columns.get_loc("adj_close")] *= 1.01
    bars.iloc[5, bars.columns.get_loc("volume")] += 1e5
    bars.iloc[7, bars.columns.get_loc("close")] *= 1 + 1e-8
    update = store.update(replace(made, bars=bars), now=NOW + DAY)
    assert (update.n_new, update.n_changed) == (0, 2)
    assert [(s, f) for s, f, *_ in store.revisions("TEST")] == [
        ("2020-01-06", "adj_close"),
        ("2020-01-08", "volume"),
    ]
    _, _, seen_at, old, new = store.revisions("TEST")[0]
    assert dt.datetime.fromisoformat(seen_at) == NOW + DAY
    assert (old, new) == (made.column("adj_close")[3], bars["adj_close"].iloc[3])
    got = store.prices("TEST")
    assert got.column("adj_close")[3] == new
    assert got.column("close")[7] == made.column("close")[7]


def test_an_unfinished_bar_is_replaced_without_a_revision(store):
    """Until its session is over; a finished bar never becomes unfinished again."""
    whole = build_prices(10)
    opened = replace(whole, bars=whole.bars.assign(final=np.arange(10) < 9, volume=5.0))
    store.update(opened, now=NOW)
    assert len(store.prices("TEST").finished()) == 9
    late = replace(whole, bars=whole.bars.assign(volume=np.r_[np.full(9, 5.0), 7.0]))
    assert store.update(late, now=NOW + DAY).n_changed == 0
    assert store.prices("TEST").bars["final"].all()
    assert store.prices("TEST").column("volume")[9] == 7
    store.update(opened, now=NOW + 2 * DAY)
    assert store.prices("TEST").bars["final"].all()
    assert store.prices("TEST").column("volume")[9] == 7
    assert store.revisions("TEST") == []


def test_as_of_gives_what_was_known(store):
    """Later sessions are absent and later changes undone, moment by moment."""
    made = build_prices(10)
    known = {}
    for step, stop in enumerate([6, 8, 10]):
        bars = made.bars.iloc[:stop].copy()
        bars["adj_close"] *= 0.9**step
        store.update(replace(made, bars=bars), now=NOW + step * DAY)
        known[step] = store.prices("TEST").digest()
    for step, digest in known.items():
        assert store.prices("TEST", as_of=NOW + step * DAY).digest() == digest
    with pytest.raises(DataError, match="was first fetched after"):
        store.prices("TEST", as_of=NOW - DAY)


def test_nothing_new_writes_nothing(store):
    """The file keeps every byte when the same prices come again."""
    store.update(build_prices(), now=NOW)
    before = store.path.read_bytes()
    update = store.update(build_prices(), now=NOW + DAY)
    assert (update.n_new, update.n_changed) == (0, 0)
    assert store.path.read_bytes() == before
    assert store.info("TEST").fetched_at == NOW


def test_replace_forgets(store):
    """A replaced series keeps nothing of the old one."""
    store.update(build_prices(50), now=NOW)
    other = build_prices(20, seed=1, start="2021-01-01", source="yahoo")
    assert store.update(other, now=NOW, replace=True).n_new == 20
    same(store.prices("TEST"), other)


def test_an_update_is_whole_or_not_at_all(store, monkeypatch):
    """A failure in the middle leaves the old series."""
    made = build_prices(50)
    store.update(made, now=NOW)
    broken = replace(build_prices(60), actions=make_actions([("2020-02-03", "dividend", 0.1)]))
    broken.actions.loc[0, "kind"] = None  # refused by NOT NULL, after the bars were written
    with pytest.raises(DataError):
        store.update(broken, now=NOW)
    same(store.prices("TEST"), made)


def test_an_absent_store_reads_as_empty(tmp_path):
    """Reading makes no file and no folder, and says what to do."""
    with Store(tmp_path / "nowhere" / "lstmfin.db") as store:
        assert store.symbols() == ()
        assert "AAPL" not in store
        with pytest.raises(
            DataError, match="no prices for AAPL in this workspace; fetch them: lst"
        ):
            store.prices("AAPL")
        with pytest.raises(DataError, match="no prices for AAPL"):
            store.info("AAPL")
    assert not (tmp_path / "nowhere").exists()


def test_near_symbols_are_offered(store):
    """A slip of the fingers is met with the stored symbol."""
    store.update(build_prices(symbol="MSFT"), now=NOW)
    assert store.symbols() == ("MSFT",)
    with pytest.raises(DataError, match=r"no prices for MFST.*did you mean 'MSFT'.*fetch MFST"):
        store.prices("MFST")


def test_files_that_are_no_store(tmp_path):
    """Text, another program's database and a newer version are refused in a sentence."""
    path = tmp_path / "lstmfin.db"
    path.write_text("not a database, but long enough to have a header" * 50)
    with Store(path) as store, pytest.raises(DataError, match="cannot be read as a store"):
        store.symbols()
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    connection.close()
    with Store(path) as store, pytest.raises(DataError, match="database of another program"):
        store.symbols()
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    with Store(path) as store, pytest.raises(DataError, match=r"newer lstmfin.*upgrade lstmfin"):
        store.update(build_prices(), now=NOW)


def test_a_damaged_store_is_refused(store):
    """Garbage in the middle of the file is an error of ours, whatever SQLite calls it."""
    store.update(build_prices(), now=NOW)
    store.close()
    content = bytearray(store.path.read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    store.path.write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as a store"):
        store.prices("TEST")


def test_a_folder_in_the_way(tmp_path):
    """A folder called like the store cannot be written."""
    (tmp_path / "lstmfin.db").mkdir()
    with (
        Store(tmp_path / "lstmfin.db") as store,
        pytest.raises(WriteError, match="cannot be opened"),
    ):
        store.update(build_prices(), now=NOW)
    (tmp_path / "file").touch()
    with Store(tmp_path / "file" / "lstmfin.db") as store, pytest.raises(WriteError):
        store.update(build_prices(), now=NOW)


def test_a_locked_store_says_try_later(store, monkeypatch):
    """Another process that holds the file is waited for, then named."""
    store.update(build_prices(), now=NOW)
    store.close()
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.05)
    holder = sqlite3.connect(store.path)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(TryLaterError, match="locked by another process"):
            store.update(build_prices(210), now=NOW)
        with pytest.raises(TryLaterError, match="locked by another process"):
            store.symbols()
    finally:
        holder.close()


def test_a_full_disk_leaves_the_old_series(store):
    """SQLITE_FULL is a WriteError, and the store is as it was."""
    made = build_prices(50)
    store.update(made, now=NOW)
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(WriteError, match="the disk is full"):
        store.update(build_prices(2000), now=NOW)
    same(store.prices("TEST"), made)


@pytest.fixture
def read_only_store():
    """A store in a folder, neither of which may be written; root becomes somebody else for it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lstmfin.db"
        with Store(path) as store:
            store.update(build_prices(), now=NOW)
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield Store(path)
        finally:
            os.seteuid(user)
            Path(folder).chmod(0o755)


def test_a_read_only_workspace_can_be_read(read_only_store):
    """Who may not write may read; a write is refused in a sentence."""
    with read_only_store as store:
        assert len(store.prices("TEST")) == 200
        with pytest.raises(WriteError, match=r"cannot write .*lstmfin\.db: it is read-only"):
            store.update(build_prices(), now=NOW, replace=True)
        assert len(store.prices("TEST")) == 200
    with Store(store.path.parent / "new.db") as other, pytest.raises(WriteError):
        other.update(build_prices(), now=NOW)


def test_the_promises_to_the_disk(store):
    """Rollback journal, full synchronisation, patience, foreign keys, and a version."""
    store.update(build_prices(), now=NOW)
    ask = store._connection.execute
    pragmas = ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "user_version")
    assert [ask(f"PRAGMA {name}").fetchone()[0] for name in pragmas] == [
        "truncate",
        2,
        30000,
        1,
        len(MIGRATIONS),
    ]
    tables = dict(ask("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
    assert tables.keys() >= {"series", "bars", "actions", "revisions"}
    counted = {"trials", "sqlite_sequence"}  # by a number that never goes back
    assert all("WITHOUT ROWID" in sql for name, sql in tables.items() if name not in counted)


SESSIONS = [str(day) for day in np.arange("2020-01-01", "2020-01-13", dtype="datetime64[D]")]
VALUES = st.sampled_from([-37.0, 0.0, 1.0, 1.5, 2e9])


class StoreMachine(RuleBasedStateMachine):
    """The store against a dict: any order of updates, closes and replacements."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name) / "lstmfin.db")
        self.model = {}
        self.history = {}
        self.now = NOW

    @rule(
        symbol=st.sampled_from(["A", "B"]),
        closes=st.dictionaries(st.sampled_from(SESSIONS), VALUES, min_size=1),
        replaced=st.sampled_from([False, False, False, True]),
    )
    def update(self, symbol, closes, replaced):
        days = sorted(closes)
        made = Prices(symbol, make_bars(days, close=[closes[day] for day in days]), source="csv")
        self.now += DAY
        old = {} if replaced else self.model.get(symbol, {})
        update = self.store.update(made, now=self.now, replace=replaced)
        assert update.n_new == len(closes.keys() - old.keys())
        assert update.n_changed == sum(
            old[day] != closes[day] for day in closes.keys() & old.keys()
        )
        self.model[symbol] = {**old, **closes}
        if replaced:
            self.history[symbol] = []
        self.history.setdefault(symbol, []).append((self.now, self.model[symbol]))

    @rule()
    def close(self):
        self.store.close()

    @invariant()
    def as_the_model(self):
        assert self.store.symbols() == tuple(sorted(self.model))
        for symbol, closes in self.model.items():
            assert self.read(symbol) == closes
            for moment, then in self.history[symbol]:
                assert self.read(symbol, as_of=moment) == then

    def read(self, symbol, **when):
        got = self.store.prices(symbol, **when)
        return dict(
            zip(got.sessions.astype(str).tolist(), got.column("close").tolist(), strict=True)
        )

    def teardown(self):
        self.store.close()
        self.folder.cleanup()


StoreMachine.TestCase.settings = settings(
    max_examples=15, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck)
)
TestStoreMachine = StoreMachine.TestCase


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_any_double_comes_back(closes):
    """Every finite double survives the store, bit for bit."""
    made = Prices("A", make_bars(np.arange(len(closes)), close=closes))
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "x.db") as store:
        store.update(made, now=NOW)
        assert store.prices("A").digest() == made.digest()
