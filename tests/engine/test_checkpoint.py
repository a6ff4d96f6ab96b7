"""Interrupted and resumed: the bits of a run that was never interrupted."""

import json
from dataclasses import replace

import numpy as np
import pytest
from toy_task import CONFIG, Breaking, make_network, make_task, train

from lstmfin.engine.checkpoint import State
from lstmfin.engine.losses.mse import MeanSquared
from lstmfin.registry import OPTIMISERS

STEPS = 5
"""Steps an epoch: 70 windows in batches of 16, the last one smaller."""

SMALL = replace(
    CONFIG, epochs=8, patience=4, learning_rate=0.01, weight_decay=None, dropout=0.2, clip_norm=1.0
)
RUNS = {name: replace(SMALL, optimiser=name) for name in OPTIMISERS.names()} | {
    "rmsprop": replace(SMALL, optimiser="rmsprop", learning_rate=0.004),
    "ema": replace(SMALL, ema=0.9),
    "plateau": replace(SMALL, schedule="plateau", plateau=1, learning_rate=0.03),
    "plateau of two": replace(SMALL, schedule="plateau", plateau=2, learning_rate=0.02, patience=8),
    "cosine": replace(SMALL, schedule="cosine"),
    "remedies": replace(SMALL, l2=0.01, clip_value=0.01),
    "retreat": replace(SMALL, ema=0.5),
}
BAD = {"retreat": [8, 13]}


class Killed(BaseException):
    """Raised in the middle of a run, as Ctrl-C is."""


class Memory:
    """Keeps the last state as the text and arrays that a file would hold."""

    def __init__(self):
        self.kept, self.n_saved = None, 0

    def load(self):
        if self.kept is None:
            return None
        text, arrays = self.kept
        return State({name: array.copy() for name, array in arrays.items()}, json.loads(text))

    def save(self, state):
        self.n_saved += 1
        self.kept = json.dumps(state.values, allow_nan=False), state.arrays


class Counted(Breaking):
    """Breaks at steps of the whole run, counted over its interruptions."""

    def __init__(self, name, n_done=0):
        super().__init__([step - n_done for step in BAD.get(name, [])])


def _run(name, *, stops=(), checkpoint=None):
    """Train; at each stop the process dies, and another one takes over from the checkpoint."""
    ticks = 0
    for stop in [*stops, None]:

        def tick(stop=stop):
            nonlocal ticks
            ticks += 1
            if ticks == stop:
                raise Killed

        network = make_network(dtype=np.float32, dropout=RUNS[name].dropout)
        loss, task = Counted(name, ticks), make_task(70, 1, noise=0.8)
        try:
            history = train(
                network, loss, RUNS[name], training=task, tick=tick, checkpoint=checkpoint
            )
        except Killed:
            continue
        return network.params.flat.tobytes(), repr(history), ticks
    raise AssertionError


@pytest.mark.parametrize("name", RUNS)
def test_killed_and_resumed_is_the_same_run(name):
    """Killed after any step, the last of an epoch or of all, it ends with the same bits."""
    whole = _run(name)
    n_steps = whole[2]
    assert n_steps % STEPS == 0
    assert n_steps >= 4 * STEPS
    picked = np.random.default_rng(len(name)).permutation(np.arange(2, n_steps))[:4]
    for stop in {1, STEPS, n_steps, *range(3, n_steps, STEPS), *picked.tolist()}:
        assert _run(name, stops=[stop], checkpoint=Memory()) == whole, stop
    often = sorted({1, 2, STEPS, *picked.tolist(), n_steps})
    assert _run(name, stops=often, checkpoint=Memory()) == whole


@pytest.mark.parametrize("name", ["adamw", "ema", "retreat"])
def test_killed_without_a_word_is_the_same_run(name):
    """Where nothing could be saved at the end, the state of the last epoch leads there as well."""
    whole, history, _ = _run(name)
    states = []

    class Everything(Memory):
        def save(self, state):
            super().save(state)
            states.append(self.kept)

    _run(name, checkpoint=Everything())
    assert len(states) >= 4
    for kept in states:
        checkpoint = Memory()
        checkpoint.kept = kept
        network = make_network(dtype=np.float32, dropout=RUNS[name].dropout)
        loss = Counted(name, json.loads(kept[0])["step"])
        task = make_task(70, 1, noise=0.8)
        again = train(network, loss, RUNS[name], training=task, checkpoint=checkpoint)
        assert (network.params.flat.tobytes(), repr(again)) == (whole, history)


def test_a_checkpoint_changes_nothing():
    """A run that is watched has the bits of one that is not; one state an epoch is handed out."""
    memory = Memory()
    watched = _run("adamw", checkpoint=memory)
    assert watched == _run("adamw")
    assert memory.n_saved == watched[2] / STEPS


def test_the_state_is_that_of_the_moment():
    """What was handed out does not change when training goes on."""
    taken = []

    class First(Memory):
        def save(self, state):
            taken.append((state, {k: v.copy() for k, v in state.arrays.items()}))

    network = make_network()
    train(network, MeanSquared(), replace(SMALL, ema=0.5), checkpoint=First())
    assert len(taken) >= 3
    for state, copies in taken:
        for name, array in state.arrays.items():
            np.testing.assert_array_equal(array, copies[name])


def test_the_runs_are_worth_interrupting():
    """Rates are halved, retreats happen and patience runs out, or resuming them proves nothing."""
    ended = {name: _run(name) for name in RUNS}
    assert any(ticks < SMALL.epochs * STEPS for _, _, ticks in ended.values())
    assert "n_retreats=2" in ended["retreat"][1]
    assert len({weights for weights, _, _ in ended.values()}) == len(RUNS)
    network, task = make_network(dtype=np.float32, dropout=0.2), make_task(70, 1, noise=0.8)
    rates = train(network, MeanSquared(), RUNS["plateau"], training=task).learning_rate
    assert rates[-1] < rates[0]
