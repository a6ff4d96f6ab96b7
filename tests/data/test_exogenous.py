"""Other series beside a target's own: what is known of them at each close, and no more."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_prices import build_prices

from lstmfin.data.closes import CLOSE_HOURS, last_known
from lstmfin.data.exogenous import MOST_DAYS_OLD, column_names, exogenous_columns
from lstmfin.data.windows import make_windows
from lstmfin.errors import DataError

NEW_YORK, TOKYO, LONDON, BERLIN = (
    "America/New_York",
    "Asia/Tokyo",
    "Europe/London",
    "Europe/Berlin",
)


def market(symbol, timezone, n=200, *, seed=1, closed=()):
    """Return a series of a market that was closed on some weekdays."""
    prices = build_prices(n, seed=seed, symbol=symbol)
    bars = prices.bars.drop(prices.bars.index[list(closed)])
    return replace(prices, bars=bars, timezone=timezone)


@pytest.mark.parametrize(
    ("looks", "seen", "lag"),
    [
        (("A", NEW_YORK), ("B", NEW_YORK), 0),  # one close for both
        (("A", NEW_YORK), ("B", TOKYO), 0),  # Tokyo is long closed
        (("A", TOKYO), ("B", NEW_YORK), 1),  # New York has not opened
        (("A", NEW_YORK), ("B", LONDON), 0),
        (("A", LONDON), ("B", NEW_YORK), 1),
        (("A", NEW_YORK), ("^VIX", "America/Chicago"), 1),  # a quarter of an hour later
        (("A", NEW_YORK), ("^VIX", NEW_YORK), 1),
        (("^VIX", NEW_YORK), ("A", NEW_YORK), 0),
        (("A", "Africa/Cairo"), ("B", "Africa/Cairo"), 0),
        (("A", NEW_YORK), ("EURUSD=X", LONDON), 1),  # its day goes on to midnight
        (("EURUSD=X", LONDON), ("A", NEW_YORK), 0),
        (("EURUSD=X", LONDON), ("GBPUSD=X", LONDON), 0),
        (("A", NEW_YORK), ("BTC-USD", "UTC"), 1),
        (("A", ""), ("B", NEW_YORK), 1),  # in doubt, the day before
        (("A", NEW_YORK), ("B", ""), 1),
        (("A", ""), ("B", ""), 1),
        (("A", "Africa/Cairo"), ("B", LONDON), 1),  # a zone whose hours are not known
        (("A", NEW_YORK), ("B", "America/Lima"), 1),  # neither are those: until midnight
    ],
)
def test_what_is_known_at_a_close(looks, seen, lag):
    """The same date where that close has passed, else the date before."""
    prices, other = market(*looks), market(*seen)
    np.testing.assert_array_equal(last_known(prices, other), np.arange(200) - lag)


@given(
    looks=st.sampled_from(sorted(CLOSE_HOURS)),
    seen=st.sampled_from(sorted(CLOSE_HOURS)),
    closed=st.sets(st.integers(0, 99), max_size=40),
)
def test_no_close_is_seen_early(looks, seen, closed):
    """By the clock of the time zones, what is known had closed, and what comes next had not."""

    def moment(prices, at):
        hour = pd.Timedelta(hours=CLOSE_HOURS[prices.timezone])
        local = (prices.bars.index[at] + hour).to_pydatetime()
        return local.replace(tzinfo=ZoneInfo(prices.timezone))

    prices, other = market("A", looks, 100), market("B", seen, 100, closed=closed)
    known = last_known(prices, other)
    for t in range(0, 100, 7):
        if known[t] >= 0:
            assert moment(other, known[t]) <= moment(prices, t)
        if known[t] + 1 < len(other):
            assert moment(other, known[t] + 1) > moment(prices, t)


def test_holidays_lose_and_invent_nothing():
    """Returns between rows add up to those of the series; on its holidays there is no new one."""
    prices = market("A", NEW_YORK, closed=[40, 41, 100])
    other = market("B", NEW_YORK, closed=[50, 51, 52, 100])
    returns, volatility, new = (column.values for column in exogenous_columns(prices, other))
    assert np.isnan(returns[0])
    level = np.log(other.column("adj_close"))
    assert np.nansum(returns) == pytest.approx(level[-1] - level[0], rel=1e-9)
    position = {day: at for at, day in enumerate(prices.sessions)}
    closed = [position[day] for day in np.setdiff1d(prices.sessions, other.sessions)]
    np.testing.assert_array_equal(new[closed], 0)
    np.testing.assert_array_equal(returns[closed], 0)
    assert (np.delete(new, closed)[1:] >= 1).all()
    after = position[prices.sessions[40]]  # two of its sessions were added up
    assert new[after] == 3
    at = int(np.searchsorted(other.sessions, prices.sessions[after]))
    assert returns[after] == pytest.approx(level[at] - level[at - 3])
    assert (volatility[closed] == volatility[np.array(closed) - 1]).all()


def test_no_future_of_another_series_in_any_window():
    """Whatever comes after a close, in this series or the other, windows keep every bit."""
    prices = replace(market("A", TOKYO), others=(market("B", NEW_YORK, seed=2),))
    t = 150
    other = prices.others[0]
    bars = other.bars.copy()
    after = bars.index >= prices.bars.index[t]  # Tokyo's close comes before New York's of that day
    bars.loc[after, ["open", "high", "low", "close", "adj_close"]] *= 7.0
    poisoned = replace(prices, others=(replace(other, bars=bars),))
    cut = prices.slice(t + 1)
    shorter = replace(prices, others=(replace(other, bars=other.bars[~after]),)).slice(t + 1)
    windows, *changed = (
        make_windows(one, window=30, horizon=5) for one in (prices, poisoned, cut, shorter)
    )
    assert windows.features[-3:] == column_names(("B",))
    at = np.flatnonzero(windows.origins <= t)
    for one in changed:
        np.testing.assert_array_equal(windows.batch(at), one.batch(at))
    same_day = make_windows(poisoned, window=30, horizon=5).batch(at[-1:] + 2)
    assert (same_day != windows.batch(at[-1:] + 2)).any()


def test_columns_are_in_units_of_the_other_series():
    """Its returns are divided by its own volatility at the origin, its volatility is centred."""
    other = market("B", NEW_YORK, seed=2)
    prices = replace(market("A", NEW_YORK), others=(other,))
    windows = make_windows(prices, features=("weekday",), window=30, horizon=5)
    batch = windows.batch(np.array([0]))[0]
    origin = windows.origins[0]
    columns = exogenous_columns(prices, other)
    span = slice(origin - 29, origin + 1)
    sigma = np.exp(columns[1].values)
    np.testing.assert_allclose(batch[:, 1], columns[0].values[span] / sigma[origin], rtol=1e-4)
    np.testing.assert_allclose(
        batch[:, 2], np.log(sigma[span] / sigma[origin]), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_array_equal(batch[:, 3], 1)


def test_a_late_begin_shortens_the_windows():
    """Sessions before the other series was known are in no window."""
    other = market("B", NEW_YORK, 300, seed=2)
    late = replace(other, bars=other.bars.iloc[60:200])
    prices = replace(market("A", NEW_YORK), others=(late,))
    windows = make_windows(prices, window=30, horizon=5)
    assert windows.origins[0] == 60 + 20 + 30 - 1


def test_series_that_do_not_reach_are_refused():
    """One that ends early, one that begins after the end, and one that never moves."""
    prices = market("A", NEW_YORK)
    early = market("B", NEW_YORK).slice(150)
    with pytest.raises(
        DataError, match=r"B ends early: .* 2020-07-28, and A goes on to 2020-10-06"
    ):
        exogenous_columns(prices, early)
    last_day = prices.sessions[-1] - np.timedelta64(MOST_DAYS_OLD, "D")
    assert len(exogenous_columns(prices, market("B", NEW_YORK).until(last_day))) == 3
    later = replace(build_prices(50, symbol="B", start="2022-01-03"), timezone=NEW_YORK)
    with pytest.raises(DataError, match=r"B shares no session with A: it begins 2022-01-03"):
        exogenous_columns(prices, later)
    flat = dict.fromkeys(("open", "high", "low", "close", "adj_close"), np.full(200, 5.0))
    with pytest.raises(DataError, match=r"^B: zero variance"):
        exogenous_columns(prices, build_prices(symbol="B", **flat))


def test_the_digest_knows_the_others():
    """Two trainings on other neighbours are not on the same data."""
    prices, other = market("A", NEW_YORK), market("B", NEW_YORK)
    digests = {
        prices.digest(),
        replace(prices, others=(other,)).digest(),
        replace(prices, others=(replace(other, timezone=TOKYO),)).digest(),
        replace(prices, others=(other.slice(199),)).digest(),
    }
    assert len(digests) == 4
