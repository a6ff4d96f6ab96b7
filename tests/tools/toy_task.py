"""A small task that training is tried on: the target is what the first input was three steps ago."""

import numpy as np

from lstmfin.config import TrainConfig
from lstmfin.engine.architecture import Architecture
from lstmfin.engine.losses.mse import MeanSquared
from lstmfin.engine.network import Network
from lstmfin.engine.train import fit

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

    def before(self, indices, n_sessions):
        return self.x[indices], np.zeros(len(indices), bool)


class Breaking(MeanSquared):
    """Squared error whose gradient is not finite at the calls whose numbers are given."""

    def __init__(self, bad):
        self.bad, self.n_calls = set(bad), 0

    def gradient(self, outputs, target):
        self.n_calls += 1
        poison = np.nan if self.n_calls in self.bad else 1.0
        return super().gradient(outputs, target) * poison


def make_task(n, seed, *, noise=0.1):
    """Return n samples."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 6, 2))
    return Arrays(x, x[:, -3, :1] + noise * rng.standard_normal((n, 1)))


def make_network(n_outputs=1, *, hidden=6, dtype=np.float64, dropout=0.0, seed=0):
    """Return a small LSTM."""
    network = Network(Architecture("lstm", 2, hidden, 1, n_outputs), dropout=dropout, dtype=dtype)
    network.initialise(np.random.default_rng(seed), np.zeros(n_outputs))
    return network


def train(network, loss, config=CONFIG, *, training=None, validation=None, seed=0, **options):
    """Train on 64 samples and validate on 40, unless others are given."""
    return fit(
        network,
        loss,
        training=make_task(64, 1) if training is None else training,
        validation=make_task(40, 2) if validation is None else validation,
        config=config,
        rng=np.random.default_rng(seed),
        **options,
    )
