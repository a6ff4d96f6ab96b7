"""Pictures made of characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.cli.glyphs import BLOCKS, INNER, MIDDLE, OUTER, range_bar, spark

series = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80)
widths = st.integers(1, 60)


@given(series, widths)
def test_a_line_has_its_width_and_its_ends(values, width):
    """One block a value, as many as there is room for; the first and the last value are there."""
    line = spark(values, width)
    assert len(line) == min(len(values), width)
    assert set(line) <= set(BLOCKS)
    if width >= len(values) and max(values) - min(values) > 1e-6:
        assert line[values.index(min(values))] == BLOCKS[0]
        assert line[values.index(max(values))] == BLOCKS[-1]


@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=60), st.integers(2, 30))
def test_a_line_rises_and_falls_as_its_values_do(values, width):
    """Ordered values give ordered blocks, turned round the line turns round."""
    line = spark(sorted(values), width)
    assert list(line) == sorted(line)
    assert spark(values[::-1], len(values)) == spark(values, len(values))[::-1]


@given(st.integers(2, 200), st.integers(3, 60))
def test_a_long_series_keeps_its_ends(n, width):
    """The first and the last value are among those that are shown."""
    line = spark([2, *[0] * n, 1], width)
    assert (line[0], line[-1]) == (BLOCKS[-1], BLOCKS[4])


def test_a_flat_line_is_flat():
    """A price that does not move is no division by zero."""
    assert spark([3.0] * 5, 4) == BLOCKS[0] * 4


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5), st.integers(1, 50))
def test_a_bar_lies_in_its_width(points, width):
    """Blanks, then nine tenths around half around one median, in the order of the quantiles."""
    bar = range_bar(sorted(points), 0, 1, width)
    assert len(bar) == width
    assert bar.count(MIDDLE) == 1
    body = bar.strip()
    inside = body.strip(OUTER)
    assert " " not in body
    assert set(inside) <= {INNER, MIDDLE}


@pytest.mark.parametrize(
    ("quantiles", "bar"),
    [
        ([0, 2, 5, 8, 10], "──━━━●━━━──"),
        ([5, 5, 5, 5, 5], "     ●     "),
        ([2, 4, 4, 4, 9], "  ──●───── "),
    ],
)
def test_bars(quantiles, bar):
    """To scale."""
    assert range_bar(quantiles, 0, 10, 11) == bar


def test_a_bar_of_no_width_is_no_division_by_zero():
    """All ends at one price."""
    assert range_bar([1, 1, 1, 1, 1], 1, 1, 5) == "●    "
