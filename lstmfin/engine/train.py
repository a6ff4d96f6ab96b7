"""Training: epochs of shuffled batches, early stopping, the best weights kept.

Shapes: N windows, T steps, D features, H horizons. Outside the engine windows are (B, T, D) and
targets (B, H); they are turned to (T, D, B) and (H, B) here, once a batch.
"""

import math
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from lstmfin.config import TrainConfig
from lstmfin.engine.checkpoint import Checkpoint
from lstmfin.engine.loss import Law, Loss
from lstmfin.engine.network import Network
from lstmfin.engine.params import Array
from lstmfin.engine.readout import solve_head
from lstmfin.engine.run import History, Indices, Run

PREDICTION_BATCH = 256
"""Windows that are predicted at once: enough to fill the products, little memory."""


class Samples(Protocol):
    """Windows and their targets, taken by number."""

    def __len__(self) -> int:
        """Return how many there are."""

    def batch(self, indices: Indices) -> tuple[Array, Array]:
        """Return windows (B, T, D) and targets (B, H)."""


def fit(
    network: Network,
    loss: Loss,
    *,
    training: Samples,
    validation: Samples,
    config: TrainConfig,
    rng: np.random.Generator,
    tick: Callable[[], None] = lambda: None,
    checkpoint: Checkpoint | None = None,
) -> History:
    """Train a network in place; leave it with the weights that were best on the validation block.

    A step whose loss or gradient is not finite is not taken: the best weights so far come back and
    the rate is halved, at most three times.

    Parameters
    ----------
    network : Network
        Initialised; changed in place.
    training, validation : Samples
        The validation block must lie after the training block, with a gap of the horizon.
    config : TrainConfig
        Epochs, batch, optimiser, rate, schedule, remedies and patience.
    rng : Generator
        Draws the order of the windows and the dropout.
    tick : callable
        Called after each step, for a progress bar; there are ``n_steps`` at most. What it raises
        ends training between two steps, after the checkpoint has been told.
    checkpoint : Checkpoint, optional
        Gives the state to go on from, and is handed one after each epoch. A run that goes on ends
        with the same bits as one that was never interrupted.

    Raises
    ------
    DataError
        When training leaves the finite numbers a fourth time.
    """
    if not network.is_trained:
        return _fit_head(network, loss, training, validation)
    n_samples = len(training)
    run = Run(network, config, rng, n_samples=n_samples, n_steps=n_steps(n_samples, config))
    state = checkpoint.load() if checkpoint else None
    if state is None:
        run.history.validation_loss.append(mean_loss(network, loss, validation))
    else:
        run.restore(state)
    while not run.ended:
        for indices in run.batches():
            value = _gradient(network, loss, training.batch(indices), rng)
            run.take_step(value, len(indices))
            try:
                tick()
            except BaseException:
                if checkpoint:
                    checkpoint.save(run.state())
                raise
        with run.answering():
            validation_loss = mean_loss(network, loss, validation)
        run.close_epoch(validation_loss)
        if checkpoint:
            checkpoint.save(run.state())
    network.params.flat[:] = run.best
    return run.history


def _fit_head(network: Network, loss: Loss, training: Samples, validation: Samples) -> History:
    """Solve for the head of a network whose recurrent layers are not trained."""

    def validation_loss() -> float:
        return mean_loss(network, loss, validation)

    history = History(validation_loss=[validation_loss()])
    parts = [training.batch(indices) for indices in _in_order(len(training), PREDICTION_BATCH)]
    states = np.concatenate([network.read_out(_inside(x)).T for x, _ in parts])
    targets = np.concatenate([y for _, y in parts])
    best = solve_head(network, states, targets, validation_loss=validation_loss)
    history.train_loss.append(mean_loss(network, loss, training))
    history.validation_loss.append(best)
    history.learning_rate.append(0.0)
    history.gradient_norm.append(0.0)
    history.best_epoch = int(best < history.validation_loss[0])
    return history


def n_steps(n_samples: int, config: TrainConfig) -> int:
    """Return how many steps training takes if it is not stopped early."""
    return config.epochs * math.ceil(n_samples / config.batch)


def mean_loss(network: Network, loss: Loss, samples: Samples) -> float:
    """Return the mean loss over all samples, without dropout."""
    total = 0.0
    for indices in _in_order(len(samples), PREDICTION_BATCH):
        x, y = samples.batch(indices)
        outputs = _split(network.forward(_inside(x)), loss)
        total += float(loss.value(outputs, y.T).mean()) * len(indices)
    return total / len(samples)


def predict(network: Network, loss: Loss, samples: Samples) -> Law:
    """Return the laws of all samples, each parameter (N, H); None where the loss has none."""
    parts = [
        loss.law(_split(network.forward(_inside(samples.batch(indices)[0])), loss))
        for indices in _in_order(len(samples), PREDICTION_BATCH)
    ]
    columns = zip(*parts, strict=True)
    return Law(*(None if c[0] is None else np.concatenate(c, axis=1).T for c in columns))  # type: ignore[arg-type]


def _gradient(
    network: Network, loss: Loss, batch: tuple[Array, Array], rng: np.random.Generator
) -> float:
    """Set the network's gradients to those of the mean loss of a batch, and return that loss."""
    x, y = batch
    outputs = network.forward(_inside(x), rng)
    split, target = _split(outputs, loss), y.T
    d = loss.gradient(split, target) / target.size
    network.backward(d.reshape(outputs.shape).astype(outputs.dtype))
    return float(loss.value(split, target).mean())


def _inside(x: Array) -> Array:
    return x.transpose(1, 2, 0)


def _split(outputs: Array, loss: Loss) -> Array:
    return outputs.reshape(loss.n_parameters, -1, outputs.shape[1])


def _in_order(n: int, size: int) -> Iterator[Indices]:
    for start in range(0, n, size):
        yield np.arange(start, min(start + size, n))
