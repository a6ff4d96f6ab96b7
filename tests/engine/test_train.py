"""Training: what is kept, when it ends, and what happens when numbers run away."""

from dataclasses import replace

import numpy as np
import pytest

from lstmfin.config import TrainConfig
from lstmfin.engine.losses.mse import MeanSquared
from lstmfin.engine.losses.student_t import StudentT
from lstmfin.engine.network import Architecture, Network
from lstmfin.engine.train import MAX_RETREATS, fit, mean_loss, n_steps, predict
from lstmfin.errors import DataError

CONFIG = TrainConfig(
    epochs=10, batch=16, learning_rate=0.02, schedule="constant", weight_decay=0.0, dropout=0.0,
    clip_norm=1e9, patience=100,
)  # fmt: skip


class Arrays:
    """Samples held in memory: windows (N, T, D) and targets (N, H)."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def batch(self, indices):
        return self.x[indices].copy(), self.y[indices]


class Breaking(MeanSquared):
    """Squared error whose gradient is not finite at the calls whose numbers are given."""

    def __init__(self, bad):
        self.bad, self.n_calls = set(bad), 0

    def gradient(self, outputs, target):
        self.n_calls += 1
        poison = np.nan if self.n_calls in self.bad else 1.0
        return super().gradient(outputs, target) * poison


def _task(n, seed, *, noise=0.1):
    """The target is what the first input was three steps ago."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 6, 2))
    return Arrays(x, x[:, -3, :1] + noise * rng.standard_normal((n, 1)))


def _network(n_outputs=1, *, hidden=6, dtype=np.float64, dropout=0.0, seed=0):
    network = Network(Architecture("lstm", 2, hidden, 1, n_outputs), dropout=dropout, dtype=dtype)
    network.initialise(np.random.default_rng(seed), np.zeros(n_outputs))
    return network


def _fit(network, loss, config=CONFIG, *, training=None, validation=None, seed=0, **options):
    return fit(
        network,
        loss,
        training=_task(64, 1) if training is None else training,
        validation=_task(40, 2) if validation is None else validation,
        config=config,
        rng=np.random.default_rng(seed),
        **options,
    )


def test_same_seed_same_bits():
    """The same seed gives the same weights and history, bit by bit; another does not."""
    runs = []
    for seed in (3, 3, 4):
        network = _network(dtype=np.float32, dropout=0.2)
        runs.append((network.params.flat, _fit(network, MeanSquared(), seed=seed)))
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]
    assert (runs[0][0] != runs[2][0]).any()


def test_a_learnable_task_is_learned():
    """Where the past tells the target, most of the loss goes away."""
    network, config = _network(), replace(CONFIG, epochs=40)
    history = _fit(network, MeanSquared(), config, training=_task(256, 1))
    assert history.validation_loss[0] == pytest.approx(0.5, abs=0.2)
    assert min(history.validation_loss) < 0.05
    assert history.train_loss[-1] < 0.1 * history.train_loss[0]


def test_the_best_weights_are_kept():
    """The network ends with the weights whose validation loss was the smallest."""
    network, small = _network(), _task(24, 1, noise=0.8)
    history = _fit(network, MeanSquared(), replace(CONFIG, epochs=60), training=small)
    best = min(history.validation_loss)
    assert mean_loss(network, MeanSquared(), _task(40, 2)) == best
    assert history.validation_loss[history.best_epoch] == best
    assert 0 < history.best_epoch < 60
    assert history.validation_loss[-1] > best


def test_nothing_to_learn_keeps_the_first_weights():
    """Where training only harms, it ends after ``patience`` epochs with the weights it began with."""
    training, validation = _task(32, 1), _task(40, 2)
    training.y, validation.y = np.ones((32, 1)), -np.ones((40, 1))
    network = _network()
    first = network.params.flat.copy()
    config = replace(CONFIG, patience=3)
    history = _fit(network, MeanSquared(), config, training=training, validation=validation)
    assert (history.best_epoch, len(history.train_loss)) == (0, 3)
    assert len(history.validation_loss) == len(history.train_loss) + 1
    np.testing.assert_array_equal(network.params.flat, first)


def test_patience_counts_from_the_best_epoch():
    """Training ends ``patience`` epochs after the best one, not before."""
    config = replace(CONFIG, epochs=300, patience=4)
    history = _fit(_network(), MeanSquared(), config, training=_task(24, 1, noise=0.8))
    assert len(history.train_loss) == history.best_epoch + 4
    assert history.best_epoch > 4


@pytest.mark.parametrize("bad", [[1], [3, 9], [2, 3, 4]])
def test_a_step_that_is_not_finite_is_not_taken(bad):
    """The weights stay finite, the rate is halved each time, and training goes on."""
    network, loss = _network(), Breaking(bad)
    history = _fit(network, loss)
    assert history.n_retreats == len(bad)
    assert history.learning_rate[-1] == pytest.approx(CONFIG.learning_rate / 2 ** len(bad))
    assert np.isfinite(network.params.flat).all()
    assert np.isfinite(history.train_loss).all()
    assert min(history.validation_loss) < history.validation_loss[0]


def test_a_retreat_puts_back_the_best_weights():
    """When no step can be taken at all, the first weights are still there."""
    network = _network()
    first = network.params.flat.copy()
    config = replace(CONFIG, epochs=1, batch=64)
    history = _fit(network, Breaking([1]), config)
    np.testing.assert_array_equal(network.params.flat, first)
    assert np.isnan(history.train_loss).all()


def test_a_retreat_goes_back_to_the_best_epoch():
    """After epochs that only harmed, the step that cannot be taken leads back to the best weights."""
    training, validation = _task(64, 1), _task(40, 2)
    training.y, validation.y = np.ones((64, 1)), np.full((40, 1), 0.1)
    config = replace(CONFIG, epochs=9, batch=64)
    history = _fit(_network(), Breaking([9]), config, training=training, validation=validation)
    assert 0 < history.best_epoch < 8
    best = history.validation_loss[history.best_epoch]
    assert history.validation_loss[8] > best
    assert history.validation_loss[9] == best


def test_a_retreat_forgets_the_moments():
    """Adam starts anew: the step after a retreat is a first step, at half the rate."""
    config = replace(CONFIG, epochs=3, batch=64)
    retreated, plain = _network(), _network()
    assert _fit(retreated, Breaking([2]), config).best_epoch == 3
    _fit(plain, MeanSquared(), replace(config, epochs=1))
    halved = replace(config, epochs=1, learning_rate=config.learning_rate / 2)
    assert _fit(plain, MeanSquared(), halved).best_epoch == 1
    np.testing.assert_allclose(retreated.params.flat, plain.params.flat, rtol=0, atol=1e-12)


def test_every_window_once_an_epoch_in_a_new_order():
    """An epoch takes each window once; no two epochs take them in the same order."""
    taken = []

    class Watched(Arrays):
        def batch(self, indices):
            taken.append(indices)
            return super().batch(indices)

    task = _task(40, 1)
    config = replace(CONFIG, epochs=2)
    _fit(_network(), MeanSquared(), config, training=Watched(task.x, task.y))
    assert [len(indices) for indices in taken] == [16, 16, 8] * 2
    orders = [np.concatenate(taken[:3]), np.concatenate(taken[3:])]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(40))
        assert (order != np.arange(40)).sum() > 20
    assert (orders[0] != orders[1]).sum() > 20


def test_the_fourth_time_training_fails():
    """After three retreats a DataError says what to do; the weights are finite."""
    network, loss = _network(), Breaking(range(1, 100))
    with pytest.raises(DataError, match=r"4 times.*0.0025.*--learning-rate"):
        _fit(network, loss)
    assert loss.n_calls == MAX_RETREATS + 1
    assert np.isfinite(network.params.flat).all()


def test_losses_are_weighted_by_their_windows():
    """With steps too small to matter, the mean over batches of 16 and 5 is the mean of all."""
    network, training = _network(), _task(21, 5)
    training.y *= np.arange(1, 22)[:, None]
    config = replace(CONFIG, learning_rate=1e-15, epochs=1)
    history = _fit(network, MeanSquared(), config, training=training)
    expected = mean_loss(network, MeanSquared(), training)
    assert history.train_loss[0] == pytest.approx(expected, rel=1e-9)


def test_mean_loss_and_predictions_do_not_depend_on_batches():
    """600 samples, more than are predicted at once, give what they give one by one."""
    network, samples = _network(n_outputs=6), _task(600, 3)
    network.params.flat[:] += 0.3 * np.random.default_rng(1).standard_normal(
        network.params.flat.size
    )
    samples.y = np.repeat(samples.y, 2, axis=1)
    whole, loss = predict(network, StudentT(), samples), StudentT()
    assert [part.shape for part in whole] == [(600, 2)] * 3
    losses = []
    for n in (0, 255, 256, 599):
        one = Arrays(samples.x[n : n + 1], samples.y[n : n + 1])
        for part, alone in zip(whole, predict(network, loss, one), strict=True):
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
    _fit(_network(), MeanSquared(), config, training=_task(33, 1), tick=lambda: ticks.append(1))
    assert len(ticks) == n_steps(33, config) == 9


def test_the_schedule_runs_over_the_whole_run():
    """Under the cosine schedule the last rate is zero, and the first epoch ends below the peak."""
    config = replace(CONFIG, schedule="cosine")
    history = _fit(_network(), MeanSquared(), config)
    assert history.learning_rate[-1] == pytest.approx(0, abs=1e-12)
    assert max(history.learning_rate) <= config.learning_rate
    assert len(history.gradient_norm) == len(history.learning_rate) == config.epochs


def test_clipping_is_applied_and_the_norm_before_it_is_told():
    """A tight limit changes what is learned, but not the norm of the first gradient."""
    config = replace(CONFIG, epochs=1, batch=64)
    norms = [
        _fit(_network(), MeanSquared(), replace(config, clip_norm=limit)).gradient_norm[0]
        for limit in (1e9, 1e-3)
    ]
    assert norms[0] == norms[1] > 1e-3
    slow, fast = _network(), _network()
    _fit(slow, MeanSquared(), replace(config, clip_norm=1e-12))
    _fit(fast, MeanSquared(), config)
    start = _network().params.flat
    assert np.abs(slow.params.flat - start).max() < 0.01 * np.abs(fast.params.flat - start).max()


def test_ten_losses_of_pytorch(golden):
    """Ten full-batch steps of AdamW on an LSTM and a Linear give PyTorch's ten losses to 1e-6.

    From torch 2.13.0, float64: tests/golden/make_torch_golden.py.
    """
    torch = golden("training")
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
    config = replace(CONFIG, learning_rate=rate, weight_decay=decay)
    history = _fit(network, MeanSquared(), config, training=samples, validation=samples)
    np.testing.assert_allclose(history.train_loss, torch["losses"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(history.train_loss, torch["losses"], rtol=1e-9)
