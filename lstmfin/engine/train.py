"""Training: epochs of shuffled batches, early stopping, the best weights kept.

Shapes: N windows, T steps, D features, H horizons. Outside the engine windows are (B, T, D) and
targets (B, H); they are turned to (T, D, B) and (H, B) here, once a batch.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lstmfin.config import TrainConfig
from lstmfin.engine.loss import Law, Loss
from lstmfin.engine.network import Network
from lstmfin.engine.optim import SCHEDULES, Adam, clip_by_norm
from lstmfin.engine.params import Array
from lstmfin.engine.readout import solve_head
from lstmfin.errors import DataError

Indices = NDArray[np.intp]

MAX_RETREATS = 3
"""How often a run that left the finite numbers is set back, at half the rate, before it fails."""

PREDICTION_BATCH = 256
"""Windows that are predicted at once: enough to fill the products, little memory."""


class Samples(Protocol):
    """Windows and their targets, taken by number."""

    def __len__(self) -> int:
        """Return how many there are."""

    def batch(self, indices: Indices) -> tuple[Array, Array]:
        """Return windows (B, T, D) and targets (B, H)."""


@dataclass
class History:
    """What happened in training; entry 0 of the validation losses is that of the first weights.

    Attributes
    ----------
    train_loss, learning_rate, gradient_norm : list of float
        One entry an epoch: mean loss, last rate, mean norm of the gradient before clipping.
    validation_loss : list of float
        One entry more: before the first epoch, and after each.
    best_epoch : int
        The epoch whose weights were kept; 0 means that the first weights were never beaten.
    n_retreats : int
        How often a step left the finite numbers and training was set back at half the rate.
    """

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    best_epoch: int = 0
    n_retreats: int = 0


def fit(
    network: Network,
    loss: Loss,
    *,
    training: Samples,
    validation: Samples,
    config: TrainConfig,
    rng: np.random.Generator,
    tick: Callable[[], None] = lambda: None,
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
        Epochs, batch, rate, schedule, decay, clipping and patience.
    rng : Generator
        Draws the order of the windows and the dropout.
    tick : callable
        Called after each step, for a progress bar; there are ``n_steps`` at most.

    Raises
    ------
    DataError
        When training leaves the finite numbers a fourth time.
    """
    if not network.is_trained:
        return _fit_head(network, loss, training, validation)
    schedule = SCHEDULES[config.schedule]
    adam = Adam(network.params.flat, decayed=network.decayed(), weight_decay=config.weight_decay)
    history = History(validation_loss=[mean_loss(network, loss, validation)])
    best = network.params.flat.copy()
    rate, step, total = config.learning_rate, 0, n_steps(len(training), config)
    for epoch in range(1, config.epochs + 1):
        losses, norms = [], []
        for indices in _shuffled(len(training), config.batch, rng):
            value = _gradient(network, loss, training.batch(indices), rng)
            norm = clip_by_norm(network.gradients.flat, config.clip_norm)
            if not math.isfinite(value) or not math.isfinite(norm):
                rate = _retreat(history, rate)
                network.params.flat[:] = best
                adam.m[:], adam.v[:], adam.n_steps = 0, 0, 0
            else:
                adam.step(network.gradients.flat, rate * schedule(step / total))
                losses.append(value * len(indices))
                norms.append(norm)
            step += 1
            tick()
        history.train_loss.append(sum(losses) / len(training) if losses else math.nan)
        history.gradient_norm.append(sum(norms) / len(norms) if norms else math.nan)
        history.learning_rate.append(rate * schedule(step / total))
        history.validation_loss.append(mean_loss(network, loss, validation))
        if history.validation_loss[-1] < history.validation_loss[history.best_epoch]:
            history.best_epoch = epoch
            best[:] = network.params.flat
        elif epoch - history.best_epoch >= config.patience:
            break
    network.params.flat[:] = best
    return history


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


def _retreat(history: History, rate: float) -> float:
    history.n_retreats += 1
    if history.n_retreats > MAX_RETREATS:
        raise DataError(
            f"training left the finite numbers {history.n_retreats} times, the last at a learning "
            f"rate of {rate:.2g}; try a smaller --learning-rate or --clip-norm"
        )
    return rate / 2


def _inside(x: Array) -> Array:
    return x.transpose(1, 2, 0)


def _split(outputs: Array, loss: Loss) -> Array:
    return outputs.reshape(loss.n_parameters, -1, outputs.shape[1])


def _in_order(n: int, size: int) -> Iterator[Indices]:
    for start in range(0, n, size):
        yield np.arange(start, min(start + size, n))


def _shuffled(n: int, size: int, rng: np.random.Generator) -> Iterator[Indices]:
    order = rng.permutation(n)
    for start in range(0, n, size):
        yield order[start : start + size]
