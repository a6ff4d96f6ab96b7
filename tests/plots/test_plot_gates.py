"""The picture of gates: its stretch, its words, its map."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import QuadMesh

from lstmfin.config import PlotConfig
from lstmfin.engine.cells.coupled import Coupled
from lstmfin.engine.cells.gru import GRU
from lstmfin.engine.cells.lstm import LSTM
from lstmfin.errors import DataError
from lstmfin.models.insight import Reading
from lstmfin.plots.kinds._gate_words import memory_words, panels_of, title_of, unit_names
from lstmfin.plots.kinds.gates import stretch
from lstmfin.plots.save import figure_bytes
from lstmfin.registry import PLOTS

SESSIONS = np.busday_offset("2020-01-01", np.arange(3000), roll="forward")
SHARES = np.array([[0.9, 0.5, 1.0], [0.9, 0.5, 1.0]])


def positions(first=50, **asked):
    return stretch(SESSIONS, first, PlotConfig(**asked), symbol="AAPL")


def test_a_stretch_is_the_last_sessions_or_those_between():
    """120 if nothing is said; --last counts back from --to; both ends are included."""
    assert positions().tolist() == list(range(2880, 3000))
    day = SESSIONS[100].item()
    assert positions(to=day, last=5).tolist() == [96, 97, 98, 99, 100]
    assert positions(from_=SESSIONS[60].item(), to=day).tolist() == list(range(60, 101))


@pytest.mark.parametrize(
    "asked",
    [
        {"from_": dt.date(2040, 1, 1)},
        {"to": dt.date(2019, 1, 1)},
        {"from_": SESSIONS[0].item(), "to": SESSIONS[100].item()},
        {"to": dt.date(2040, 1, 1)},
    ],
)
def test_a_stretch_outside_says_what_there_is(asked):
    """First and last session that can be shown, whose windows are full."""
    with pytest.raises(DataError, match=f"from {SESSIONS[50]} to {SESSIONS[-1]}"):
        positions(**asked)


def test_a_stretch_has_an_end():
    """A picture of ten years shows nothing."""
    with pytest.raises(DataError, match=r"2,950 sessions; a picture shows 2,000 at most"):
        positions(from_=SESSIONS[50].item())


def reading(cell, **changes):
    gates = dict.fromkeys(cell.gates, SHARES)
    states = dict.fromkeys(cell.states, SHARES)
    return replace(Reading(gates, states, {}, SHARES, None), **changes)


def test_panels_are_those_of_the_cell():
    """What remembers comes first; a coupled gate is one curve; what is no gate is left out."""
    units = np.array([2, 0])

    def titles(cell, **changes):
        return [one.title.split(":")[0] for one in panels_of(cell, reading(cell, **changes), units)]

    own = ["Forget gate f", "Input gate i", "Candidate g", "Cell state c", "Output gate o"]
    assert titles(LSTM()) == [*own, "Hidden state h"]
    assert titles(LSTM(), peepholes={"o": SHARES})[-1] == "Peephole to o"
    assert titles(Coupled())[:2] == ["Coupled gate", "Candidate g"]
    assert titles(GRU())[:2] == ["Update gate z", "Reset gate r"]
    (first, *_) = panels_of(LSTM(), reading(LSTM()), units)
    assert first.is_share
    np.testing.assert_array_equal(first.curves, SHARES[:, units])


def test_memory_in_words():
    """Half-lives up to the window; never, where nothing is forgotten; clocks by their periods."""
    units = np.arange(3)
    one = reading(LSTM())
    assert unit_names(one, units, window=60) == (
        "unit 0: half-life 6.6",
        "unit 1: half-life 1",
        "unit 2: forgets nothing",
    )
    assert unit_names(one, units, window=5)[0] == "unit 0: half-life > 5"
    assert title_of(one, window=60) == "a memory that holds for all of the 60 sessions"
    short = reading(LSTM(), kept=SHARES * 0.9)
    assert title_of(short, window=60) == "a memory that halves in 6.6 sessions"
    clock = reading(LSTM(), periods=np.array([1, 4, 4]))
    assert unit_names(clock, units, window=60)[1] == "unit 1: ticks every 4"
    assert title_of(clock, window=60) == "clocks that tick every 1 to 4 sessions"
    assert "in each window" in memory_words(clock, window=60)
    none = reading(LSTM(), kept=None)
    assert unit_names(none, units, window=60) == ("unit 0", "unit 1", "unit 2")
    assert "no gate" in title_of(none, window=60)
    for said in (memory_words(x, window=2000) for x in (one, clock, none)):
        assert 0 < len(f"{'X' * 38}. {said}") <= 110  # with the longest name, what a line holds


def mesh(picture):
    figure = PLOTS.get("gates").figure(picture)
    figure_bytes(figure, "svg")
    (found,) = [c for c in figure.axes[-1].collections if isinstance(c, QuadMesh)]
    return figure.axes[-1], found


def test_the_map_stands_under_the_days_it_is_of(make_picture):
    """Its last column is the last session, its first row the first input, its sums beside it."""
    picture = make_picture("gates", window=60, n=120)
    axes, found = mesh(picture)
    shown, most = found.get_array()[::-1].T, np.abs(picture.attributions).max()
    np.testing.assert_allclose(np.sign(shown) * shown**2 * most, picture.attributions, atol=1e-12)
    assert np.abs(shown).max() == found.get_clim()[1] == -found.get_clim()[0]
    edges = found.get_coordinates()[0, :, 0]
    assert (edges[0], edges[-1]) == (59.5, 119.5)
    labels = sorted(axes.texts, key=lambda text: -text.get_position()[1])
    sums = [float(text.get_text().split()[0]) for text in labels]
    np.testing.assert_allclose(sums, picture.attributions.sum(axis=0), atol=6e-4)


def test_a_stretch_shorter_than_the_window_tells_the_rest(make_picture):
    """What lies before the first session shown is told as a sum."""
    picture = make_picture("gates", window=60, n=20)
    axes, found = mesh(picture)
    assert found.get_array().shape == (4, 20)
    rest = picture.attributions[:40].sum()
    assert f"{rest:+.2g} of it from 40 sessions before" in axes.get_xlabel()


def test_a_network_that_looks_at_nothing_says_so(make_picture):
    """No colours are made of zeros."""
    picture = make_picture("gates")
    axes, _ = mesh(replace(picture, attributions=np.zeros((60, 4))))
    assert any("Nothing" in text.get_text() for text in axes.texts)


@pytest.mark.parametrize("n_units", [1, 4])
@pytest.mark.parametrize("n_inputs", [1, 12])
def test_any_number_of_units_and_inputs(make_picture, text_boxes, n_units, n_inputs):
    """The figure grows with its rows, and the labels stay in it."""
    figure = PLOTS.get("gates").figure(make_picture("gates", n_units=n_units, n_inputs=n_inputs))
    for axes in figure.axes:
        for box in text_boxes(figure, axes.texts).values():
            assert box.x1 <= figure.bbox.x1
            assert box.y0 >= 0
