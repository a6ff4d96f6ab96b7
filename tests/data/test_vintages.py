"""Prices as of a day: what comes later never changes them."""

import datetime as dt
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_prices import build_prices

from lstmfin.data.prices import make_actions
from lstmfin.data.store import Store
from lstmfin.data.vintages import prices_as_of
from lstmfin.errors import DataError
from lstmfin.registry import FEATURES

PRICES = ["open", "high", "low", "close", "adj_close"]
NEW_YORK = dt.timezone(dt.timedelta(hours=-5))


def evening(prices, at):
    """Half past ten in New York on a session."""
    return dt.datetime.combine(prices.sessions[at].item(), dt.time(22, 30), NEW_YORK)


def made_in_new_york(n=200, **changes):
    made = build_prices(n, **changes)
    return replace(made, timezone="America/New_York")


def after_split(prices, at, ratio):
    """What a source like Yahoo sends from a split on: all before it divided, in single precision."""
    bars = prices.bars.copy()
    columns = [bars.columns.get_loc(name) for name in PRICES]
    bars.iloc[:at, columns] = (bars.iloc[:at, columns] / ratio).astype(np.float32)
    bars.iloc[:at, bars.columns.get_loc("volume")] *= ratio
    bars["high"] = bars[PRICES].drop(columns="adj_close").max(axis=1)
    bars["low"] = bars[PRICES].drop(columns="adj_close").min(axis=1)
    return replace(prices, bars=bars, actions=make_actions([(prices.sessions[at], "split", ratio)]))


def features(prices):
    return {name: FEATURES.get(name).compute(prices).tobytes() for name in FEATURES.names()}


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "lstmfin.db") as opened:
        yield opened


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    ratio=st.one_of(st.sampled_from([2.0, 3.0, 7.0, 0.1]), st.floats(0.05, 30)),
    split_at=st.integers(120, 199),
    day=st.integers(5, 119),
    first=st.integers(60, 119),
)
def test_a_future_split_leaves_the_past_bit_identical(seed, ratio, split_at, day, first):
    """Every feature as of a day before a split is the same to the bit before and after it came.

    Whether the store began before that day, and replays what it saw, or after it, and cuts.
    """
    whole = made_in_new_york(seed=seed)
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "x.db") as store:
        store.update(whole.slice(first + 1), now=evening(whole, first))
        store.update(whole.slice(120), now=evening(whole, 119))
        asked = whole.sessions[day].item()
        before = prices_as_of(store, "TEST", asked)
        store.update(after_split(whole, split_at, ratio), now=evening(whole, 199))
        after = prices_as_of(store, "TEST", asked)
        assert after.digest() == before.digest()
        assert features(after) == features(before)
        assert after.actions.empty
        assert store.prices("TEST").actions["value"].tolist() == [ratio]


def test_each_evening_is_replayed(store):
    """As of a day the series ends with that evening's fetch, whatever was fetched since."""
    whole = made_in_new_york(30)
    for at in range(10, 30):
        store.update(whole.slice(at + 1), now=evening(whole, at))
    for at in range(10, 30):
        got = prices_as_of(store, "TEST", whole.sessions[at].item())
        assert got.digest() == whole.slice(at + 1).digest()
        assert got.notes == ()


def test_the_day_ends_by_the_clock_of_the_exchange(store):
    """A fetch at half past ten in New York is next day in Greenwich, and known that evening."""
    whole = made_in_new_york(20)
    assert evening(whole, 19).astimezone(dt.UTC).date() > whole.sessions[19].item()
    store.update(whole.slice(19), now=evening(whole, 18))
    store.update(whole, now=evening(whole, 19))
    assert len(prices_as_of(store, "TEST", whole.sessions[19].item())) == 20


def test_an_action_is_known_from_the_day_it_came(store):
    """Added, changed and withdrawn actions are undone for the days before."""
    whole = made_in_new_york(30)
    paid = make_actions([(whole.sessions[22], "dividend", 0.5)])
    corrected = make_actions([(whole.sessions[22], "dividend", 0.6)])
    history = [(20, make_actions()), (23, paid), (25, corrected), (27, make_actions())]
    for at, actions in history:
        known = replace(whole.slice(at + 1), actions=actions)
        store.update(known, now=evening(whole, at))
    for at, actions in history:
        got = prices_as_of(store, "TEST", whole.sessions[at].item())
        assert got.actions["value"].tolist() == actions["value"].tolist()
    fields = [(field, old, new) for _, field, _, old, new in store.revisions("TEST")]
    assert fields == [("dividend", None, 0.5), ("dividend", 0.5, 0.6), ("dividend", 0.6, None)]


@pytest.mark.parametrize("ratio", [4.0, 7.0, 0.1])
def test_before_the_first_fetch_later_splits_are_taken_out(store, ratio):
    """A close that was divided by a later split is what was paid on the day, and so adjusted."""
    paid = made_in_new_york(100, adj_close=build_prices(100).column("close"))
    sent = after_split(paid, 60, ratio)
    store.update(sent, now=evening(paid, 99))
    then = prices_as_of(store, "TEST", paid.sessions[50].item())
    assert len(then) == 51
    for name in (*PRICES, "volume"):
        np.testing.assert_allclose(then.column(name), paid.column(name)[:51], rtol=1e-6)
    assert "was first fetched on" in then.notes[0]
    later = prices_as_of(store, "TEST", paid.sessions[70].item())
    assert later.digest() == sent.slice(71).digest()


def test_raw_closes_are_left_as_they_were_paid(store):
    """Where a source publishes the close of the day, a later split is in the adjusted close alone."""
    paid = made_in_new_york(100)
    bars = paid.bars.copy()
    columns = [bars.columns.get_loc(name) for name in ("open", "high", "low", "close")]
    bars.iloc[60:, columns] /= 4
    bars["adj_close"] = bars["close"]
    bars.iloc[:60, bars.columns.get_loc("adj_close")] /= 4
    sent = replace(paid, bars=bars, actions=make_actions([(paid.sessions[60], "split", 4.0)]))
    store.update(sent, now=evening(paid, 99))
    then = prices_as_of(store, "TEST", paid.sessions[50].item())
    np.testing.assert_array_equal(then.column("close"), paid.column("close")[:51])
    np.testing.assert_allclose(then.column("adj_close"), paid.column("close")[:51], rtol=1e-12)


def test_a_later_dividend_is_taken_out(store):
    """Before the first fetch the adjusted close ends at the close, as it did then."""
    sent = made_in_new_york(100)  # adjusted to nine tenths throughout
    store.update(sent, now=evening(sent, 99))
    then = prices_as_of(store, "TEST", sent.sessions[50].item())
    np.testing.assert_allclose(then.column("adj_close"), then.column("close"), rtol=1e-12)
    np.testing.assert_allclose(then.log_returns()[1:], sent.log_returns()[1:51], atol=1e-12)


def test_a_day_before_the_first_session(store):
    """There is nothing to show, and the message says where the series begins."""
    sent = made_in_new_york(20)
    store.update(sent, now=evening(sent, 19))
    with pytest.raises(DataError, match="no session up to 2019-12-31; its first is 2020-01-01"):
        prices_as_of(store, "TEST", dt.date(2019, 12, 31))


def test_a_clock_set_back_keeps_the_order(store):
    """What is learnt after the clock went back is not put before what was known."""
    whole = made_in_new_york(30)
    store.update(whole.slice(21), now=evening(whole, 20))
    bars = whole.slice(21).bars.copy()
    bars.iloc[3, bars.columns.get_loc("volume")] += 1e6
    changed = replace(whole.slice(21), bars=bars)
    store.update(changed, now=evening(whole, 20) - dt.timedelta(days=1))
    ((session, _, seen_at, *_),) = store.revisions("TEST")
    assert session == str(whole.sessions[3])
    assert dt.datetime.fromisoformat(seen_at) >= evening(whole, 20)
    assert store.prices("TEST").digest() == changed.digest()
    assert store.update(whole.slice(22), now=evening(whole, 21)).n_new == 1


def test_the_29th_of_february(store):
    """It is a day like any other, to end on and to ask for."""
    whole = made_in_new_york(60, start="2024-01-02")
    at = int(np.flatnonzero(whole.sessions == np.datetime64("2024-02-29"))[0])
    store.update(whole.slice(at + 1), now=evening(whole, at))
    store.update(whole, now=evening(whole, 59))
    got = prices_as_of(store, "TEST", dt.date(2024, 2, 29))
    assert str(got.sessions[-1]) == "2024-02-29"
    assert len(got) == at + 1
