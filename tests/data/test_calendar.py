"""Dates of sessions to come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.data.calendar import LOOK_BACK, future_sessions

MONDAY = np.datetime64("2024-01-01")


def weekday(days):
    """Monday is 0."""
    return (days - MONDAY).astype(int) % 7


def open_on(weekdays, n_days=200, start=MONDAY):
    days = start + np.arange(n_days)
    return days[np.isin(weekday(days), list(weekdays))]


markets = st.sets(st.integers(0, 6), min_size=1)
starts = st.integers(-20_000, 30_000).map(lambda n: np.datetime64(n, "D"))


@given(markets, starts, st.integers(60, 200), st.integers(0, 80))
def test_sessions_to_come_rise_after_the_last(weekdays, start, n_days, n):
    """As many as asked for, strictly rising, after the last, on weekdays of the market alone."""
    sessions = open_on(weekdays, n_days, start)
    future = future_sessions(sessions, n)
    assert future.shape == (n,)
    assert future.dtype == "datetime64[D]"
    assert (np.diff(np.append(sessions[-1], future)).astype(int) > 0).all()
    assert set(weekday(future)) <= set(weekdays)


@given(markets, starts, st.integers(60, 200), st.integers(1, 80))
def test_no_session_is_left_out(weekdays, start, n_days, n):
    """Of a market without holidays the forecast dates are those that the next days bring."""
    sessions = open_on(weekdays, n_days, start)
    longer = open_on(weekdays, n_days + 7 * n + 7, start)
    np.testing.assert_array_equal(
        future_sessions(sessions, n), longer[len(sessions) : len(sessions) + n]
    )


@pytest.mark.parametrize(
    ("weekdays", "expected"),
    [
        (range(5), ["2024-05-06", "2024-05-07", "2024-05-08"]),
        (range(7), ["2024-05-04", "2024-05-05", "2024-05-06"]),
        ([6, 0, 1, 2, 3], ["2024-05-05", "2024-05-06", "2024-05-07"]),
        ([4], ["2024-05-10", "2024-05-17", "2024-05-24"]),
    ],
)
def test_the_week_is_that_of_the_market(weekdays, expected):
    """After Friday, 3 May 2024: a stock, a coin, a Sunday-to-Thursday exchange, a weekly fixing."""
    sessions = open_on(weekdays, 124)
    assert future_sessions(sessions, 3).astype(str).tolist() == expected


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_few_sessions_do_not_make_a_week(n):
    """Below five sessions Monday to Friday are open, whatever was seen; a weekend seen is too."""
    monday = future_sessions(MONDAY + np.arange(n), 10)
    assert set(weekday(monday)) == set(range(5))
    saturday = future_sessions(np.array(["2024-01-06"], "M8[D]"), 6)
    assert weekday(saturday).tolist() == [0, 1, 2, 3, 4, 5]


def test_only_the_last_quarter_counts():
    """A market that gave up Saturdays long ago is closed on them; a recent one is seen."""
    week = open_on(range(5), 400, np.datetime64("2024-01-08"))
    saturday = np.array(["2024-01-06"], "M8[D]")
    old, recent = np.append(saturday, week), np.append(saturday, week[: LOOK_BACK - 1])
    assert 5 not in weekday(future_sessions(old, 30))
    assert 5 in weekday(future_sessions(recent, 30))


def test_holidays_change_no_week():
    """A Monday without a session now and then is a holiday, not the end of Mondays."""
    sessions = open_on(range(5), 124)
    gaps = sessions[~np.isin(sessions, np.array(["2024-04-01", "2024-04-29"], "M8[D]"))]
    np.testing.assert_array_equal(future_sessions(gaps, 9), future_sessions(sessions, 9))


def test_sessions_of_a_finer_unit_give_days():
    """Timestamps of a day are that day."""
    week = open_on(range(5), 12)
    np.testing.assert_array_equal(
        future_sessions(week.astype("M8[D]"), 4), np.busday_offset(week[-1], [1, 2, 3, 4])
    )
