"""Charts as shapes: the geometry says what the numbers say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.report.figure import (
    MOST_PLACES,
    SIZE,
    Figure,
    Panel,
    Series,
    log_ticks,
    nice_ticks,
    session_words,
    thinned,
)

SIZES = st.floats(1e-6, 1e9)
ENDS = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))


def drawn(*series, **options):
    n = len(series[0].values)
    panel = Panel("a panel", series, lambda value, _: f"{value:g}", **options)
    return Figure("key", "", "", "", [""] * n, [], [panel], []).drawn()[0]


def line(values):
    return Series("", "ink", np.asarray(values, float))


def points(shape):
    return np.array([pair.split(",") for pair in shape.points.split()], float)


@given(ENDS)
def test_ticks_are_round_and_few(ends):
    """One to five multiples of 1, 2 or 5 times a power of ten, within the ends."""
    low, high = ends[0], ends[0] + ends[1]
    ticks = nice_ticks(low, high)
    room = 1e-6 * ends[1] + 1e-9
    assert 1 <= len(ticks) <= 6
    assert all(low - room <= tick <= high + room for tick in ticks)
    if len(ticks) > 1:
        step = ticks[1] - ticks[0]
        lead = step / 10.0 ** math.floor(math.log10(step) + 1e-9)
        assert min(abs(lead - one) for one in (1, 2, 5, 10)) < 1e-3


@given(SIZES, st.floats(3, 1e4))
def test_ticks_of_a_logarithmic_axis(low, times):
    """1, 2 and 5 times powers of ten, at least one of them within a factor of three."""
    ticks = log_ticks(low, low * times)
    assert ticks
    assert all(low <= tick <= low * times for tick in ticks)


@given(st.integers(1, 20_000))
def test_thinning_keeps_the_last(n):
    """Evenly many places, few enough, and the last one is today."""
    places = thinned(n)
    assert places[-1] == n - 1
    assert len(places) <= MOST_PLACES
    assert len(places) == n or len(places) > MOST_PLACES / 2 - 1
    assert len(set(np.diff(places))) <= 1


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_a_line_is_where_its_values_are(values):
    """Heights are affine in the values, higher is larger, and all of it is inside."""
    (shape,) = drawn(line(values)).shapes
    at = points(shape)
    assert len(at) == len(values)
    assert (at >= 0).all()
    assert (at <= SIZE).all()
    assert np.allclose(at[:, 0], SIZE * (np.arange(len(values)) + 0.5) / len(values), atol=0.06)
    spread = np.ptp(values)
    if spread > 1e-6:
        height = 1 - (np.asarray(values) - np.min(values)) / spread
        assert np.allclose((at[:, 1] - at[:, 1].min()) / np.ptp(at[:, 1]), height, atol=2e-3)


def test_a_gap_is_a_gap():
    """What is not known is not drawn, and each piece knows where it begins."""
    shapes = drawn(line([1, 2, np.nan, 3, np.nan, np.nan, 4, 5])).shapes
    assert [(shape.first, len(points(shape))) for shape in shapes] == [(0, 2), (3, 1), (6, 2)]


@pytest.mark.parametrize("values", [[0.0, 0.0], [5.0], [np.nan, np.nan], [-1e-12, 0.0]])
def test_values_without_a_spread(values):
    """A constant, or nothing at all, has an axis, too."""
    found = drawn(line(values))
    assert found.ticks
    assert all(np.isfinite(points(shape)).all() for shape in found.shapes)


def test_a_growing_curve_has_a_logarithmic_axis():
    """Equal growth is an equal step."""
    (shape,) = drawn(line([1, 10, 100]), may_log=True).shapes
    steps = np.diff(points(shape)[:, 1])
    assert steps[0] == pytest.approx(steps[1], abs=0.2)


def test_bars_stand_on_zero():
    """A bar goes from zero to its value, up or down."""
    up, down = drawn(
        Series("", "model", np.array([2.0, -2.0]), shape="bars"), limits=(-4, 4)
    ).shapes
    assert points(up)[:, 1].tolist() == [250, 250, 500, 500]
    assert points(down)[:, 1].tolist() == [750, 750, 500, 500]


def test_levels_lie_over_areas_and_under_lines():
    """A level is seen through a band, and does not hide a curve."""
    band = Series("", "wide", np.zeros(3), upper=np.ones(3), shape="band")
    shapes = drawn(line([0, 1, 0]), band, levels=(0.5,)).shapes
    assert [shape.style.split()[0] for shape in shapes] == ["band", "level", "line"]


def test_words_of_sessions():
    """Dates along the axis are those of their places."""
    sessions = np.busday_offset("2023-01-02", np.arange(120))
    words = session_words(sessions)
    assert words[0] == (22, "Feb 2023")
    assert all(sessions[at].astype("M8[M]") == sessions[at] - (sessions[at].item().day - 1) for at, _ in words)  # fmt: skip
