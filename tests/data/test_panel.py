"""Series beside each other, and what is not known of them at the last session of one."""

from dataclasses import replace

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


@pytest.mark.parametrize("timezone", ["", NEW_YORK])
def test_a_session_behind(timezone):
    """Where another lacks the session that is the last here; without time zones, the one before."""
    own = closes("A", timezone=timezone)
    n = 59 if timezone else 58
    enough, short = (closes(name, n + k, timezone) for k, name in ((1, "B"), (0, "C")))
    assert unknown(own, enough, short) == ((), ("C",), 2)


def test_what_is_missing_or_old():
    """Not there, or more than 14 days old; one that has yet to begin is not asked for."""
    own = closes("A")  # to 2020-03-24, a Tuesday
    day = str(own.sessions[-1])
    old, just = (
        closes(name).until(end) for name, end in (("O", "2020-03-09"), ("J", "2020-03-10"))
    )
    young = closes("Y", start="2020-04-01")
    empty = replace(closes("Z").slice(0))
    assert day == "2020-03-24"
    found = unknown(own, old, just, young, empty, symbols=("A", "GONE", "J", "O", "Y", "Z"))
    assert found == (("GONE", "O"), ("J",), 3)
    assert found.symbols == ("GONE", "O", "J")


def test_less_than_half_is_refused():
    """In one sentence, with the line that mends it."""
    own, members = closes("A"), [closes(name) for name in "BCDE"]
    found = unknown(own, *members[:2], symbols="ABCDE")
    found.refuse_most("A")
    with pytest.raises(DataError) as caught:
        unknown(own, members[0], symbols="ABCDE").refuse_most("A")
    assert str(caught.value) == (
        "A is to be seen with the panel that the network learned from, and 3 of its 4 other "
        "series are not there or more than 14 days old; bring them up to date: "
        "lstmfin fetch C D E"
    )
    unknown(own, symbols="A").refuse_most("A")
