"""Training: what is kept, when it ends, and what happens when numbers run away."""

from dataclasses import replace

import numpy as np
import pytest
from toy_task import CONFIG, Arrays, Breaking, make_network, make_task, train

from lstmfin.engine.architecture import Architecture
from lstmfin.engine.losses.mse import MeanSquared
from lstmfin.engine.losses.student_t import StudentT
from lstmfin.engine.network import Network
from lstmfin.engine.run import MAX_RETREATS
from lstmfin.engine.train import mean_loss, n_steps, predict
from lstmfin.errors import DataError
from lstmfin.registry import OPTIMISERS


def test_same_seed_same_bits():
    """The same seed gives the same weights and history, bit by bit; another does not."""
    runs = []
    for seed in (3, 3, 4):
        network = make_network(dtype=np.float32, dropout=0.2)
        runs.append((network.params.flat, train(network, MeanSquared(), seed=seed)))
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    assert (runs[0][0] != runs[2][0]).any()


def test_a_learnable_task_is_learned():
    """Where the past tells the target, most of the loss goes away."""
    network, config = make_network(), replace(CONFIG, epochs=40)
    history = train(network, MeanSquared(), config, training=make_task(256, 1))
    assert history.validation_loss[0] == pytest.approx(0.5, abs=0.2)
    assert min(history.validation_loss) < 0.05
    assert history.train_loss[-1] < 0.1 * history.train_loss[0]


def test_the_best_weights_are_kept():
    """The network ends with the weights whose validation loss was the smallest."""
    network, small = make_network(), make_task(24, 1, noise=0.8)
    history = train(network, MeanSquared(), replace(CONFIG, epochs=60), training=small)
    best = min(history.validation_loss)
    assert mean_loss(network, MeanSquared(), make_task(40, 2)) == best
    assert history.validation_loss[history.best_epoch] == best
    assert 0 < history.best_epoch < 60
    assert history.validation_loss[-1] > best


def test_nothing_to_learn_keeps_the_first_weights():
    """Where training only harms, it ends after ``patience`` epochs with the weights it began with."""
    training, validation = make_task(32, 1), make_task(40, 2)
    training.y, validation.y = np.ones((32, 1)), -np.ones((40, 1))
    network = make_network()
    first = network.params.flat.copy()
    config = replace(CONFIG, patience=3)
    history = train(network, MeanSquared(), config, training=training, validation=validation)
    assert (history.best_epoch, len(history.train_loss)) == (0, 3)
    assert len(history.validation_loss) == len(history.train_loss) + 1
    np.testing.assert_array_equal(network.params.flat, first)


def test_patience_counts_from_the_best_epoch():
    """Training ends ``patience`` epochs after the best one, not before."""
    config = replace(CONFIG, epochs=300, patience=4)
    history = train(make_network(), MeanSquared(), config, training=make_task(24, 1, noise=0.8))
    assert len(history.train_loss) == history.best_epoch + 4
    assert history.best_epoch > 4


@pytest.mark.parametrize("optimiser", OPTIMISERS.names())
@pytest.mark.parametrize("bad", [[1], [3, 9], [2, 3, 4]])
def test_a_step_that_is_not_finite_is_not_taken(bad, optimiser):
    """The weights stay finite, the rate is halved each time, and training goes on."""
    network, loss = make_network(), Breaking(bad)
    config = replace(CONFIG, optimiser=optimiser, weight_decay=None, clip_value=1.0, ema=0.5)
    history = train(network, loss, config)
    assert history.n_retreats == len(bad)
    assert history.learning_rate[-1] == pytest.approx(CONFIG.learning_rate / 2 ** len(bad))
    assert np.isfinite(network.params.flat).all()
    assert np.isfinite(history.train_loss).all()
    assert min(history.validation_loss) < history.validation_loss[0]


def test_a_retreat_puts_back_the_best_weights():
    """When no step can be taken at all, the first weights are still there."""
    network = make_network()
    first = network.params.flat.copy()
    config = replace(CONFIG, epochs=1, batch=64)
    history = train(network, Breaking([1]), config)
    np.testing.assert_array_equal(network.params.flat, first)
    assert np.isnan(history.train_loss).all()


def test_a_retreat_goes_back_to_the_best_epoch():
    """After epochs that only harmed, the step that cannot be taken leads back to the best weights."""
    training, validation = make_task(64, 1), make_task(40, 2)
    training.y, validation.y = np.ones((64, 1)), np.full((40, 1), 0.1)
    config = replace(CONFIG, epochs=9, batch=64)
    history = train(make_network(), Breaking([9]), config, training=training, validation=validation)
    assert 0 < history.best_epoch < 8
    best = history.validation_loss[history.best_epoch]
    assert history.validation_loss[8] > best
    assert history.validation_loss[9] == best


@pytest.mark.parametrize("optimiser", OPTIMISERS.names())
def test_a_retreat_forgets_the_past(optimiser):
    """Every optimiser starts anew: the step after a retreat is a first step, at half the rate."""
    config = replace(CONFIG, epochs=3, batch=64, optimiser=optimiser, weight_decay=None, ema=0.9)
    retreated, plain = make_network(), make_network()
    assert train(retreated, Breaking([2]), config).best_epoch == 3
    train(plain, MeanSquared(), replace(config, epochs=1))
    halved = replace(config, epochs=1, learning_rate=config.learning_rate / 2)
    assert train(plain, MeanSquared(), halved).best_epoch == 1
    np.testing.assert_allclose(retreated.params.flat, plain.params.flat, rtol=0, atol=1e-12)


def test_every_window_once_an_epoch_in_a_new_order():
    """An epoch takes each window once; no two epochs take them in the same order."""
    taken = []

    class Watched(Arrays):
        def batch(self, indices):
            taken.append(indices)
            return super().batch(indices)

    task = make_task(40, 1)
    config = replace(CONFIG, epochs=2)
    train(make_network(), MeanSquared(), config, training=Watched(task.x, task.y))
    assert [len(indices) for indices in taken] == [16, 16, 8] * 2
    orders = [np.concatenate(taken[:3]), np.concatenate(taken[3:])]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(40))
        assert (order != np.arange(40)).sum() > 20
    assert (orders[0] != orders[1]).sum() > 20


def test_the_fourth_time_training_fails():
    """After three retreats a DataError says what to do; the weights are finite."""
    network, loss = make_network(), Breaking(range(1, 100))
    with pytest.raises(DataError, match=r"4 times.*0.0025.*--learning-rate"):
        train(network, loss)
    assert loss.n_calls == MAX_RETREATS + 1
    assert np.isfinite(network.params.flat).all()


def test_losses_are_weighted_by_their_windows():
    """With steps too small to matter, the mean over batches of 16 and 5 is the mean of all."""
    network, training = make_network(), make_task(21, 5)
    training.y *= np.arange(1, 22)[:, None]
    config = replace(CONFIG, learning_rate=1e-15, epochs=1)
    history = train(network, MeanSquared(), config, training=training)
    expected = mean_loss(network, MeanSquared(), training)
    assert history.train_loss[0] == pytest.approx(expected, rel=1e-9)


def test_mean_loss_and_predictions_do_not_depend_on_batches():
    """600 samples, more than are predicted at once, give what they give one by one."""
    network, samples = make_network(n_outputs=6), make_task(600, 3)
    network.params.flat[:] += 0.3 * np.random.default_rng(1).standard_normal(
        network.params.flat.size
    )
    samples.y = np.repeat(samples.y, 2, axis=1)
    whole, loss = predict(network, StudentT(), samples), StudentT()
    whole = whole[:3]  # it has no quantiles
    assert [part.shape for part in whole] == [(600, 2)] * 3
    losses = []
    for n in (0, 255, 256, 599):
        one = Arrays(samples.x[n : n + 1], samples.y[n : n + 1])
        for part, alone in zip(whole, predict(network, loss, one)[:3], strict=True):
            np.testing.assert_allclose(part[n : n + 1], alone, rtol=1e-12)
        losses.append(mean_loss(network, loss, one))
    few = [0, 255, 256, 599]
    chosen = Arrays(samples.x[few], samples.y[few])
    assert mean_loss(network, loss, chosen) == pytest.approx(np.mean(losses), rel=1e-12)
    parts = [Arrays(samples.x[k::2], samples.y[k::2]) for k in (0, 1)]
    halves = np.mean([mean_loss(network, loss, part) for part in parts])
    assert mean_loss(network, loss, samples) == pytest.approx(halves, rel=1e-12)


def test_every_step_ticks():
    """A progress bar is told of each step; there are as many as were announced."""
    ticks, config = [], replace(CONFIG, epochs=3)
    train(
        make_network(),
        MeanSquared(),
        config,
        training=make_task(33, 1),
        tick=lambda: ticks.append(1),
    )
    assert len(ticks) == n_steps(33, config) == 9


def test_the_schedule_runs_over_the_whole_run():
    """Under the cosine schedule the last rate is next to zero, and none is above the peak."""
    config = replace(CONFIG, schedule="cosine")
    history = train(make_network(), MeanSquared(), config)
    assert 0 < history.learning_rate[-1] < 1e-2 * config.learning_rate
    assert max(history.learning_rate) <= config.learning_rate
    assert len(history.gradient_norm) == len(history.learning_rate) == config.epochs


def test_clipping_is_applied_and_the_norm_before_it_is_told():
    """A tight limit changes what is learned, but not the norm of the first gradient."""
    config = replace(CONFIG, epochs=1, batch=64)
    norms = [
        train(make_network(), MeanSquared(), replace(config, clip_norm=limit)).gradient_norm[0]
        for limit in (1e9, 1e-3)
    ]
    assert norms[0] == norms[1] > 1e-3
    slow, fast = make_network(), make_network()
    train(slow, MeanSquared(), replace(config, clip_norm=1e-12))
    train(fast, MeanSquared(), config)
    start = make_network().params.flat
    assert np.abs(slow.params.flat - start).max() < 0.01 * np.abs(fast.params.flat - start).max()


TORCH = {
    "training": {"optimiser": "adamw"},
    "training-adam": {"optimiser": "adam"},
    "training-rmsprop": {"optimiser": "rmsprop"},
    "training-sgd": {"optimiser": "sgd", "momentum": 0.8},
}


@pytest.mark.parametrize("name", TORCH)
def test_ten_losses_of_pytorch(golden, name):
    """Ten full-batch steps on an LSTM and a Linear give PyTorch's ten losses to 1e-6.

    From torch 2.13.0, float64: tests/golden/make_torch_golden.py. The weights but the biases decay:
    by themselves with AdamW, through the gradient with the others.
    """
    torch = golden(name)
    rate, decay = torch["rate_decay"].tolist()
    hidden, n_inputs = torch["lstm.weight_hh_l0"].shape[1], torch["x"].shape[2]
    outputs = torch["y"].shape[1]
    network = Network(Architecture("lstm", n_inputs, hidden, 1, outputs), dtype=np.float64)
    weights = [torch[f"lstm.{name}_l0"] for name in ("weight_hh", "weight_ih", "bias_ih")]
    gates = np.split(np.column_stack(weights), 4)
    network.params["layer0.A"][...] = np.concatenate([gates["ifgo".index(g)] for g in "ifog"])
    network.params["head.W"][...] = torch["head.weight"]
    network.params["head.b"][...] = torch["head.bias"]
    samples = Arrays(torch["x"], torch["y"])
    coupled = {"weight_decay": None, "l2": decay} if name != "training" else {"weight_decay": decay}
    config = replace(CONFIG, learning_rate=rate, **TORCH[name], **coupled)
    history = train(network, MeanSquared(), config, training=samples, validation=samples)
    np.testing.assert_allclose(history.train_loss, torch["losses"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(history.train_loss, torch["losses"], rtol=1e-9)
