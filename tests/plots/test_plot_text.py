"""Words, dates and lines in pictures, beyond the contract of the kinds."""

import datetime as dt
import math
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from lstmfin.errors import UsageError
from lstmfin.plots.kinds.gradients import LEAST, MOST, Curve, make
from lstmfin.plots.measured import Measured
from lstmfin.plots.style import Frame, Label, framed, label_right, percent_axis, session_axis
from lstmfin.plots.text import SIGNS, literal, price
from lstmfin.plots.theme import THEMES, drawing, theme_named
from lstmfin.registry import PLOTS


def number(text):
    """The number that a price says."""
    return float("".join(one for one in text if one.isdigit() or one in ".-"))


@given(st.floats(1e-8, 1e9), st.sampled_from(["", "CHF", *SIGNS]))
def test_a_price_is_read_back(value, currency):
    """Rounded to three digits at least, in any currency; a fall below zero is its mirror image."""
    said = price(value, currency)
    assert number(said) == pytest.approx(value, rel=5.1e-3)
    assert price(-value, currency) == f"-{said}"
    assert said.startswith(SIGNS.get(currency, currency))


@given(st.floats(1e-6, 1e8), st.floats(1e-6, 1e8))
def test_prices_keep_their_order(one, other):
    """A higher price is never written as a lower one, though the digits change with its size."""
    low, high = sorted((one, other))
    assert number(price(low)) <= number(price(high)) * (1 + 1e-12)


@given(st.text(min_size=1, max_size=60), st.integers(1, 30))
def test_literal_keeps_places(text, longest):
    """Each character stays in its place until the cut; once literal, a text stays as it is."""
    line = literal(text, longest)
    assert len(line) == min(len(text), longest)
    assert (line[-1] == "…") or len(text) <= longest
    shown = line if len(text) <= longest else line[:-1]
    assert all(a in (b, " ") for a, b in zip(shown, text, strict=False))
    assert literal(line, longest) == line


@settings(deadline=None)
@given(st.integers(2, 3000), st.integers(8000, 20000), st.booleans())
def test_dates_below_sessions(n, first, every_day):
    """At most eight, each below its session, and the year wherever it turns."""
    days = np.datetime64(first, "D") + np.arange(2 * n)
    sessions = days[:n] if every_day else days[np.is_busday(days)][:n]
    axes = Figure().add_subplot()
    session_axis(axes, sessions)
    places = axes.get_xticks().astype(int)
    words = [label.get_text() for label in axes.get_xticklabels()]
    assert 1 <= len(places) <= 8
    assert (np.diff(places) > 0).all()
    assert ((places > 0) & (places < len(sessions))).all()
    year = ""
    for day, word in zip(sessions[places].astype(dt.date), words, strict=True):
        about, _, told = word.partition("\n")
        year = told or year
        if not told and about == f"{day:%Y}":
            continue
        assert year == f"{day:%Y}"
        assert f"{day:%b}" in about


def test_percent_axis_says_fractions_as_percent():
    """A tick at -0.25 is -25 %."""
    axes = Figure().add_subplot()
    axes.set_ylim(-0.5, 0)
    percent_axis(axes)
    for place, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        assert label.get_text().replace("−", "-") == f"{100 * place:.3g} %"


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_labels_stand_at_their_lines(scale):
    """Lowest first in any order, at the height of their line; what is not finite has none."""
    axes = Figure(figsize=(8, 8)).add_subplot()
    axes.set_yscale(scale)
    axes.set_ylim(1, 100)
    labels = [Label(90, "c", "r"), Label(np.nan, "x", "r"), Label(2, "a", "r"), Label(30, "b", "r")]
    label_right(axes, [*labels, Label(np.inf, "y", "r")])
    assert [text.get_text() for text in axes.texts] == ["a", "b", "c"]
    for text, y in zip(axes.texts, (2, 30, 90), strict=True):
        share = (y - 1) / 99 if scale == "linear" else math.log10(y) / 2
        assert text.xy == pytest.approx((1.0, share))
        assert text.xyann[1] == pytest.approx(share)
    before = axes.get_ylim()
    label_right(axes, [])
    assert (len(axes.texts), axes.get_ylim()) == (3, before)


@pytest.mark.parametrize("as_of", [dt.date(2024, 5, 3), np.datetime64("2024-05-03")])
def test_a_footnote_names_source_and_date(as_of):
    """The date alike from either kind of day."""
    figure = framed(THEMES["light"], Frame("T", "S", "made up", as_of))
    assert [one.get_text() for one in figure.texts] == [
        "T",
        "S",
        "Source: made up. Data to 2024-05-03.",
        "lstmfin",
    ]


@pytest.mark.parametrize("name", THEMES)
def test_a_theme_is_told_by_its_name(name):
    """Its colours all differ, and drawing takes its paper and ink, for as long as it lasts."""
    theme = theme_named(name)
    colours = [getattr(theme, key) for key in theme.__dataclass_fields__ if key != "name"]
    assert theme.name == name
    assert len(set(colours)) == len(colours)
    before = dict(mpl.rcParams)
    with drawing(theme):
        assert mpl.rcParams["figure.facecolor"] == theme.background
        assert mpl.rcParams["text.color"] == theme.ink
    assert dict(mpl.rcParams) == before
    with pytest.raises(UsageError, match="there are: light, dark"):
        theme_named("")


def test_what_was_measured_is_drawn_as_it_was():
    """Rest is told of the simple network, where it matters, and its name goes unsaid."""
    simple = {"label": "rnn, U × 1", "cell": "rnn", "lags": [1, 2], "norms": [0.5, 0.25]}
    cell = {"label": "lstm", "cell": "lstm", "inputs": 0.0, "lags": [1, 2], "norms": [0.5, 0.25]}
    found = {"scales": [simple | {"inputs": one} for one in (0.0, 1.0)], "cells": [cell]}
    about = ("gradients", "2024-05-03T20:00:00+00:00", "0.1.0", {"seed": 0})
    picture = make(Measured(*about, found | {"subject": None}))
    assert [one.label for one in picture.scales] == ["U × 1, at rest", "U × 1"]
    assert [one.dashed for one in picture.scales] == [True, False]
    assert [(one.label, one.dashed) for one in picture.cells] == [("lstm", False)]
    assert picture.cells[0].norms.dtype == np.float64
    assert picture.subject == "Recurrent cells"
    assert make(Measured(*about, found | {"subject": "AAPL"})).subject == "AAPL"


@pytest.mark.parametrize("group", ["scales", "cells"])
def test_gradients_draw_a_panel_for_each_group(group, make_picture):
    """A group without curves has no panel, and every curve of the other has its label."""
    picture = replace(make_picture("gradients"), **{group: ()})
    figure = PLOTS.get("gradients").figure(picture)
    (axes,) = figure.axes
    assert sorted(text.get_text() for text in axes.texts) == sorted(
        curve.label for curve in (*picture.scales, *picture.cells)
    )


def test_gradients_start_at_one_and_end_within_the_axis(make_picture):
    """Lag 0 is 1 by definition; what vanished or exploded beyond measure ends at the axis' ends."""
    lags = np.array([1, 100])
    curves = (Curve("gone", lags, np.array([0.5, 1e-30]), "gone", dashed=True),)
    curves += (Curve("blown", lags, np.array([2.0, 1e30]), "blown"),)
    figure = PLOTS.get("gradients").figure(
        replace(make_picture("gradients"), scales=curves, cells=())
    )
    axes = figure.axes[0]
    assert axes.get_ylim() == pytest.approx((LEAST, MOST))
    drawn = [line for line in axes.lines if len(line.get_xdata()) == 3]
    assert [tuple(line.get_xydata()[0]) for line in drawn] == [(0, 1), (0, 1)]
    assert [line.is_dashed() for line in drawn] == [True, False]
    assert [text.xy[1] for text in axes.texts] == pytest.approx([0, 1])


@pytest.mark.parametrize(("share", "ticks"), [(1.0, [0, 1]), (-1.0, [-1, 0, 1]), (2.5, [0, 2.5])])
def test_equity_shows_what_was_held(share, ticks, make_picture):
    """Out to long where nothing was sold short, both sides where it was, leverage whole."""
    picture = make_picture("equity", n=60)
    held = np.where(np.arange(60) > 30, share, 0.0)
    figure = PLOTS.get("equity").figure(replace(picture, position=held))
    assert figure.axes[2].get_yticks().tolist() == ticks
    low, high = figure.axes[2].get_ylim()
    assert low <= held.min() <= held.max() <= high
