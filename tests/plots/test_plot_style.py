from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from lstmfin.errors import UsageError
from lstmfin.plots.save import figure_bytes, picture_format
from lstmfin.plots.style import spread
from lstmfin.plots.text import literal, price, price_label
from lstmfin.plots.theme import THEMES


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8).map(sorted), st.floats(0.01, 0.2))
def test_spread_keeps_the_gap_and_moves_no_more_than_needed(wanted, gap):
    """Places are a gap apart, in order; those far enough apart stay."""
    places = spread(wanted, gap)
    steps = [b - a for a, b in pairwise(places)]
    assert all(step >= gap - 1e-12 for step in steps)
    if all(b - a >= gap for a, b in pairwise(wanted)):
        assert places == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize(
    ("wanted", "places"), [([0.5, 0.5], [0.45, 0.55]), ([0.2, 0.8], [0.2, 0.8]), ([0.3], [0.3])]
)
def test_spread_is_symmetric(wanted, places):
    """Two at one height part evenly."""
    assert spread(wanted, 0.1) == pytest.approx(places)


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        (185.2, "USD", "$185.20"),
        (1.084251, "EUR", "€1.0843"),
        (1.0, "CHF", "CHF 1.0000"),
        (12345.6, "JPY", "¥12,346"),
        (4321.0, "", "4,321.00"),
        (-37.63, "USD", "-$37.63"),
        (0.0000123, "USD", "$0.0000123"),
        (0.0, "USD", "$0.00"),
    ],
)
def test_price(value, currency, expected):
    """Sign or code in front, digits by size: three significant ones at least."""
    assert price(value, currency) == expected


def test_price_axis_names_its_unit():
    """A currency, or points of an index; of others none where none is known."""
    assert price_label("EUR", "ACME") == "Price (EUR)"
    assert price_label("", "^GSPC") == "Level (points)"
    assert price_label("", "ACME") == "Price (no currency given)"


@given(st.text(max_size=200))
def test_literal_is_one_printable_line(text):
    """Whatever a symbol holds."""
    line = literal(text, 40)
    assert line.isprintable()
    assert len(line) <= 40
    if text.isprintable() and len(text) <= 40:
        assert line == text


@pytest.mark.parametrize(
    ("name", "expected"), [("a.png", "png"), ("b/c.SVG", "svg"), ("x.y.pdf", "pdf")]
)
def test_suffix_chooses_the_format(name, expected):
    """In either case of letters, by the last suffix."""
    assert picture_format(Path(name)) == expected


@pytest.mark.parametrize(
    ("name", "match"),
    [("a.pgn", "did you mean 'png'"), ("a", r"\.pdf, \.png, \.svg"), ("a.", "suffix")],
)
def test_other_suffixes_are_refused(name, match):
    """With the suffixes there are."""
    with pytest.raises(UsageError, match=match):
        picture_format(Path(name))


def test_unknown_format_is_refused():
    """As a usage error, before anything is drawn."""
    with pytest.raises(UsageError, match="suffix"):
        figure_bytes(Figure(), "gif")


def test_tints_run_from_paper_to_colour():
    """A share of nothing is the background, all of it the colour."""
    theme = THEMES["light"]
    assert theme.tint("#000000", 0.0) == (1.0, 1.0, 1.0)
    assert theme.tint("#000000", 1.0) == (0.0, 0.0, 0.0)
