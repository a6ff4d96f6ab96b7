"""Networks that train together: the bits of each alone, whatever the others do."""

from dataclasses import replace

import numpy as np
import pytest
from toy_task import CONFIG, Breaking, make_task

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
