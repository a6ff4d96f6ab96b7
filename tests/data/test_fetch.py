"""From a source into the store."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_prices import NOW, build_prices

from lstmfin.config import FetchConfig
from lstmfin.data import fetch as fetching
from lstmfin.data.fetch import OVERLAP, fetch
from lstmfin.data.prices import Prices, drop_range, make_actions
from lstmfin.data.store import Store
from lstmfin.errors import DataError, SourceError, UnknownSymbolError, UsageError

DAY = dt.timedelta(days=1)


class Scripted:
    """A source that has what a test gives it, and remembers what it was asked."""

    canary = None

    def __init__(self):
        self.prices = build_prices(100, source="scripted")
        self.asked = []
        self.error = None

    def fetch(self, symbol, *, start, end, options):
        self.asked.append((start, end))
        if self.error:
            raise self.error
        return replace(self.prices.between(start, end), symbol=symbol)

    def symbols(self):
        return None


@pytest.fixture
def source(monkeypatch):
    made = Scripted()

    class Sources:
        @staticmethod
        def get(name):
            return made

    monkeypatch.setattr(fetching, "SOURCES", Sources)
    return made


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "lstmfin.db") as opened:
        yield opened


def run(store, symbol="TEST", *, source="scripted", now=NOW, **config):
    chosen = FetchConfig(**config)
    return fetch(store, source, symbol, config=chosen, cache=store.path.parent, now=now)


def scaled(prices, factor, *, stop=None):
    bars = prices.bars.copy()
    bars.iloc[:stop, bars.columns.get_loc("adj_close")] *= factor
    return replace(prices, bars=bars)


def test_the_first_fetch_takes_the_range_asked_for(store, source):
    """Start and end go to the source; what it has goes to the store."""
    outcome = run(store, "test", start=dt.date(2020, 2, 3), end=dt.date(2020, 3, 2))
    assert source.asked == [(dt.date(2020, 2, 3), dt.date(2020, 3, 2))]
    assert (outcome.symbol, outcome.source, outcome.n_new) == ("TEST", "scripted", 21)
    assert (outcome.first, outcome.last) == (dt.date(2020, 2, 3), dt.date(2020, 3, 2))
    assert outcome.n_sessions == len(store.prices("TEST")) == 21
    assert not outcome.rebased
    assert not outcome.replaced


def test_later_fetches_take_the_end_and_an_overlap(store, source):
    """Only ten known sessions and what is new are asked for."""
    source.prices, whole = source.prices.slice(90), source.prices
    run(store)
    source.prices = whole
    outcome = run(store, now=NOW + DAY)
    assert source.asked[1:] == [(whole.sessions[90 - OVERLAP].item(), None)]
    assert (outcome.n_new, outcome.n_changed, outcome.rebased) == (10, 0, False)
    assert store.prices("TEST").digest() == whole.digest()


def test_nothing_new_is_fine(store, source):
    """The second fetch of a day changes nothing, not even the file."""
    run(store)
    before = store.path.read_bytes()
    outcome = run(store, now=NOW + DAY)
    assert (outcome.n_new, outcome.n_changed) == (0, 0)
    assert store.path.read_bytes() == before


@pytest.mark.parametrize("stop", [None, 85])
def test_a_rebased_history_is_fetched_whole(store, source, stop):
    """A dividend scales the adjusted past; all of it is fetched, and the old values are kept."""
    whole = source.prices
    source.prices = whole.slice(90)
    run(store)
    source.prices = scaled(whole, 0.98, stop=stop)
    outcome = run(store, now=NOW + DAY)
    again = whole.sessions[90 - OVERLAP].item()
    assert source.asked[1:] == [(again, None), (whole.sessions[0].item(), None)]
    assert outcome.rebased
    assert (outcome.n_new, outcome.n_changed) == (10, 90 if stop is None else 85)
    assert store.prices("TEST").digest() == source.prices.digest()
    assert {name for _, name, *_ in store.revisions("TEST")} == {"adj_close"}
    assert store.prices("TEST", as_of=NOW).digest() == whole.slice(90).digest()


def test_a_changed_value_is_revised(store, source):
    """One value inside the overlap is updated and recorded; nothing else is fetched."""
    run(store)
    bars = source.prices.bars.copy()
    bars.iloc[95, bars.columns.get_loc("volume")] += 12345
    source.prices = replace(source.prices, bars=bars)
    outcome = run(store, now=NOW + DAY)
    assert len(source.asked) == 2
    assert (outcome.n_changed, outcome.rebased) == (1, False)
    assert store.prices("TEST").digest() == source.prices.digest()


def test_an_unfinished_session_is_finished_later(store, source):
    """Its bar is replaced without a revision, and does not count as overlap."""
    whole = source.prices
    bars = whole.bars.assign(final=np.arange(100) < 99)
    bars.iloc[99, bars.columns.get_loc("volume")] = 1.0
    source.prices = replace(whole, bars=bars)
    run(store)
    source.prices = whole
    outcome = run(store, now=NOW + DAY)
    assert source.asked[1][0] == whole.sessions[99 - OVERLAP].item()
    assert (outcome.n_new, outcome.n_changed) == (0, 0)
    assert store.prices("TEST").digest() == whole.digest()
    assert store.prices("TEST").bars["final"].all()


def test_an_earlier_start_fetches_the_whole(store, source):
    """--start before the first stored session brings the sessions before it."""
    run(store, start=dt.date(2020, 2, 3))
    outcome = run(store, start=dt.date(2020, 1, 6), now=NOW + DAY)
    assert source.asked[1:] == [(dt.date(2020, 1, 6), None)]
    assert (outcome.n_changed, outcome.first) == (0, dt.date(2020, 1, 6))
    assert store.prices("TEST").digest() == source.prices.between("2020-01-06", None).digest()


def test_a_later_start_or_an_earlier_end_changes_nothing(store, source):
    """What is stored stays stored."""
    run(store)
    outcome = run(store, start=dt.date(2020, 1, 15), end=dt.date(2020, 1, 31))
    assert (outcome.n_new, outcome.n_changed, outcome.n_sessions) == (0, 0, 100)


def test_lost_sessions_are_refused(store, source):
    """A source that has fewer sessions than before overwrites nothing; --replace takes it."""
    whole = source.prices
    run(store)
    source.prices = replace(whole, bars=whole.bars.drop(whole.bars.index[95]))
    with pytest.raises(
        DataError, match=f"no longer has 1 stored .*TEST, the first {whole.sessions[95]}"
    ):
        run(store)
    source.prices = whole.slice(97)
    with pytest.raises(DataError, match="no longer has 3 stored sessions"):
        run(store)
    assert store.prices("TEST").digest() == whole.digest()
    assert run(store, replace=True).replaced
    assert len(store.prices("TEST")) == 97


def test_lost_sessions_of_a_rebased_history_are_refused(store, source):
    """Also when all of it was fetched again."""
    whole = source.prices
    run(store)
    source.prices = scaled(replace(whole, bars=whole.bars.drop(whole.bars.index[5])), 0.9)
    with pytest.raises(DataError, match=f"the first {whole.sessions[5]}"):
        run(store)
    assert store.prices("TEST").digest() == whole.digest()


def test_another_source_is_refused_until_replaced(store, source):
    """A series has one source; the error names both ways out."""
    run(store)
    source.prices = build_prices(60, seed=9, source="other")
    with pytest.raises(
        UsageError, match=r"TEST is stored from scripted; add --replace .*--source scr"
    ):
        run(store, source="other")
    outcome = run(store, source="other", replace=True)
    assert outcome.replaced
    assert store.prices("TEST").digest() == source.prices.digest()
    assert store.info("TEST").source == "other"


@pytest.mark.parametrize("error", [SourceError("no"), UnknownSymbolError("no"), DataError("no")])
def test_failures_change_nothing(store, source, error):
    """Whatever a source raises passes through, and the store is as it was."""
    run(store)
    before = store.path.read_bytes()
    source.error = error
    with pytest.raises(type(error), match="no"):
        run(store)
    with pytest.raises(type(error), match="no"):
        run(store, replace=True)
    assert store.path.read_bytes() == before


def test_the_future_is_refused(store, source):
    """Tomorrow may be today somewhere; the day after may not."""
    last = source.prices.sessions[-1].item()
    noon = dt.datetime.combine(last, dt.time(12), dt.UTC)
    with pytest.raises(DataError, match=f"TEST: {last}: session is in the future"):
        run(store, now=noon - 2 * DAY)
    assert store.symbols() == ()
    assert run(store, now=noon - DAY).n_new == 100


def test_a_range_that_comes_or_goes(store, source):
    """A series without open, high and low stays so; one that loses them is fetched whole."""
    whole = source.prices
    source.prices = drop_range(whole.slice(90))
    run(store)
    source.prices = whole
    assert run(store).n_new == 10
    assert not store.prices("TEST").has_range
    run(store, replace=True)
    assert store.prices("TEST").has_range
    source.prices = drop_range(whole)
    assert run(store).n_changed == 100
    assert not store.prices("TEST").has_range


def test_new_actions_are_stored(store, source):
    """A dividend of the overlap arrives with the prices."""
    run(store)
    session = source.prices.sessions[95].item()
    source.prices = replace(source.prices, actions=make_actions([(session, "dividend", 0.5)]))
    run(store)
    assert store.prices("TEST").actions["value"].tolist() == [0.5]


def test_notes_reach_the_user(store, source):
    """What a source did to its rows is in the outcome."""
    source.prices = replace(source.prices, notes=("left out 2 sessions",))
    assert run(store).notes == ("left out 2 sessions",)


def test_what_is_odd_in_a_file_is_told(store, tmp_path):
    """The first of all, how many more, and where they are listed; it is stored all the same."""
    days = pd.bdate_range("2024-01-01", periods=60)
    close = np.linspace(100, 101, 60)
    close[20], close[40] = 1000, -3
    path, odd = tmp_path / "ODD.csv", pd.Series(close, days, name="close").rename_axis("date")
    odd.to_csv(path)
    (note,) = run(store, "ODD", source="csv", path=path).notes
    assert note == (
        "2024-02-26: close -3 is not above zero (and 2 more); look at it: lstmfin data check ODD"
    )
    assert len(store.prices("ODD")) == 60
    odd.where(odd.between(0, 200), 100).to_csv(path)
    assert run(store, "ODD", source="csv", path=path).notes == ()


def test_usage(store, tmp_path):
    """Symbols and sources are checked first; --path is for csv alone."""
    with pytest.raises(UsageError, match="is not a symbol"):
        run(store, "../x", source="sample")
    with pytest.raises(UsageError, match="unknown source 'yaho'; did you mean 'yahoo'"):
        run(store, source="yaho")
    with pytest.raises(UsageError, match="--path is for --source csv"):
        run(store, "AAPL", source="sample", path=tmp_path)


def test_real_sources_twice(store):
    """The sample and synthetic series take the same way, and their second fetch finds nothing new."""
    for name, symbol in (("sample", "AAPL"), ("synthetic", "GARCH")):
        assert (
            run(store, symbol, source=name, now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)).n_new > 1000
        )
        assert run(store, symbol, source=name).n_new == 0
    assert isinstance(store.prices("AAPL"), Prices)


def test_a_half_answer_is_made_whole(store, source):
    """Sessions that a first answer left out, and that come up later, bring the whole history."""
    whole = build_prices(200, source="scripted")
    source.prices = replace(whole, bars=whole.bars.iloc[:199:2])
    run(store)
    source.prices = whole
    outcome = run(store)
    assert source.asked[-1][0] == whole.sessions[0].item()
    assert (outcome.rebased, outcome.n_sessions) == (True, 200)
    assert store.prices("TEST").digest() == whole.digest()
    run(store)
    assert source.asked[-1][0] == whole.sessions[-OVERLAP].item()
