"""Networks that train together: the bits of each alone, whatever the others do."""

from dataclasses import replace

import numpy as np
import pytest
from toy_task import CONFIG, Arrays, Breaking, make_task

from lstmfin.engine import cell as cell_module
from lstmfin.engine import train as module
from lstmfin.engine.architecture import Architecture
from lstmfin.engine.dropout import Dropout
from lstmfin.engine.losses.mse import MeanSquared
from lstmfin.engine.network import Network
from lstmfin.engine.train import Task, fit, fit_together
from lstmfin.errors import DataError
from lstmfin.registry import CELLS, OPTIMISERS

SHORT = replace(CONFIG, epochs=3, weight_decay=None, learning_rate=0.01)


def _network(seed, cell="lstm", *, layers=1, dropout=0.0, dtype=np.float32, **place):
    network = Network(Architecture(cell, 2, 6, layers, 1, **place), dropout=dropout, dtype=dtype)
    network.initialise(np.random.default_rng(seed), np.zeros(1))
    return network


def _tasks(sizes, **options):
    return [
        Task(_network(seed, **options), make_task(n, seed), make_task(30, 90 + seed), _rng(seed))
        for seed, n in enumerate(sizes)
    ]


def _rng(seed):
    return np.random.default_rng([seed, 7])


def _check(sizes, config, **options):
    together = _tasks(sizes, **options)
    histories = fit_together(together, MeanSquared(), config=config)
    for task, history, alone in zip(together, histories, _tasks(sizes, **options), strict=True):
        expected = fit(
            alone.network,
            MeanSquared(),
            training=alone.training,
            validation=alone.validation,
            config=config,
            rng=alone.rng,
        )
        np.testing.assert_array_equal(task.network.params.flat, alone.network.params.flat)
        assert history == expected
    return histories


@pytest.mark.parametrize("cell", [name for name in CELLS.names() if CELLS.get(name).trained])
def test_each_has_the_bits_it_would_have_alone(cell):
    """Blocks of other lengths, and so last batches of other sizes: the same weights and history."""
    _check((64, 64, 70, 33), SHORT, cell=cell)


@pytest.mark.parametrize("optimiser", OPTIMISERS.names())
def test_so_it_is_with_every_optimiser(optimiser):
    """What optimisers remember is each network's own."""
    _check((40, 64), replace(SHORT, optimiser=optimiser, weight_decay=None))


@pytest.mark.parametrize(
    "place",
    [
        {"layers": 2, "direction": "bidirectional"},
        {"layers": 2, "direction": "reverse", "learned_start": True},
        {"dropout": Dropout(0.3, 0.2)},
        {"dropout": Dropout(0.3, 0.2, one_mask=True), "layers": 2},
        {"zoneout": (("h", 0.1), ("c", 0.3))},
        {"dtype": np.float64},
    ],
    ids=str,
)
def test_so_it_is_in_every_place(place):
    """Directions, stacks and what is dropped at random, from streams of their own."""
    _check((64, 40), replace(SHORT, signal_penalty=0.01, ema=0.5), **place)


@pytest.mark.parametrize("vector_tanh", [True, False])
def test_so_it_is_at_the_sizes_of_every_day(monkeypatch, vector_tanh):
    """With several folds of steps, cut products and functions by exponential, too."""
    monkeypatch.setattr(cell_module, "HAS_AVX512", vector_tanh)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((130, 60, 5)).astype(np.float32)
    samples = Arrays(x, x[:, -3, :1].astype(np.float64))

    def tasks():
        for seed in range(6):
            network = Network(Architecture("lstm", 5, 32, 1, 1))
            network.initialise(np.random.default_rng(seed), np.zeros(1))
            yield Task(network, samples, samples, _rng(seed))

    config = replace(SHORT, epochs=1, batch=64)
    together, alone = list(tasks()), list(tasks())
    fit_together(together, MeanSquared(), config=config)
    for one, other in zip(together, alone, strict=True):
        fit_together([other], MeanSquared(), config=config)
        np.testing.assert_array_equal(one.network.params.flat, other.network.params.flat)


class Killed(BaseException):
    """Raised between two steps, as Ctrl-C is."""


class Memory:
    """Keeps the last state."""

    def __init__(self):
        self.kept = None

    def load(self):
        return self.kept

    def save(self, state):
        self.kept = state


@pytest.mark.parametrize("kill_at", [1, 2, 3, 5, 6, 7])
@pytest.mark.parametrize("options", [{}, {"stateful": True, "window": 6, "batch": 4}], ids=str)
def test_killed_between_two_networks_and_resumed(monkeypatch, options, kill_at):
    """Those whose step was taken and those whose batch was only drawn go on with the same bits."""
    monkeypatch.setattr(module, "MOST_TOGETHER", 1)  # one after the other
    config = replace(SHORT, epochs=2, **options)
    stateful = options.get("stateful", False)

    def train(memories, tick=lambda: None):
        tasks = _tasks((40, 40, 33), stateful=stateful)
        tasks = [replace(task, checkpoint=m) for task, m in zip(tasks, memories, strict=True)]
        fit_together(tasks, MeanSquared(), config=config, tick=tick)
        return [task.network.params.flat for task in tasks]

    def stop():
        nonlocal kill_at
        kill_at -= 1
        if kill_at == 0:
            raise Killed

    whole, memories = train([None] * 3), [Memory(), Memory(), Memory()]
    with pytest.raises(Killed):
        train(memories, tick=stop)
    for one, other in zip(whole, train(memories), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_run_torn_in_a_step_is_not_kept():
    """What is raised inside a step leaves the state of the last epoch."""
    memory = Memory()

    class Torn(MeanSquared):
        n_calls = 0

        def gradient(self, outputs, target):
            Torn.n_calls += 1
            if Torn.n_calls == 6:  # the second step of the second epoch
                raise MemoryError
            return super().gradient(outputs, target)

    (task,) = _tasks((64,))
    with pytest.raises(MemoryError):
        fit_together([replace(task, checkpoint=memory)], Torn(), config=SHORT)
    assert (memory.kept.values["epoch"], memory.kept.values["position"]) == (2, 0)


def test_a_network_that_ends_early_leaves_the_others():
    """Patience is each network's own: the others go on, with the bits they would have had."""
    histories = _check((64, 64, 64), replace(SHORT, epochs=25, patience=2, learning_rate=0.05))
    assert len({len(history.train_loss) for history in histories}) > 1


def test_they_do_share_their_calls(monkeypatch):
    """Networks of one batch size pass through one network with an axis of models."""
    seen = []
    original = Network.forward

    def watch(network, *given, **options):
        seen.append(network.lead)
        return original(network, *given, **options)

    monkeypatch.setattr(Network, "forward", watch)
    fit_together(_tasks((32, 32, 32)), MeanSquared(), config=replace(SHORT, epochs=1))
    assert seen.count((3,)) == 2
    seen.clear()
    monkeypatch.setattr(module, "MOST_TOGETHER", 2 * 4 * 6 * 16)
    fit_together(_tasks((32, 32, 32)), MeanSquared(), config=replace(SHORT, epochs=1))
    assert (seen.count((2,)), seen.count((3,))) == (2, 0)


def test_a_network_that_leaves_the_finite_numbers_is_set_back_alone():
    """Its rate is halved and its weights come back; a fourth time ends all, by name of the cause."""
    tasks = _tasks((16, 16))
    histories = fit_together(tasks, Breaking([3]), config=replace(SHORT, epochs=4))
    assert [history.n_retreats for history in histories] == [1, 0]
    with pytest.raises(DataError, match="training left the finite numbers 4 times"):
        fit_together(_tasks((16, 16)), Breaking(range(1, 99, 2)), config=replace(SHORT, epochs=9))
