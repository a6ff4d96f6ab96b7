"""Series beside each other, and what is not known of them at the last session of one."""

from dataclasses import replace

import numpy as np
import pytest
from made_prices import build_prices

from lstmfin.data.panel import beside, together, unknown_of
from lstmfin.data.prices import drop_range
from lstmfin.errors import DataError

NEW_YORK, TOKYO = "America/New_York", "Asia/Tokyo"


def closes(symbol, n=60, timezone=NEW_YORK, **options):
    return replace(drop_range(build_prices(n, symbol=symbol, **options)), timezone=timezone)


def unknown(own, *panel, symbols=None):
    names = symbols or [one.symbol for one in (own, *panel)]
    return unknown_of(beside(own, panel), names)


def test_a_series_is_never_beside_itself():
    """The others are there without their own others, and without sessions that are not over."""
    final = [True] * 59 + [False]
    a, b = together([closes("A"), closes("B", final=final)])
    assert [one.symbol for one in a.panel] == ["B"]
    assert [one.symbol for one in b.panel] == ["A"]
    assert len(a.panel[0]) == 59
    assert not any(one.panel for one in (*a.panel, *beside(a, [a, b]).panel))


def test_two_of_one_name_cannot_be_told_apart():
    with pytest.raises(DataError, match="2 series of the panel are called B; each needs a name"):
        together([closes("A"), closes("B"), closes("B", seed=1)])


def test_all_is_known():
    """Also of a market that closes later, the day before."""
    east = closes("E", timezone=TOKYO)
    assert unknown(closes("A"), closes("B"), east) == ((), (), 2)
    west = closes("B").slice(59)
    assert unknown(east, closes("A"), west).symbols == ()
    assert unknown(east, west.slice(58)).behind == ("B",)
    assert unknown(closes("A"), west, closes("C", 70)).behind == ("B",)  # C goes on


@pytest.mark.parametrize("timezone", ["", NEW_YORK])
def test_a_session_behind(timezone):
    """Where another lacks the session that is the last here; without time zones, the one before."""
    own = closes("A", timezone=timezone)
    n = 59 if timezone else 58
    enough, short = (closes(name, n + k, timezone) for k, name in ((1, "B"), (0, "C")))
    assert unknown(own, enough, short) == ((), ("C",), 2)


def test_what_is_missing_or_old():
    """Not there, or more than 14 days old; of one that is there and no member nothing is asked."""
    own = closes("A")  # to 2020-03-24, a Tuesday
    assert str(own.sessions[-1]) == "2020-03-24"
    old, just = closes("O").until("2020-03-09"), closes("J").until("2020-03-10")
    found = unknown(own, old, just, closes("STRANGE", 50), symbols=("A", "GONE", "J", "O"))
    assert found == (("GONE", "O"), ("J",), 3)
    assert found.symbols == ("GONE", "O", "J")
    again = closes("O", 90)
    gap = replace(again, bars=again.bars.drop(again.bars.index[48:61]))
    assert unknown(own, gap).missing == ("O",)  # it goes on, and was not there at the time


def test_what_says_nothing_is_missing():
    """Too young to be measured, yet to begin, constant, or at zero or less since long ago."""
    own = closes("A")
    young, empty = (replace(closes("B").slice(n), symbol=f"Y{n}") for n in (5, 0))
    late, flat = closes("L", start="2020-03-04"), closes("F")
    flat = replace(flat, bars=flat.bars.assign(close=1.0, adj_close=1.0))
    fallen = closes("Z")
    below = np.r_[fallen.column("adj_close")[:40], -1.0, fallen.column("adj_close")[41:]]
    fallen = replace(fallen, bars=fallen.bars.assign(adj_close=below))
    dead = closes("D")  # a feed that gives its last price again and again
    stands = np.r_[dead.column("adj_close")[:48], np.full(12, dead.column("adj_close")[47])]
    dead = replace(dead, bars=dead.bars.assign(adj_close=stands, close=stands))
    found = unknown(own, young, empty, late, flat, fallen, dead)
    assert found == (("Y5", "Y0", "L", "F", "Z", "D"), (), 6)
    below = np.r_[fallen.column("adj_close")[:20], -1.0, closes("Z").column("adj_close")[21:]]
    again = replace(fallen, bars=fallen.bars.assign(adj_close=below))
    assert unknown(own, again) == ((), (), 1)  # it has begun anew since


@pytest.mark.parametrize(("n_known", "is_most"), [(0, True), (1, False), (2, False)])
def test_less_than_a_quarter_is_too_little(n_known, is_most):
    """What is said of it names how many; those that are behind are known."""
    own, members = closes("A"), [closes(name, 59) for name in "BCDE"]
    found = unknown(own, *members[:n_known], symbols="ABCDE")
    assert found.is_most == is_most
    some = "4 of its panel's 4 other series"
    assert found.told("then") == (
        f"nothing is known of {some} in the 14 days to then"
        if is_most
        else f"{some} are not up to then, and what they lack is not seen"
    )
    assert not unknown(own, symbols="A").is_most


def test_one_is_told_as_one():
    one = unknown(closes("A"), closes("B", 59), closes("C"))
    assert one.told("then") == (
        "1 of its panel's 2 other series is not up to then, and what it lacks is not seen"
    )
