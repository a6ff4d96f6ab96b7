"""The contract of every kind of plot, walked over the registry."""

import logging
import re
import warnings
import xml.etree.ElementTree as ET
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.dates import ConciseDateFormatter

from lstmfin.errors import UsageError
from lstmfin.plots.kind import PlotKind
from lstmfin.plots.save import FORMATS, figure_bytes
from lstmfin.plots.theme import THEMES
from lstmfin.registry import PLOTS

HOSTILE = ("<b>$x$_", "$\\frac{", "A\nB\x00", "日経^225", "", "W" * 300)
MAGIC = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}

every_kind = pytest.mark.parametrize("kind", PLOTS.names())


@every_kind
@pytest.mark.parametrize("suffix", FORMATS)
def test_same_picture_same_bytes(kind, suffix, make_picture):
    """Drawn twice from the data, in either theme, a file has the same bytes, and no date in it."""
    plot = PLOTS.get(kind)
    for theme in THEMES:
        first, second = (
            figure_bytes(plot.figure(make_picture(kind), theme=theme), suffix) for _ in range(2)
        )
        assert first == second
        assert first.startswith(MAGIC[suffix])
        assert mpl.__version__.encode() not in first
        assert b"CreationDate" not in first


@every_kind
@pytest.mark.parametrize("symbol", HOSTILE)
def test_symbols_are_literal(kind, symbol, make_picture):
    """No symbol is markup or a formula, breaks the file, or says anything on stderr."""
    figure = PLOTS.get(kind).figure(make_picture(kind, symbol=symbol))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        svg = figure_bytes(figure, "svg")
    assert not caught
    ET.fromstring(svg)
    title = figure.texts[0].get_text()
    assert "\n" not in title
    assert len(title) <= 110
    if symbol.isprintable() and len(symbol) < 40:
        assert title.startswith(symbol)
    assert not any(text.get_parse_math() for text in figure.texts)


@every_kind
def test_the_corner_tells_where_it_is_from(kind, make_picture):
    """The source, and the day that it is of, in words below the picture."""
    picture = make_picture(kind)
    said = [text.get_text() for text in PLOTS.get(kind).figure(picture).texts]
    (corner,) = [one for one in said if one.startswith("Source: ")]
    assert re.fullmatch(rf"Source: {picture.source}\. (Data to|Measured on) 2024-05-03\.", corner)


@every_kind
def test_axes_name_their_units(kind, make_picture):
    """A y axis says what it shows and in what unit; the lowest x axis too, if it is not of dates."""
    figure = PLOTS.get(kind).figure(make_picture(kind))
    figure_bytes(figure, "svg")
    for axes in figure.axes:
        assert "(" in axes.get_ylabel()
    lowest = figure.axes[-1]
    dated = isinstance(lowest.xaxis.get_major_formatter(), ConciseDateFormatter)
    words = " ".join(label.get_text() for label in lowest.get_xticklabels())
    assert dated or "20" in words or "(" in lowest.get_xlabel()


@every_kind
@pytest.mark.parametrize("theme", THEMES)
def test_words_can_be_read(kind, theme, make_picture):
    """Every text contrasts with the paper by 3.4 to 1 at least (WCAG 2.1 asks 3 of graphics)."""
    figure = PLOTS.get(kind).figure(make_picture(kind), theme=theme)
    paper = luminance(figure.get_facecolor())
    words = figure.texts + [text for axes in figure.axes for text in axes.texts]
    assert len(words) > 4
    for text in words:
        ink = luminance(text.get_color())
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) > 3.4, to_hex(text.get_color())


def luminance(colour):
    channels = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@every_kind
@pytest.mark.parametrize("theme", THEMES)
def test_nothing_is_cut_off(kind, theme, make_picture, text_boxes):
    """All text lies inside the figure, and the labels at the right do not overlap."""
    figure = PLOTS.get(kind).figure(make_picture(kind), theme=theme)
    boxes = list(text_boxes(figure, figure.texts).values())
    boxes += [axes.get_tightbbox() for axes in figure.axes]  # labels, and ticks within the limits
    for box in boxes:
        assert 0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert 0 <= box.y0 < box.y1 <= figure.bbox.y1
    for axes in figure.axes:
        labels = sorted((box.y0, box.y1) for box in text_boxes(figure, axes.texts).values())
        assert all(low[1] <= high[0] + 1 for low, high in pairwise(labels))


@every_kind
def test_settings_of_the_user_do_not_matter(kind, make_picture):
    """A matplotlibrc changes no byte, and drawing changes no setting."""
    plot = PLOTS.get(kind)
    plain = figure_bytes(plot.figure(make_picture(kind)), "svg")
    with mpl.rc_context(
        {"font.size": 30, "axes.grid": True, "text.usetex": True, "lines.linewidth": 9}
    ):
        before = dict(mpl.rcParams)
        assert figure_bytes(plot.figure(make_picture(kind)), "svg") == plain
        assert dict(mpl.rcParams) == before


@every_kind
def test_kind_keeps_its_word(kind, make_picture):
    """PLOT names its picture, matplotlib's log is quiet, and an unknown theme is a usage error."""
    plot = PLOTS.get(kind)
    assert isinstance(plot, PlotKind)
    assert isinstance(make_picture(kind), plot.picture)
    assert logging.getLogger("matplotlib").getEffectiveLevel() >= logging.ERROR
    with pytest.raises(UsageError, match="did you mean 'dark'"):
        plot.figure(make_picture(kind), theme="drak")
