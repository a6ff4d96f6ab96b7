"""The problems are those of the papers, and who solves them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmfin.engine.params import Params
from lstmfin.engine.problems import PROBLEMS, Sequences, adding, timing
from lstmfin.engine.recurrent import Recurrent
from lstmfin.engine.trial import Learner, Recipe, attempt, by_sequence, remember
from lstmfin.errors import UsageError
from lstmfin.registry import CELLS


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(30, 120))
def test_adding_is_as_published(seed, length):
    """Two marks of 1, -1 at both ends, lengths T to 1.1 T, and the sum scaled into [0, 1]."""
    s = adding(np.random.default_rng(seed), length, 20)
    assert s.x.shape[1:] == (2, 20)
    for b in range(20):
        last = s.step[b]
        assert length <= last + 1 <= length + length // 10
        values, markers = s.x[: last + 1, 0, b], s.x[: last + 1, 1, b]
        assert np.abs(values).max() <= 1
        assert markers[0] == markers[-1] == -1
        marked = np.flatnonzero(markers == 1)
        assert len(marked) in {1, 2}  # one, where the other is the first pair
        assert np.count_nonzero(markers) == 2 + len(marked)
        assert marked.min() < 10 or len(marked) == 1
        assert marked.max() < length // 2
        assert s.target[b] == pytest.approx(0.5 + values[marked].sum() / 4, abs=1e-6)
        assert not s.x[last + 1 :, :, b].any()
    assert (s.sequence == np.arange(20)).all()


def test_adding_draws_what_may_be_drawn():
    """All lengths, all of the first ten places, all later ones, and both marks in one place never."""
    s = adding(np.random.default_rng(0), 40, 20_000)
    assert set(s.step + 1) == {40, 41, 42, 43, 44}
    marks = s.x[:, 1] == 1
    places = np.flatnonzero(marks.any(axis=1))
    assert set(places) == set(range(1, 20))
    assert np.isclose(marks[1:10].sum(axis=1) / 20_000, 1 / 10 + 0.9 / 19, atol=0.01).all()
    assert (marks.sum(axis=0) >= 1).all()
    assert 0 <= s.target.min() < 0.1
    assert 0.9 < s.target.max() <= 1


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(2, 80), n=st.integers(1, 9))
def test_timing_is_as_published(seed, length, n):
    """Spikes T - 1 or T apart, asked for at each but the first; 1 stands for the longer."""
    s = timing(np.random.default_rng(seed), length, n)
    for b in range(n):
        spikes = np.flatnonzero(s.x[:, 0, b])
        assert spikes[0] == 0
        own = s.sequence == b
        np.testing.assert_array_equal(s.step[own], spikes[1:])
        np.testing.assert_array_equal(np.diff(spikes), length - 1 + s.target[own])
        assert set(s.x[:, 0, b]) <= {0, 1}


def test_timing_patterns_come_equally_often():
    """A batch of four holds each pattern of two intervals once, in any order."""
    orders = set()
    for seed in range(30):
        s = timing(np.random.default_rng(seed), 5, 4)
        patterns = s.target.reshape(2, 4).T
        assert len({tuple(one) for one in patterns}) == 4
        orders.add(tuple(map(tuple, patterns)))
    assert len(orders) > 10


def test_lengths_that_make_no_sense():
    """Too short a problem is refused with the least length; none is the usual one."""
    assert PROBLEMS["adding"].checked_length(None) == 100
    with pytest.raises(UsageError, match="--length is 10; this problem needs at least 11"):
        PROBLEMS["adding"].checked_length(10)
    assert adding(np.random.default_rng(0), 11, 50).x.shape[0] == 12


def test_errors_by_sequence():
    """The worst and the mean of the answers of each sequence."""
    s = Sequences(np.zeros((1, 1, 2)), np.zeros(3), np.array([0, 1, 0]), np.zeros(3))
    worst, mean = by_sequence(s, np.array([0.1, 0.5, 0.3]), 2)
    np.testing.assert_allclose(worst, [0.3, 0.5])
    np.testing.assert_allclose(mean, [0.2, 0.5])


def test_the_gradients_of_a_learner():
    """Gradients at the last steps of sequences of several lengths agree with differences."""
    recipe, rng = Recipe(hidden=4, batch=5), np.random.default_rng(0)
    learner = Learner("lstm", 2, recipe, rng)
    s = adding(rng, 20, 5)
    learner.backward(s, learner.errors(s))
    direction = rng.standard_normal(learner.params.flat.size).astype(np.float32)
    expected = float(learner.gradients.flat @ direction)
    kept, values = learner.params.flat.copy(), []
    for step in (1e-2, -1e-2):
        learner.params.flat[:] = kept + step * direction
        values.append(0.5 * np.sum(learner.errors(s) ** 2))
    assert (values[0] - values[1]) / 2e-2 == pytest.approx(expected, rel=5e-3)


@pytest.mark.parametrize(("cell", "signs"), [("lstm", {"f": 1, "i": -1}), ("gru", {"z": 1})])
def test_new_cells_remember(cell, signs):
    """Gates that keep start at log(u - 1), u up to the length; others as they were."""
    layer = Recurrent(CELLS.get(cell)(), 1, 50)
    p = layer.bind(Params({"own.A": layer.shapes()["A"]}).owned_by("own"))
    remember(layer, p, steps=100, rng=np.random.default_rng(0))
    for gate, rows in zip(layer.cell.gates, p.b.reshape(-1, 50), strict=True):
        bias = signs.get(gate, 0) * rows
        assert bias.min() >= 0
        assert bias.max() <= np.log(99)
        assert (bias.max() > np.log(80)) == (gate in signs)


def test_a_trial_is_reproducible_and_gives_up():
    """The same seed ends at the same number; the limit ends a trial that is not solved."""
    settings = {"length": 20, "seed": 3, "limit": 320, "recipe": Recipe(hidden=4)}
    told = []
    first = attempt(PROBLEMS["adding"], "rnn", tick=told.append, **settings)
    assert first == attempt(PROBLEMS["adding"], "rnn", **settings)
    assert not first.solved
    assert (first.n_sequences, told[-1], len(told)) == (320, 320, 20)
    assert [n for n, _ in first.course] == told
    assert first.course[-1][1] == pytest.approx(first.mean_error)
    assert first.n_weights == 4 * 7 + 5
    assert 0 < first.mean_error < 1
    assert 0 < first.n_wrong <= 2560


@pytest.mark.slow
def test_lstm_solves_adding_and_the_simple_network_does_not():
    """Of 100 steps in fewer than the 74,000 sequences of the paper, by the paper's criterion."""
    settings = {"length": 100, "seed": 0, "limit": 74_000, "recipe": Recipe()}
    lstm = attempt(PROBLEMS["adding"], "lstm", **settings)
    assert lstm.solved
    assert lstm.n_wrong <= 10
    rnn = attempt(PROBLEMS["adding"], "rnn", **settings)
    assert not rnn.solved
    assert rnn.n_wrong > 1000


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_peepholes_tell_49_from_50_steps(seed):
    """The peephole cell tells the spikes apart, in the second interval as in the first."""
    problem = PROBLEMS["timing"]
    recipe = Recipe(batch=problem.batch)
    end = attempt(problem, "peephole", length=50, seed=seed, limit=40_000, recipe=recipe)
    assert end.solved
    assert end.n_wrong == 0
