"""Sessions by the exchange's clock and calendar."""

import datetime as dt
import sys
import types
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.data.calendar import (
    SETTLING,
    exchange_of,
    future_sessions,
    has_calendar,
    has_ended,
    missing_sessions,
)
from lstmfin.data.calendar import _calendar_months as known

ZONES = {
    "America/New_York": dt.time(16),
    "Europe/London": dt.time(16, 30),
    "Asia/Tokyo": dt.time(15, 30),
    "Australia/Sydney": dt.time(16),
}
DAYS = [
    dt.date(2024, 2, 29),
    *(dt.date(2026, 3, day) for day in (7, 8, 9, 28, 29, 30)),  # clocks change in the west ...
    *(dt.date(2026, 4, day) for day in (4, 5, 6)),  # ... in Sydney
    *(dt.date(2026, 10, day) for day in (3, 4, 5, 24, 25, 26)),
    *(dt.date(2026, 11, day) for day in (1, 2)),
    dt.date(2026, 12, 31),
]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_a_session_is_over_half_an_hour_after_its_close(zone, day):
    """To the second, on the exchange's own wall, whichever way clocks changed that day."""
    close = dt.datetime.combine(day, ZONES[zone], ZoneInfo(zone))
    over = (close + SETTLING).astimezone(dt.UTC)
    for before in (dt.timedelta(seconds=1), dt.timedelta(hours=1), dt.timedelta(hours=30)):
        assert not has_ended(day, zone, over - before, close=close)
    for after in (dt.timedelta(0), dt.timedelta(hours=1), dt.timedelta(days=3)):
        assert has_ended(day, zone, over + after, close=close)


@pytest.mark.parametrize("zone", ["", *ZONES])
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_without_hours_a_session_lasts_until_midnight(zone, day):
    """Midnight of the exchange, UTC where its zone is not known."""
    zoneinfo = ZoneInfo(zone or "UTC")
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zoneinfo)
    over = (midnight.astimezone(dt.UTC) + SETTLING).astimezone(zoneinfo)
    assert not has_ended(day, zone, over - dt.timedelta(seconds=1))
    assert has_ended(day, zone, over)


def test_one_moment_is_three_days():
    """When Tokyo's session is over, London's runs and New York's has not begun."""
    now = dt.datetime(2026, 3, 10, 7, 0, tzinfo=dt.UTC)
    today, yesterday = dt.date(2026, 3, 10), dt.date(2026, 3, 9)
    closes = {
        zone: dt.datetime.combine(today, time, ZoneInfo(zone)) for zone, time in ZONES.items()
    }
    ended = {zone: has_ended(today, zone, now, close=close) for zone, close in closes.items()}
    assert ended == {
        "America/New_York": False,
        "Europe/London": False,
        "Asia/Tokyo": True,
        "Australia/Sydney": True,
    }
    assert all(has_ended(yesterday, zone, now) for zone in ZONES)


def test_a_clock_set_back_a_day_finishes_nothing():
    """What was over stays unfinished for a clock that is behind: it is kept out, not taken early."""
    day, zone = dt.date(2026, 3, 10), "America/New_York"
    close = dt.datetime.combine(day, dt.time(16), ZoneInfo(zone))
    late = close + dt.timedelta(hours=2)
    assert has_ended(day, zone, late, close=close)
    assert not has_ended(day, zone, late - dt.timedelta(days=1), close=close)
    assert not has_ended(day, zone, late - dt.timedelta(days=1))


@given(
    st.dates(dt.date(2000, 1, 1), dt.date(2030, 1, 1)), st.sampled_from(sorted(ZONES)), st.data()
)
def test_over_stays_over(day, zone, data):
    """As time goes on a session that is over never begins again."""
    seconds = st.integers(946_684_800, 1_893_456_000)  # 2000 to 2030
    moments = seconds.map(lambda second: dt.datetime.fromtimestamp(second, dt.UTC))
    early, late = sorted(data.draw(st.tuples(moments, moments)))
    assert has_ended(day, zone, early) <= has_ended(day, zone, late)


@pytest.mark.parametrize(
    ("symbol", "zone", "exchange"),
    [
        ("AAPL", "America/New_York", "XNYS"),
        ("^GSPC", "America/New_York", "XNYS"),
        ("BRK-B", "America/New_York", "XNYS"),
        ("VOD.L", "Europe/London", "XLON"),
        ("7203.T", "Asia/Tokyo", "XTKS"),
        ("BHP.AX", "Australia/Sydney", "XASX"),
        ("^N225", "Asia/Tokyo", "XTKS"),
        ("BTC-USD", "UTC", "24/7"),
        ("EURUSD=X", "Europe/London", "24/5"),
        ("X.UNKNOWN", "America/New_York", ""),
        ("MINE", "", ""),
    ],
)
def test_the_exchange_of_a_symbol(symbol, zone, exchange):
    """By its suffix, else by the zone of its exchange; empty where neither tells."""
    assert exchange_of(symbol, zone) == exchange


def days(*texts):
    return np.array(texts, dtype="datetime64[D]")


def weekdays(start, end, *holidays):
    made = np.arange(start, end, dtype="datetime64[D]")
    return np.setdiff1d(made[np.is_busday(made)], days(*holidays))


@pytest.fixture
def calendar(monkeypatch):
    """A library of calendars that knows one exchange: weekdays but for two holidays, to 2024."""
    import pandas as pd

    class CalendarError(Exception):
        pass

    def get_calendar(name, *, start, end):
        if name != "XNYS":
            raise CalendarError(name)
        if np.datetime64(end) > np.datetime64("2025-06-01"):
            raise ValueError(f"{end} is beyond what is known")
        sessions = weekdays(start, np.datetime64(end) + 1, "2024-07-04", "2024-12-25")
        return types.SimpleNamespace(sessions=pd.DatetimeIndex(sessions))

    made = types.ModuleType("exchange_calendars")
    made.get_calendar = get_calendar
    made.errors = types.ModuleType("exchange_calendars.errors")
    made.errors.CalendarError = CalendarError
    monkeypatch.setitem(sys.modules, "exchange_calendars", made)
    monkeypatch.setitem(sys.modules, "exchange_calendars.errors", made.errors)
    known.cache_clear()
    yield made
    known.cache_clear()


def test_a_calendar_is_made_once(calendar, monkeypatch):
    """It takes half a second; series of one exchange that end in one month share it."""
    asked, get = [], calendar.get_calendar
    monkeypatch.setattr(calendar, "get_calendar", lambda *a, **k: asked.append(a) or get(*a, **k))
    for end in ("2024-07-03", "2024-07-10", "2024-07-20"):
        past = weekdays("2024-03-01", end, "2024-07-04")
        assert has_calendar(past, "XNYS")
        for n in (1, 2):
            assert len(future_sessions(past, n, exchange="XNYS")) == n
    assert len(asked) <= 4


def test_a_calendar_knows_holidays_to_come(calendar):
    """The 4th of July is passed over, where the calendar explains what was."""
    past = weekdays("2024-03-01", "2024-07-03")
    future = future_sessions(past, 3, exchange="XNYS")
    assert future.astype(str).tolist() == ["2024-07-03", "2024-07-05", "2024-07-08"]
    assert future_sessions(past, 3)[1] == np.datetime64("2024-07-04")


@pytest.mark.parametrize("exchange", ["", "XLON"])
def test_an_unknown_exchange_goes_by_weekdays(calendar, exchange):
    """So does one that the library does not know."""
    past = weekdays("2024-03-01", "2024-07-03")
    assert not has_calendar(past, exchange)
    np.testing.assert_array_equal(
        future_sessions(past, 5, exchange=exchange), future_sessions(past, 5)
    )


def test_a_calendar_that_does_not_explain_the_past_is_not_used(calendar):
    """A series with sessions on its holidays, or with half of its sessions, is of another market."""
    whole = weekdays("2024-05-01", "2024-07-20")
    assert not has_calendar(whole, "XNYS")  # it has the 4th of July
    assert not has_calendar(weekdays("2024-03-01", "2024-07-03")[::2], "XNYS")
    assert future_sessions(whole, 1, exchange="XNYS").astype(str).tolist() == ["2024-07-22"]


def test_beyond_the_years_of_a_calendar_weekdays_go_on(calendar):
    """As many dates as were asked for, always."""
    past = weekdays("2024-03-01", "2024-07-03")
    assert len(future_sessions(past, 700, exchange="XNYS")) == 700


def test_gaps_by_the_calendar(calendar):
    """Every session that is missing, and no holiday; by weekdays only what no holiday can be."""
    whole = weekdays("2024-03-01", "2024-09-01", "2024-07-04")
    gone = np.isin(whole, days("2024-04-10", "2024-05-06", "2024-05-07"))
    assert missing_sessions(whole[~gone], exchange="XNYS").tolist() == whole[gone].tolist()
    assert missing_sessions(whole[~gone]).tolist() == []
    week = (whole >= days("2024-04-08")[0]) & (whole < days("2024-04-17")[0])
    assert missing_sessions(whole[~week]).tolist() == whole[week].tolist()
    assert missing_sessions(whole[:1]).tolist() == []


EXACT = {
    "XNYS": ("2024-07-02", ["2024-07-03", "2024-07-05"]),
    "XLON": ("2024-03-28", ["2024-04-02", "2024-04-03"]),
    "XTKS": ("2024-05-02", ["2024-05-07", "2024-05-08"]),
    "XASX": ("2024-04-24", ["2024-04-26", "2024-04-29"]),
    "24/7": ("2024-03-30", ["2024-03-31", "2024-04-01"]),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the library's own, of this pandas
@pytest.mark.parametrize("exchange", EXACT)
def test_the_real_calendars(exchange):
    """Independence Day, Easter, Golden Week and Anzac Day, by the library itself."""
    library = pytest.importorskip("exchange_calendars", reason="pip install 'lstmfin[calendar]'")
    last, expected = EXACT[exchange]
    known = library.get_calendar(exchange, start="2024-01-01", end=last)
    past = known.sessions.to_numpy().astype("datetime64[D]")
    assert has_calendar(past, exchange)
    assert future_sessions(past, 2, exchange=exchange).astype(str).tolist() == expected
    assert missing_sessions(past[past != past[-5]], exchange=exchange).tolist() == [past[-5].item()]


def test_hours_of_a_later_day_say_that_the_day_is_over():
    """In the evening a source may tell the hours of tomorrow; today's session is over, no later one."""
    zone = "America/New_York"
    close = dt.datetime(2026, 3, 11, 16, tzinfo=ZoneInfo(zone))
    now = dt.datetime(2026, 3, 10, 21, tzinfo=ZoneInfo(zone))
    assert has_ended(dt.date(2026, 3, 9), zone, now, close=close)
    assert has_ended(dt.date(2026, 3, 10), zone, now, close=close)
    assert not has_ended(dt.date(2026, 3, 11), zone, now, close=close)
    assert not has_ended(dt.date(2026, 3, 10), zone, now - dt.timedelta(days=1), close=close)
