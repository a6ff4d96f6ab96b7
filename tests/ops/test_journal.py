"""The journal: published once, never rewritten, never back-dated."""

import datetime as dt
import sqlite3
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from lstmfin.errors import DataError, TryLaterError
from lstmfin.ops.journal import Entry, Journal

NOW = dt.datetime(2026, 3, 4, 23, 0, tzinfo=dt.UTC)
ENTRY = Entry(
    "S1", "2026-03-04", 1, "abc", "lstm", "2026-03-05", 100.0, 98, 99, 100, 101, 102,
    97, 99, 100, 101, 103, 0.5, "hash", "lstmfin 0",
)  # fmt: skip


def entry(day, horizon=1, model="abc", **changes):
    origin = dt.date(2026, 3, 1) + dt.timedelta(days=day)
    session = origin + dt.timedelta(days=horizon)
    return replace(ENTRY, origin=str(origin), horizon=horizon, session=str(session), model=model, **changes)  # fmt: skip


def at(day):
    """The evening of a day, UTC."""
    return dt.datetime(2026, 3, 1, 23, 0, tzinfo=dt.UTC) + dt.timedelta(days=day)


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "lstmfin.db") as opened:
        yield opened


def publish(journal, *entries, now=NOW):
    return journal.publish(entries, timezone="UTC", now=now)


def test_an_absent_file_is_an_empty_journal(journal):
    """And reading it makes none."""
    assert (journal.entries("S1"), journal.last_time(), journal.symbols()) == ([], None, ())
    assert not journal.path.exists()


def test_what_is_published_comes_back(journal):
    """With the time of publication, UTC."""
    assert publish(journal, ENTRY) == 1
    assert journal.entries("S1") == [replace(ENTRY, published_at="2026-03-04T23:00:00+00:00")]


def test_a_key_is_published_once(journal):
    """The first stays, whatever the second says."""
    publish(journal, ENTRY)
    assert publish(journal, replace(ENTRY, q50=7.0), now=at(3.5)) == 0
    assert journal.entries("S1")[0].q50 == 100
    assert publish(journal, replace(ENTRY, q50=7.0), entry(3, horizon=2)) == 1
    assert journal.entries("S1")[0].q50 == 100
    assert publish(journal, replace(ENTRY, model="def")) == 1


@pytest.mark.parametrize("statement", ["UPDATE journal SET q50 = 1", "DELETE FROM journal"])
def test_the_database_itself_refuses(journal, statement):
    """No program rewrites a row by mistake."""
    publish(journal, ENTRY)
    with (
        sqlite3.connect(journal.path) as connection,
        pytest.raises(sqlite3.IntegrityError, match="never"),
    ):
        connection.execute(statement)
    connection.close()
    assert len(journal.entries("S1")) == 1


def test_an_earlier_origin_is_refused(journal):
    """Nothing is back-dated; another symbol has its own past."""
    publish(journal, entry(3))
    with pytest.raises(DataError, match="not back-dated"):
        publish(journal, entry(2, horizon=5), now=at(3))
    assert publish(journal, replace(entry(2, horizon=5), symbol="S2"), now=at(3)) == 1


def test_sessions_that_are_over_are_not_forecast(journal):
    """Of a late forecast the sessions to come alone are published."""
    late = [entry(3, horizon) for horizon in (1, 2, 3, 4)]
    assert publish(journal, *late, now=at(5.5)) == 2  # the 7th, noon: the 6th is over
    assert [row.session for row in journal.entries("S1")] == ["2026-03-07", "2026-03-08"]
    assert publish(journal, *late, now=at(40)) == 0


def test_a_clock_set_back(journal):
    """By more than a day: refused, with what the clock says. By less: the order of rows is kept."""
    publish(journal, entry(3), now=at(3))
    with pytest.raises(TryLaterError, match="the clock says 2026-03-03T21:00"):
        publish(journal, entry(3, model="b"), now=at(2) - dt.timedelta(hours=2))
    assert publish(journal, entry(3, model="b"), now=at(3) - dt.timedelta(hours=23)) == 1
    assert {row.published_at for row in journal.entries("S1")} == {"2026-03-04T23:00:00+00:00"}


def test_a_session_that_was_over_at_the_last_publication_is_over(journal):
    """A clock that is behind by less than a day does not bring yesterday back."""
    publish(journal, entry(4), now=at(4.5))
    assert publish(journal, replace(entry(4, horizon=1), symbol="S2"), now=at(4.5)) == 1
    assert publish(journal, replace(entry(3, horizon=1), symbol="S3"), now=at(3.9)) == 0


def test_the_end_of_a_session_is_that_of_its_exchange(journal):
    """At 20:00 UTC the 5th is over in Sydney and not in New York."""
    now = dt.datetime(2026, 3, 5, 20, 0, tzinfo=dt.UTC)
    assert journal.publish([ENTRY], timezone="Australia/Sydney", now=now) == 0
    assert journal.publish([ENTRY], timezone="America/New_York", now=now) == 1


def test_the_29th_of_february(journal):
    """Is a day like others."""
    leap = replace(ENTRY, origin="2028-02-28", session="2028-02-29")
    assert publish(journal, leap, now=dt.datetime(2028, 2, 28, 23, tzinfo=dt.UTC)) == 1
    following = replace(ENTRY, origin="2028-02-29", session="2028-03-01")
    assert publish(journal, following, now=dt.datetime(2028, 2, 29, 23, tzinfo=dt.UTC)) == 1


class Publishing(RuleBasedStateMachine):
    """Whatever is tried, at whatever time: rows that are there never change and never go."""

    @initialize(folder=st.integers(0, 2**32))
    def open(self, folder):
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.journal = Journal(Path(self.folder.name) / "lstmfin.db")
        self.before, self.last_time = [], ""

    @rule(
        day=st.integers(0, 9),
        clock=st.floats(-3, 12, allow_nan=False),
        model=st.sampled_from(["a", "b"]),
        value=st.floats(50, 150),
        horizons=st.lists(st.integers(1, 4), min_size=1, unique=True),
    )
    def publish(self, day, clock, model, value, horizons):
        entries = [entry(day, horizon, model, q50=value) for horizon in horizons]
        try:
            publish(self.journal, *entries, now=at(clock))
        except (DataError, TryLaterError):
            assert self.journal.entries("S1") == self.before

    @rule()
    def close(self):
        self.journal.close()

    @invariant()
    def nothing_went_or_changed(self):
        if not hasattr(self, "journal"):
            return
        rows = self.journal.entries("S1")
        assert set(self.before) <= set(rows)
        fresh = set(rows) - set(self.before)
        assert all(row.published_at >= self.last_time for row in fresh)
        newest = max((row.origin for row in self.before), default="")
        assert all(row.origin >= newest for row in fresh)
        assert all(row.published_at[:10] <= row.session for row in fresh)
        self.before, self.last_time = rows, self.journal.last_time() or ""

    def teardown(self):
        if hasattr(self, "journal"):
            self.journal.close()
            self.folder.cleanup()


TestPublishing = Publishing.TestCase
TestPublishing.settings = settings(max_examples=12, stateful_step_count=12, deadline=None)
