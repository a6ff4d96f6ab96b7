"""Prices are valid, or they are not made."""

import datetime as dt
import hashlib
import struct
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_prices import build_prices

from lstmfin.data.faults import VALUE_COLUMNS
from lstmfin.data.prices import Prices, drop_range, make_actions, make_bars, validate
from lstmfin.errors import DataError

DAYS = ["2020-01-02", "2020-01-03", "2020-01-06"]


def three(**changes):
    columns = {"open": [1.0, 2, 3], "high": [2.0, 3, 4], "low": [0.5, 1, 2], "close": [1.0, 2, 3]}
    return make_bars(changes.pop("sessions", DAYS), **{**columns, **changes})


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sessions": [DAYS[0], DAYS[0], DAYS[2]]}, "2020-01-02: session does not come after"),
        ({"sessions": DAYS[::-1]}, "2020-01-03: session does not come after"),
        ({"sessions": ["1899-12-31", *DAYS[1:]]}, "1899-12-31: session is before 1900"),
        ({"close": [1, np.nan, 3]}, "2020-01-03: close nan is not a finite number"),
        ({"close": [1, 2, np.inf]}, "2020-01-06: close inf is not a finite number"),
        ({"adj_close": [1, 2, np.nan]}, "2020-01-06: adj_close nan is not"),
        ({"open": [1, np.nan, 3]}, "2020-01-03: open nan is not a finite number, but others are"),
        ({"high": np.nan}, "2020-01-02: high nan is not a finite number, but others are"),
        ({"low": [0.5, 1, 3.1]}, "2020-01-06: low 3.1 is above the open or the close"),
        ({"high": [2, 3, 2.9]}, "2020-01-06: high 2.9 is below the open or the close"),
        ({"high": [2, 3, 3 * (1 - 1e-5)]}, "2020-01-06: high 2.99997 is below the open or"),
        ({"low": [0.5, -np.inf, 2]}, "2020-01-03: low -inf is not a finite"),
        ({"volume": [1, -1, 1]}, "2020-01-03: volume -1 is not a volume"),
        ({"volume": [1, np.inf, 1]}, "2020-01-03: volume inf is not a volume"),
    ],
)
def test_what_cannot_be_is_refused_by_session_and_column(changes, words):
    """The error names the symbol, the session, the column and the value."""
    with pytest.raises(DataError, match=f"^TEST: {words}"):
        Prices("TEST", three(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"open": np.nan, "high": np.nan, "low": np.nan},
        {"high": [2, 3, 3 * (1 - 1e-7)]},
        {"volume": [0, np.nan, 5]},
        {"open": -2.0, "high": 3.0, "low": -37.0, "close": [-36.98, 0, 2]},
    ],
)
def test_what_can_be_is_kept(changes):
    """Bars without a range, rounding, no volume, and prices of zero or below are data."""
    assert len(Prices("TEST", three(**changes))) == 3


def test_bars_must_have_the_shape():
    """A frame of another shape is refused, not guessed at."""
    bars = three()
    for wrong, words in [
        (bars.drop(columns="final"), "must have the columns"),
        (bars.tz_localize("UTC"), "without a time zone"),
        (bars.set_index(bars.index + pd.Timedelta(hours=9)), "must be daily"),
        (bars.reset_index(drop=True), "indexed by dates"),
    ]:
        with pytest.raises(DataError, match=words):
            Prices("TEST", wrong)


def test_unknown_actions_are_refused():
    """An action is a dividend or a split with a finite value."""
    for row in [("2020-01-03", "bonus", 1.0), ("2020-01-03", "split", np.nan)]:
        with pytest.raises(DataError, match="2020-01-03: action"):
            Prices("TEST", three(), make_actions([row]))


def test_the_future_is_refused_when_today_is_given():
    """A session after today cannot be; today's can."""
    made = Prices("TEST", three())
    validate(made, today=dt.date(2020, 1, 6))
    with pytest.raises(DataError, match="2020-01-06: session is in the future"):
        validate(made, today=dt.date(2020, 1, 5))


def test_log_returns_are_total_returns():
    """They come from the adjusted close, and the first is NaN."""
    made = Prices("TEST", three(adj_close=[1, np.e, np.e]))
    np.testing.assert_allclose(made.log_returns(), [np.nan, 1, 0], atol=1e-15)


@pytest.mark.parametrize("price", [0.0, -36.98])
def test_log_returns_refuse_prices_without_a_logarithm(price):
    """The error names the session and the value."""
    made = Prices("WTI", three(open=-40.0, high=9, low=-40.0, close=[1, price, 2]))
    with pytest.raises(DataError, match=f"^WTI: the price of 2020-01-03 is {price:g}, .*--start"):
        made.log_returns()


def test_adjusted_scales_like_the_close():
    """Every column is scaled by the ratio of adjusted to raw close; a close of zero leaves it."""
    made = Prices("TEST", three(open=0, low=0, close=[1, 2, 0], adj_close=[0.5, 2, 0]))
    np.testing.assert_allclose(made.adjusted("high"), [1, 3, 4])
    np.testing.assert_allclose(made.adjusted("close"), made.column("adj_close"))


def test_range_and_volume_are_known():
    """has_range and has_volume tell what the columns carry."""
    made = Prices("TEST", three(volume=[0, 0, 1]))
    assert made.has_range
    assert made.has_volume
    assert not drop_range(made).has_range
    assert not Prices("TEST", three(volume=0)).has_volume
    assert not Prices("TEST", three()).has_volume


@pytest.mark.parametrize("end", ["2020-01-03", dt.date(2020, 1, 5), np.datetime64("2020-01-03")])
def test_until_keeps_what_was_known(end):
    """Bars and actions up to the date, that one included."""
    actions = make_actions([("2020-01-03", "dividend", 1), ("2020-01-06", "split", 2)])
    made = Prices("TEST", three(), actions).until(end)
    assert list(made.sessions.astype(str)) == DAYS[:2]
    assert list(made.actions["kind"]) == ["dividend"]


def test_finished_drops_the_open_end():
    """Bars at the end whose session is not over are dropped."""
    assert len(Prices("TEST", three(final=[True, True, False])).finished()) == 2
    assert len(Prices("TEST", three(final=[True, False, False])).finished()) == 1
    assert len(Prices("TEST", three(final=False)).finished()) == 0
    assert len(Prices("TEST", three()).finished()) == 3


def test_slice_takes_the_first():
    """By position; one past the end is refused."""
    made = Prices("TEST", three())
    assert [len(made.slice(stop)) for stop in range(4)] == [0, 1, 2, 3]
    with pytest.raises(DataError, match="cannot take 4 of 3 sessions"):
        made.slice(4)


def test_digest_is_of_sessions_and_values_alone():
    """Any value changes it, nothing else does; its bytes are little-endian days and doubles."""
    made = Prices("TEST", three(volume=[0, np.nan, 1]))
    other = replace(made, symbol="OTHER", source="csv", label="x")
    assert made.digest() == other.digest()
    assert made.digest() != Prices("TEST", three(volume=[0, 0, 1])).digest()
    assert made.digest() == Prices("TEST", three(volume=[-0.0, -np.nan, 1])).digest()
    digests = {made.digest()}
    for name in VALUE_COLUMNS:
        bars = made.bars.copy()
        bars.loc["2020-01-03", name] = bars["close"].iloc[1] * (1 + 1e-12)
        digests.add(Prices("TEST", bars).digest())
    assert len(digests) >= 4  # of open, high and low, some were that close
    one = Prices("TEST", make_bars(["1970-01-02"], close=[2.0]))
    nan = struct.pack("<d", np.nan)
    two = struct.pack("<d", 2.0)
    expected = struct.pack("<q", 1) + nan * 3 + two + two + nan
    assert one.digest() == hashlib.sha256(expected).hexdigest()


def test_made_prices_are_whole():
    """The prices of these tests have a range, a volume and an adjusted close of their own."""
    made = build_prices()
    assert made.has_range
    assert made.has_volume
    assert (made.column("adj_close") != made.column("close")).all()
