"""What the rest of a panel tells of a series: by its definition, and of no future."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_prices import build_prices

from lstmfin.data.panel import beside, together
from lstmfin.data.panel_variance import log_panel_variance, panel_moves
from lstmfin.data.prices import drop_range
from lstmfin.data.volatility import price_volatility
from lstmfin.data.windows import carried_features
from lstmfin.registry import FEATURES

NAMES = ("panel-day", "panel-week", "panel-month")
TOKYO, NEW_YORK = "Asia/Tokyo", "America/New_York"


def closes(symbol, n=120, *, seed=0, timezone=NEW_YORK, closed=()):
    """Return closes of a market that was closed on some days."""
    prices = drop_range(build_prices(n, seed=seed, symbol=symbol))
    return replace(
        prices, bars=prices.bars.drop(prices.bars.index[list(closed)]), timezone=timezone
    )


def size(prices):
    """Return by session the size of a return over the volatility before it; none is nothing."""
    squares, volatility = prices.log_returns() ** 2, price_volatility(prices)
    return {
        day: np.sqrt(max(squares[t], squares[1 : t + 1].mean() / 1000)) / volatility[t - 1]
        for t, day in enumerate(prices.sessions)
        if t and np.isfinite(volatility[t - 1])
    }


def test_the_mean_size_of_what_the_others_did():
    """At each session the mean over the others that traded; the own return is not among them."""
    every = together([closes("A"), closes("B", seed=1, closed=(50,)), closes("C", n=90, seed=2)])
    moves, sizes = panel_moves(every[0]), [size(one) for one in every[1:]]
    for t, day in enumerate(every[0].sessions):
        found = [one[day] for one in sizes if day in one]
        assert moves[t] == pytest.approx(np.mean(found) if found else np.nan, nan_ok=True)
    assert np.isnan(moves[:21]).all()
    assert np.isfinite(moves[21:]).all()


def test_sessions_in_which_it_was_closed_are_all_told():
    """What came in between is the mean of those days; a day without news is of no other."""
    own, other = closes("A", closed=(60, 61)), closes("B", seed=1, closed=(70,))
    moves, sizes = panel_moves(beside(own, [other])), list(size(other).values())
    days = list(size(other))
    at = int(np.searchsorted(own.sessions, other.sessions[62]))
    between = [sizes[days.index(other.sessions[t])] for t in (60, 61, 62)]
    assert moves[at] == pytest.approx(np.mean(between))
    gone = int(np.searchsorted(own.sessions, closes("C").sessions[70]))
    assert np.isnan(moves[gone])


def test_a_market_that_closes_later_is_seen_a_day_later():
    """Tokyo does not know of New York's day; New York knows of Tokyo's."""
    east, west = together([closes("E", timezone=TOKYO), closes("W", seed=1)])
    seen, told = panel_moves(east), list(size(west).values())
    np.testing.assert_allclose(seen[22:], told[:-1])
    np.testing.assert_allclose(panel_moves(west)[21:], list(size(east).values()))


def test_what_came_before_a_series_began_is_not_of_its_first_session():
    """Its first row has no row before it, so nothing has become known since."""
    young, old = closes("A").between("2020-03-02", None), closes("B", seed=1)
    moves = panel_moves(beside(young, [old]))
    assert np.isnan(moves[0])
    assert moves[1] == pytest.approx(size(old)[young.sessions[1]])


def test_had_it_moved_as_they_did():
    """The trailing variance times the mean square of a day, a week and a month; never nothing."""
    own, *_ = together([closes("A"), closes("B", seed=1), closes("C", seed=2)])
    moves, trailing = panel_moves(own) ** 2, price_volatility(own) ** 2
    for n in (1, 5, 22):
        found = log_panel_variance(own, n)
        assert found[80] == pytest.approx(np.log(trailing[80] * moves[81 - n : 81].mean()))
        assert np.isfinite(found[20:]).all()
        few = moves[max(21, 24 - n) : 24].mean()
        assert found[23] == pytest.approx(np.log(trailing[23] * few))
    alone = beside(own, [own])
    np.testing.assert_allclose(log_panel_variance(alone, 1), np.log(trailing * 2 / np.pi))


def test_what_cannot_be_measured_tells_nothing():
    """A member that never moved, is too young or fell below zero is as if it were not there."""
    own, good = closes("A"), closes("B", seed=1)
    flat = replace(good, symbol="FLAT", bars=good.bars.assign(close=1.0, adj_close=1.0))
    below = good.bars.assign(close=-1.0, adj_close=-1.0)
    young, none = (replace(good.slice(n), symbol=f"YOUNG{n}") for n in (5, 0))
    bad = (flat, young, none, replace(good, symbol="OIL", bars=below))
    expected = panel_moves(beside(own, [good]))
    late = good.bars.assign(adj_close=np.r_[good.column("adj_close")[:100], [-1.0] * 20])
    fallen = panel_moves(beside(own, [replace(good, bars=late)]))
    np.testing.assert_array_equal(fallen[:100], expected[:100])
    assert np.isnan(fallen[100:]).all()
    np.testing.assert_array_equal(panel_moves(beside(own, [good, *bad])), expected)


def test_one_wild_day_of_one_does_not_speak_for_all():
    """A forgotten split of one member in twenty moves the mean by a twentieth of ten sizes."""
    every = [closes(f"S{k}", seed=k) for k in range(21)]
    factor = np.r_[np.ones(100), np.full(20, 20.0)]
    split = every[20].bars.assign(**{k: every[20].bars[k] * factor for k in ("close", "adj_close")})
    calm = panel_moves(beside(every[0], every))
    wild = panel_moves(beside(every[0], [*every[:20], replace(every[20], bars=split)]))
    np.testing.assert_array_equal(calm[:100], wild[:100])
    usual = size(every[20])[every[20].sessions[100]]
    assert wild[100] == pytest.approx(calm[100] + (10 - usual) / 20)


def test_what_was_computed_cannot_be_written_over():
    """All that see a panel are told by one array."""
    own = beside(closes("A"), [closes("B", seed=1)])
    with pytest.raises(ValueError, match="read-only"):
        panel_moves(own)[50] = 0.0


@given(
    t=st.integers(30, 110),
    closed=st.sets(st.integers(1, 100), max_size=20),
    zones=st.sampled_from([(NEW_YORK, TOKYO), (TOKYO, NEW_YORK), (NEW_YORK, NEW_YORK), ("", "")]),
    factor=st.floats(1.1, 10),
)
def test_no_future_of_another(t, closed, zones, factor):
    """Whatever others do after a day, nothing that is said up to it changes by a bit."""
    own = closes("A", timezone=zones[0], closed=closed)
    other, more = closes("B", seed=1, timezone=zones[1]), closes("C", seed=2, timezone=zones[1])
    day = other.sessions[t]
    after = np.where(other.sessions > day, factor, 1.0)
    changed = replace(
        other, bars=other.bars.assign(**{k: other.bars[k] * after for k in ("close", "adj_close")})
    )
    clean, poison, cut = (
        panel_moves(beside(own, [one, more])) for one in (other, changed, other.slice(t + 1))
    )
    known = own.sessions <= day
    np.testing.assert_array_equal(clean[known], poison[known])
    np.testing.assert_array_equal(clean[known], cut[known])


def test_whose_input_it_is():
    """It is looked at by default where closes are all there is, and never by one alone."""
    bars = together([build_prices(symbol="A"), build_prices(symbol="B", seed=1)])
    bare = together([closes("A"), closes("B", seed=1)])
    for series, carried in ((bars, ()), (bare, NAMES), ([*bars, *bare], ()), ([closes("A")], ())):
        found = carried_features(series, target="volatility")
        assert tuple(name for name in found if FEATURES.get(name).of_panel) == carried
