"""A loss on all steps of a window, and states that are carried from window to window."""

from dataclasses import replace

import numpy as np
import pytest
from toy_task import CONFIG

from lstmfin.config import TrainConfig
from lstmfin.engine.architecture import Architecture
from lstmfin.engine.gradcheck import check_gradients
from lstmfin.engine.losses.mse import MeanSquared
from lstmfin.engine.losses.student_t import StudentT
from lstmfin.engine.network import Network
from lstmfin.engine.options import check_network
from lstmfin.engine.run import Run, steps_an_epoch
from lstmfin.engine.samples import said_of
from lstmfin.engine.train import Step, fit, predict
from lstmfin.errors import UsageError
from lstmfin.registry import CELLS

T, D, B, O = 5, 2, 3, 4


class Series:
    """Windows on one series, one a session: the target of a session is a moving sum of its past."""

    def __init__(self, n, *, first=0, window=T, seed=0):
        self.series = np.random.default_rng(seed).standard_normal((n + first + window, D))
        reach = np.convolve(self.series[:, 0], np.ones(12) / 4)[: len(self.series)]
        self.target = reach[:, None]
        self.n, self.first, self.window = n, first, window

    def __len__(self):
        return self.n

    def _ends(self, indices):
        return np.asarray(indices) + self.first + self.window

    def _windows(self, ends):
        return np.stack([self.series[end - self.window : end] for end in ends])

    def batch(self, indices):
        ends = self._ends(indices)
        return self._windows(ends), self.target[ends - 1]

    def every_step(self, indices):
        ends = self._ends(indices)
        y = np.stack([self.target[end - self.window : end] for end in ends])
        y[:, 0] = np.nan  # the first step of a window is not known
        return self._windows(ends), y

    def before(self, indices, n_sessions):
        ends = self._ends(indices) - n_sessions
        there = ends >= self.window
        return self._windows(np.where(there, ends, self.window)), there


def _network(cell="lstm", *, hidden=6, dtype=np.float64, outputs=1, **place):
    network = Network(Architecture(cell, D, hidden, 1, outputs, **place), dtype=dtype)
    network.initialise(np.random.default_rng(3), np.zeros(outputs))
    return network


@pytest.mark.parametrize(
    "place", [{}, {"learned_start": True}, {"zoneout": (("h", 0.2),)}], ids=str
)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS.names())
def test_gradients_of_all_steps(cell, layers, place):
    """The head speaks after each step; the gradients of what it says agree with differences."""
    network = Network(Architecture(cell, D, 6, layers, O, **place), dtype=np.float64)
    rng = np.random.default_rng(1)
    network.params.flat[:] = 0.4 * rng.standard_normal(network.params.flat.size)
    for name, mask in network.masks().items():
        network.params[name][...] *= mask
    x, d = rng.standard_normal((T, D, B)), rng.standard_normal((T, O, B))

    def scalar():
        return float(np.sum(d * network.forward(x, every_step=True)))

    assert network.forward(x, every_step=True).shape == (T, O, B)
    network.backward(d)
    arrays = (
        dict(network.params)
        if network.is_trained
        else {name: network.params[name] for name in ("head.W", "head.b")}
    )
    checks = check_gradients(
        scalar, arrays, dict(network.gradients), rng=rng, masks=network.masks(), n_directions=2
    )
    wrong = [check for check in checks if not check.error < 1e-6]
    assert not wrong, wrong


def test_the_last_step_says_what_it_says_alone():
    """All steps or the last: after the last step the same is said."""
    network, x = _network(outputs=O), np.random.default_rng(2).standard_normal((T, D, B))
    network.params.flat[:] = np.random.default_rng(4).standard_normal(network.params.flat.size)
    last = network.forward(x).copy()
    np.testing.assert_allclose(network.forward(x, every_step=True)[-1], last, rtol=1e-13)


@pytest.mark.parametrize("loss", [MeanSquared(), StudentT()])
def test_the_gradient_of_the_mean_over_known_targets(loss):
    """Targets that are not known have no part in the loss, nor in its mean."""
    series, step = Series(8), Step(loss, replace(CONFIG, loss_on="all"))
    outputs = np.random.default_rng(1).standard_normal((T, loss.n_parameters, 4))
    _, y = series.every_step(np.arange(4))
    value, gradient = step._of(outputs, y)
    known = np.isfinite(y[..., 0]).T
    split = outputs.transpose(1, 0, 2)[:, None][..., known]
    assert value == pytest.approx(loss.value(split, y[..., 0].T[known][None]).mean())
    assert not gradient[0].any()
    checks = check_gradients(
        lambda: step._of(outputs, y)[0],
        {"outputs": outputs},
        {"outputs": gradient},
        rng=np.random.default_rng(2),
    )
    assert max(check.error for check in checks) < 1e-6


def test_all_steps_teach_what_the_last_teaches():
    """With the loss on all steps a network learns the task, and its steps are more telling."""
    found = {}
    for where in ("last", "all"):
        network = _network(hidden=8)
        found[where] = fit(
            network,
            MeanSquared(),
            training=Series(60),
            validation=Series(40, seed=9),
            config=replace(CONFIG, epochs=15, loss_on=where),
            rng=np.random.default_rng(0),
        )
    start = found["last"].validation_loss[0]
    assert min(found["all"].validation_loss) < 0.8 * start
    assert min(found["last"].validation_loss) < 0.9 * start


@pytest.mark.parametrize(("n", "batch"), [(23, 2), (20, 5), (3, 4), (37, 64)])
def test_streams_follow_upon_each_other(n, batch):
    """Each window is taken once an epoch, and follows in its batch upon the window T before it."""
    config = replace(CONFIG, stateful=True, window=T, batch=batch)
    run = Run(_network(stateful=True), config, np.random.default_rng(0), n_samples=n, n_steps=9)
    taken, before, n_batches = [], [], 0
    while (indices := run.next_batch()) is not None:
        np.testing.assert_array_equal(run.next_batch(), indices)  # until the step is taken
        n_batches += 1
        if run.starts_from is None:
            assert max(indices) < T
        else:
            assert indices.tolist() == [one + T for one in before if one + T < n]
            assert run.starts_from[0][0]["h"][0].tolist() == (indices - T).tolist()
        before = indices.tolist()
        taken += before
        run.carried = [[{"h": np.array([indices])}]]
        run.take_step(0.0, len(indices))
    assert sorted(taken) == list(range(n))
    assert n_batches <= steps_an_epoch(n, config)


def test_carried_states_are_those_of_one_long_sequence():
    """Window upon window gives what one pass over the whole series gives."""
    network = _network(stateful=True, outputs=O)
    network.params.flat[:] = np.random.default_rng(4).standard_normal(network.params.flat.size)
    series = Series(4 * T)
    said = np.concatenate([outputs for outputs, _ in said_of(network, series)], axis=1)
    for index in (0, 3, T, 3 * T + 2, 4 * T - 1):
        end = index + T
        start = end - T * (index // T + 1)
        whole = network.forward(series.series[start:end, :, None])
        np.testing.assert_allclose(said[:, index], whole[:, 0], rtol=1e-10)


def test_windows_before_the_first_are_run_through():
    """What is said of a window does not depend on whether those before it were asked for."""
    network = _network(stateful=True, outputs=O)
    network.params.flat[:] = np.random.default_rng(4).standard_normal(network.params.flat.size)
    whole, part = Series(30), Series(30)
    part.first, part.n = 17, 13
    said = np.concatenate([outputs for outputs, _ in said_of(network, whole)], axis=1)
    later = np.concatenate([outputs for outputs, _ in said_of(network, part)], axis=1)
    np.testing.assert_allclose(later, said[:, 17:], rtol=1e-10)
    assert predict(network, MeanSquared(), part).location.shape == (13, O)


def test_windows_without_one_before_start_as_learned():
    """Beside windows that have predecessors, those that have none start from the learned states."""
    network = _network(stateful=True, learned_start=True, outputs=O)
    network.params.flat[:] = np.random.default_rng(4).standard_normal(network.params.flat.size)
    whole, part = Series(12), Series(12)
    part.first, part.n = T - 2, 12 - T + 2
    said, later = (
        np.concatenate([outputs for outputs, _ in said_of(network, one)], axis=1)
        for one in (whole, part)
    )
    np.testing.assert_allclose(later, said[:, T - 2 :], rtol=1e-10)


def test_states_reach_further_than_a_window():
    """What lies twice a window back is learned with carried states, and only with them."""
    losses = {}
    for stateful in (False, True):
        network = _network(hidden=10, stateful=stateful)
        history = fit(
            network,
            MeanSquared(),
            training=Series(400, window=4),
            validation=Series(120, window=4, seed=5),
            config=replace(CONFIG, epochs=30, stateful=stateful, window=4, batch=4),
            rng=np.random.default_rng(0),
        )
        losses[stateful] = min(history.validation_loss)
    assert losses[True] < 0.75 * losses[False]


@pytest.mark.parametrize("direction", ["reverse", "bidirectional"])
@pytest.mark.parametrize("option", [{"loss_on": "all"}, {"stateful": True}], ids=str)
def test_what_would_look_ahead_is_refused(direction, option):
    """A layer that reads from the end has seen the targets of the steps before it."""
    with pytest.raises(UsageError, match=f"--direction {direction} with .* would look ahead"):
        check_network(TrainConfig(direction=direction, **option))
    check_network(TrainConfig(direction=direction))
    check_network(TrainConfig(**option))
