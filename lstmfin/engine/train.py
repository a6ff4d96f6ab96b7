"""Training: epochs of shuffled batches, early stopping, the best weights kept.

Shapes: N windows, T steps, D features, H targets, B windows in a batch, M models. Outside the
engine windows are (B, T, D) and targets (B, H); they are turned to (T, D, B) and (H, B) here, once
a batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lstmfin.config import TrainConfig
from lstmfin.engine.checkpoint import Checkpoint
from lstmfin.engine.dropout import Rngs
from lstmfin.engine.loss import Law, Loss
from lstmfin.engine.network import Network
from lstmfin.engine.params import Array
from lstmfin.engine.readout import solve_head
from lstmfin.engine.run import History, Run, steps_an_epoch
from lstmfin.engine.samples import (
    PREDICTION_BATCH,
    Indices,
    Samples,
    in_order,
    said_of,
    turned,
)
from lstmfin.errors import DataError

MOST_TOGETHER = 65_536
"""Pre-activations of a step up to which models train in the same calls: beyond, each call is long
enough to go alone, and what it works on leaves the cache."""


@dataclass(frozen=True, eq=False)
class Task:
    """One network to train.

    Attributes
    ----------
    network : Network
        Initialised; changed in place.
    training, validation : Samples
        The validation block must lie after the training block, with a gap of the horizon.
    rng : Generator
        Draws the order of the windows and the dropout.
    checkpoint : Checkpoint, optional
        Gives the state to go on from, and is handed one after each epoch. A run that goes on ends
        with the same bits as one that was never interrupted.
    """

    network: Network
    training: Samples
    validation: Samples
    rng: np.random.Generator
    checkpoint: Checkpoint | None = None


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
    """Train one network; see ``Task`` and ``fit_together``."""
    task = Task(network, training, validation, rng, checkpoint)
    return fit_together([task], loss, config=config, tick=tick)[0]


def fit_together(
    tasks: Sequence[Task],
    loss: Loss,
    *,
    config: TrainConfig,
    tick: Callable[[], None] = lambda: None,
) -> list[History]:
    """Train networks of one architecture in place; leave each with its best weights.

    Those are the weights with the least loss on the network's own validation block. Small networks
    share their NumPy calls, along an axis of models; each has the bits that it would have alone. A
    step whose loss or gradient is not finite is not taken: the best weights so far of that network
    come back and its rate is halved, at most three times.

    Parameters
    ----------
    config : TrainConfig
        Epochs, batch, optimiser, rate, schedule, remedies and patience; the same for all.
    tick : callable
        Called after each step of each network, for a progress bar; there are ``n_steps`` at most
        for each. What it raises ends training between two steps, after the checkpoints have been
        told.

    Raises
    ------
    DataError
        When training leaves the finite numbers a fourth time.
    """
    if not tasks[0].network.is_trained:
        return [_fit_head(task, loss) for task in tasks]
    runs = [_begin(task, loss, config) for task in tasks]
    pairs = list(zip(tasks, runs, strict=True))
    step = Step(loss, config)
    try:
        while live := [pair for pair in pairs if not pair[1].ended]:
            _epoch(live, step, tick)
            for task, run in live:
                with run.answering():
                    validation_loss = mean_loss(task.network, loss, task.validation)
                run.close_epoch(validation_loss)
            _keep(live)
    except DataError:
        raise  # what a run was before it failed is kept already
    except BaseException:
        _keep([pair for pair in pairs if pair[1].is_between_steps])
        raise
    for task, run in pairs:
        task.network.params.flat[:] = run.best
    return [run.history for run in runs]


def _begin(task: Task, loss: Loss, config: TrainConfig) -> Run:
    n = len(task.training)
    run = Run(task.network, config, task.rng, n_samples=n, n_steps=n_steps(n, config))
    state = task.checkpoint.load() if task.checkpoint else None
    if state is None:
        run.history.validation_loss.append(mean_loss(task.network, loss, task.validation))
    else:
        run.restore(state)
    return run


def _keep(pairs: Sequence[tuple[Task, Run]]) -> None:
    for task, run in pairs:
        if task.checkpoint:
            task.checkpoint.save(run.state())


def _epoch(pairs: Sequence[tuple[Task, Run]], step: "Step", tick: Callable[[], None]) -> None:
    """Let each network take the steps of one epoch, those of one batch size side by side."""
    while True:
        by_size: dict[int, list[tuple[Task, Run, Indices]]] = {}
        for task, run in pairs:
            if (indices := run.next_batch()) is not None:
                by_size.setdefault(len(indices), []).append((task, run, indices))
        if not by_size:
            return
        for size, some in by_size.items():
            n = step.n_together(some[0][0].network, size)
            for first in range(0, len(some), n):
                step.take(some[first : first + n])
                for _ in some[first : first + n]:
                    tick()


class Step:
    """One step of networks of one architecture, with batches of one size."""

    def __init__(self, loss: Loss, config: TrainConfig) -> None:
        self.loss, self.config = loss, config
        self._side_by_side: Network | None = None

    def n_together(self, network: Network, size: int) -> int:
        """Return how many networks should go side by side."""
        a = network.architecture
        rows = len(network.layers[0].cell.gates) * a.n_hidden
        return 1 if a.stateful else max(1, MOST_TOGETHER // (rows * size))

    def take(self, some: Sequence[tuple[Task, Run, Indices]]) -> None:
        """Set the gradients of each network from its batch, and let its run take the step."""
        for _, run, _ in some:
            run.is_between_steps = False
        with np.errstate(over="ignore", invalid="ignore"):  # the run judges what is not finite
            self._take(some)
        for _, run, _ in some:
            run.is_between_steps = True

    def _take(self, some: Sequence[tuple[Task, Run, Indices]]) -> None:
        every_step = self.config.loss_on == "all"
        batches = [
            task.training.every_step(indices) if every_step else task.training.batch(indices)
            for task, _, indices in some
        ]
        network = some[0][0].network
        rngs: Rngs = some[0][0].rng
        x, carried = turned(batches[0][0]), some[0][1].starts_from
        if len(some) > 1:
            network = self._joined([task.network for task, _, _ in some])
            rngs = [task.rng for task, _, _ in some]
            x = np.stack([turned(x) for x, _ in batches], axis=1)
        outputs = network.forward(x, rngs, every_step=every_step, carried=carried)
        doutputs = np.empty_like(outputs)
        values = []
        for number, (_, y) in enumerate(batches):
            at = (..., number, slice(None), slice(None)) if len(some) > 1 else ...
            value, doutputs[at] = self._of(outputs[at], y)
            values.append(value)
        network.backward(doutputs, penalty=self.config.signal_penalty)
        for number, (task, run, indices) in enumerate(some):
            if len(some) > 1:
                task.network.gradients.flat[:] = network.gradients.flat[number]
            if task.network.architecture.stateful:
                run.carried = network.carry()
            run.take_step(values[number], len(indices))

    def _joined(self, networks: Sequence[Network]) -> Network:
        """Return one network with the weights of all, along an axis of models."""
        lone, n = networks[0], len(networks)
        if self._side_by_side is None or self._side_by_side.lead != (n,):
            self._side_by_side = Network(
                lone.architecture,
                dropout=lone.dropout,
                dtype=lone.params.flat.dtype.type,
                n_models=n,
            )
        for flat, network in zip(self._side_by_side.params.flat, networks, strict=True):
            flat[:] = network.params.flat
        return self._side_by_side

    def _of(self, outputs: Array, y: Array) -> tuple[float, Array]:
        """Return the mean loss, and its gradient by outputs (O, B), or (T, O, B) for all steps."""
        if outputs.ndim == 2:
            return self._mean(outputs, y.T)
        T, O, B = outputs.shape
        target = y.transpose(2, 1, 0).reshape(-1, T * B)
        known = np.isfinite(target).all(axis=0)
        flat = outputs.transpose(1, 0, 2).reshape(O, T * B)
        gradient = np.zeros_like(flat)
        value, gradient[:, known] = self._mean(flat[:, known], target[:, known])
        return value, gradient.reshape(O, T, B).transpose(1, 0, 2)

    def _mean(self, outputs: Array, target: Array) -> tuple[float, Array]:
        split = _split(outputs, self.loss)
        d = self.loss.gradient(split, target) / target.size
        return float(self.loss.value(split, target).mean()), d.reshape(outputs.shape)


def _fit_head(task: Task, loss: Loss) -> History:
    """Solve for the head of a network whose recurrent layers are not trained."""
    network, training = task.network, task.training

    def validation_loss() -> float:
        return mean_loss(network, loss, task.validation)

    history = History(validation_loss=[validation_loss()])
    parts = [training.batch(indices) for indices in in_order(len(training), PREDICTION_BATCH)]
    states = np.concatenate([network.read_out(turned(x)).T for x, _ in parts])
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
    return config.epochs * steps_an_epoch(n_samples, config)


def mean_loss(network: Network, loss: Loss, samples: Samples) -> float:
    """Return the mean loss over all samples, nothing dropped."""
    total = 0.0
    for outputs, y in said_of(network, samples):
        total += float(loss.value(_split(outputs, loss), y.T).mean()) * len(y)
    return total / len(samples)


def predict(network: Network, loss: Loss, samples: Samples) -> Law:
    """Return the laws of all samples, each parameter (N, H); None where the loss has none."""
    parts = [loss.law(_split(outputs, loss)) for outputs, _ in said_of(network, samples)]
    columns = zip(*parts, strict=True)
    return Law(*(None if c[0] is None else np.concatenate(c, axis=1).T for c in columns))  # type: ignore[arg-type]


def _split(outputs: Array, loss: Loss) -> Array:
    return outputs.reshape(loss.n_parameters, -1, outputs.shape[1])
