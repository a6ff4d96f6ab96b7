"""What is implausible does not become history, and what is right gets through."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_prices import build_prices

from lstmfin.data.gates import find_doubts, review
from lstmfin.data.prices import drop_range, make_actions
from lstmfin.registry import SOURCES

PRICES = ["open", "high", "low", "close", "adj_close"]


def times(prices, factor, at, stop=None):
    """Scale all prices of some sessions."""
    bars = prices.bars.copy()
    bars.iloc[at:stop, [bars.columns.get_loc(name) for name in PRICES]] *= factor
    return replace(prices, bars=bars)


def gates(prices, stored=None):
    return [(doubt.gate, doubt.session) for doubt in find_doubts(prices, stored)]


def day(prices, at):
    return str(prices.sessions[at])


@pytest.fixture
def made():
    return build_prices(100)


def test_ordinary_prices_pass(made):
    """A random walk of a percent a day has nothing to doubt, new or known."""
    assert gates(made) == gates(made, made.slice(80)) == review(made) == []


@pytest.mark.parametrize("factor", [100, 0.01, 91, 110])
@pytest.mark.parametrize("at", [1, 30, 99])
def test_a_day_in_another_unit_is_kept_out(made, factor, at):
    """Pence for pounds, on any day that is not stored yet, on its way up and on its way back."""
    assert ("unit", day(made, at)) in gates(times(made, factor, at, at + 1))
    assert "another unit" in find_doubts(times(made, factor, at, at + 1), None)[0].text


def test_a_unit_that_stays_is_kept_out_too(made):
    """A hundredfold price is never confirmed by the next: the unit changed, not the price."""
    assert gates(times(made, 100, 50)) == [("unit", day(made, 50))]


@pytest.mark.parametrize("factor", [2.0, 0.5, 4, 0.25])
def test_a_jump_waits_for_the_next_session(made, factor):
    """On the last day it is doubted; once another session stands at the new level it is not."""
    assert gates(times(made, factor, 99), made.slice(99)) == [("jump", day(made, 99))]
    assert gates(times(made, factor, 98), made.slice(98)) == []


def test_a_spike_is_kept_out(made):
    """A jump that is taken back the next day is a wrong price, where it is new."""
    spiked = times(made, 3, 97, 98)
    assert ("jump", day(made, 97)) in gates(spiked, made.slice(95))
    assert gates(spiked, spiked) == []
    assert gates(times(build_prices(300), 3, 97, 98)) == []  # long ago: the past is as it is


def test_a_split_that_is_not_in_the_prices_is_kept_out(made):
    """Announced or not: adjusted prices do not fall to a quarter."""
    split = make_actions([(made.sessions[99], "split", 4.0)])
    halved = replace(times(made, 0.25, 99), actions=split)
    assert gates(halved, made.slice(99)) == [("jump", day(made, 99))]
    bars = halved.bars.copy()
    bars.iloc[:99, [bars.columns.get_loc(name) for name in PRICES]] *= 0.25
    assert gates(replace(halved, bars=bars), made.slice(99)) == []


def test_what_is_stored_is_not_judged_again(made):
    """A jump that was accepted is no news the next evening, nor after a dividend scaled it."""
    odd = times(made, 100, 60)
    assert gates(odd, odd.slice(90)) == []
    bars = odd.bars.assign(adj_close=odd.bars["adj_close"] * 0.98)
    assert gates(replace(odd, bars=bars), odd.slice(90)) == []


def test_a_stored_day_that_becomes_a_hundredfold_is_kept_out(made):
    """A change of a stored value is judged like a new one."""
    assert ("unit", day(made, 60)) in gates(times(made, 100, 60, 61), made)


def test_wild_series_are_judged_by_their_own_measure():
    """A fall by half is nothing remarkable where a day moves a fifth."""
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(0.2 * rng.standard_normal(100)))
    wild = drop_range(build_prices(100, close=close, adj_close=close, open=close, high=9e9, low=0))
    fallen = times(wild, 0.45, 99)
    assert gates(fallen, wild.slice(99)) == []


@pytest.mark.parametrize("value", [0.0, -5.0])
def test_prices_of_nothing_are_kept_out(made, value):
    """Zero and less, in either close."""
    bars = drop_range(made).bars.copy()
    bars.iloc[99, bars.columns.get_loc("adj_close")] = value
    assert gates(replace(made, bars=bars), made.slice(99)) == [("positive", day(made, 99))]


def test_another_currency_is_kept_out(made):
    """Dollars yesterday, pence today; a currency that is not told is no change."""
    pounds = replace(made, currency="GBP")
    assert gates(replace(made, currency="GBp"), pounds.slice(90)) == [("currency", day(made, 99))]
    assert gates(made, pounds.slice(90)) == []


def test_a_copy_of_the_day_before_is_kept_out(made):
    """Every price and the volume alike, at the end; without a volume it may be so."""
    bars = made.bars.copy()
    bars.iloc[99] = bars.iloc[98]
    copied = replace(made, bars=bars)
    assert gates(copied, made.slice(99)) == [("stale", day(made, 99))]
    assert [doubt.gate for doubt in review(copied)] == ["stale"]
    assert gates(replace(copied, bars=bars.assign(volume=np.nan)), made.slice(99)) == []


@pytest.mark.parametrize("symbol", SOURCES.get("sample").symbols())
def test_real_series_pass(symbol, options):
    """None of the shipped series would wait in quarantine, but crude oil, whose price was negative."""
    prices = SOURCES.get("sample").fetch(symbol, start=None, end=None, options=options)
    assert [gate for gate, _ in gates(prices)] in ([], ["positive"], ["positive", "positive"])
    assert bool(gates(prices)) == bool((prices.column("close") <= 0).any())


@given(st.integers(0, 2**32), st.floats(0.02, 50), st.integers(2, 80))
def test_a_rebase_is_no_news(seed, factor, known):
    """Whatever factor a dividend or a split scales the past by, no gate closes."""
    made = build_prices(100, seed=seed)
    scaled = times(made, factor, 0)
    assert gates(scaled, made.slice(known)) == []
