"""A training run: all that changes in its course, in one place, so that it can be kept and resumed.

Shapes: P weights, N windows.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmfin.config import TrainConfig
from lstmfin.engine.checkpoint import State
from lstmfin.engine.network import Carried, Network
from lstmfin.engine.optimiser import make_optimiser
from lstmfin.engine.remedies import Average, add_l2, clip_by_norm, clip_by_value, norm
from lstmfin.engine.samples import Indices, kept
from lstmfin.engine.schedules import SCHEDULES
from lstmfin.errors import DataError

MAX_RETREATS = 3
"""How often a run that left the finite numbers is set back, at half the rate, before it fails."""

MOST_NORM = 1e18
"""A gradient larger than that, after clipping, has squares that leave float32."""

_COUNTERS = ("rate", "step", "epoch", "position", "n_windows", "ended")
"""Attributes of a run that are plain values."""


@dataclass
class History:
    """What happened in training; entry 0 of the validation losses is that of the first weights.

    Attributes
    ----------
    train_loss, learning_rate, gradient_norm : list of float
        One entry an epoch: mean loss, the rate at its end, mean norm of the gradient before it
        is clipped.
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


def steps_an_epoch(n_samples: int, config: TrainConfig) -> int:
    """Return how many batches there are in an epoch."""
    if not config.stateful:
        return math.ceil(n_samples / config.batch)
    n_streams = min(n_samples, config.window)
    return math.ceil(n_streams / config.batch) * math.ceil(n_samples / config.window)


class Run:
    """A network on its way from the first step to the last.

    Parameters
    ----------
    network : Network
        Initialised; its weights are changed in place.
    n_samples, n_steps : int
        Training windows, N, and steps of the run if it is not stopped early.

    Attributes
    ----------
    epoch, position : int
        The epoch under way, from 1, and how many of its windows have been taken.
    order : ndarray (N,)
        The order of the windows in this epoch, or of the streams of windows that follow upon each
        other, where states are carried; empty before its first step.
    carried : list or None
        States that the last batch left.
    starts_from : list or None
        Those of them that the next batch starts from.
    n_windows : int
        Windows of this epoch whose steps were taken.
    is_between_steps : bool
        Whether the run may be kept as it is.
    ended : bool
        Whether patience has run out.
    """

    def __init__(
        self,
        network: Network,
        config: TrainConfig,
        rng: np.random.Generator,
        *,
        n_samples: int,
        n_steps: int,
    ) -> None:
        self.config, self.rng = config, rng
        self.n_samples, self.n_steps = n_samples, n_steps
        self.weights, self.gradient = network.params.flat, network.gradients.flat
        self.decayed = network.decayed()
        self.optimiser = make_optimiser(config, self.weights, self.decayed)
        self.average = Average(self.weights, config.ema) if config.ema else None
        self.schedule = SCHEDULES[config.schedule](patience=config.plateau)
        self.history = History()
        self.best = self.weights.copy()
        self.rate, self.step, self.epoch, self.position = config.learning_rate, 0, 1, 0
        self.ended = False
        self.order: Indices = np.empty(0, np.intp)
        self.carried: Carried | None = None
        self.starts_from: Carried | None = None
        self.n_windows = 0
        self.is_between_steps = True
        self.losses: list[float] = []
        self.norms: list[float] = []

    def learning_rate(self) -> float:
        """Return the rate of the next step."""
        return self.rate * self.schedule.share((self.step + 0.5) / self.n_steps)

    def next_batch(self) -> Indices | None:
        """Return the windows of the next step, or None at the end of the epoch.

        They stay the next until ``take_step``, so that a run may be kept between the two.
        """
        if self.config.stateful:
            return self._next_of_streams()
        if not self.order.size:
            self.order = self.rng.permutation(self.n_samples)
        indices = self.order[self.position : self.position + self.config.batch]
        return indices if len(indices) else None

    def _next_of_streams(self) -> Indices | None:
        """Return windows that start where those of the batch before ended, in order of time.

        A stream is every T-th window; some streams at a time are run from begin to end. Sets what
        they start from.
        """
        T, n, size = self.config.window, self.n_samples, self.config.batch
        if not self.order.size:
            self.order = self.rng.permutation(min(n, T))
        n_links = math.ceil(n / T)
        while self.position < steps_an_epoch(n, self.config):
            group, link = divmod(self.position, n_links)
            indices = self.order[group * size : (group + 1) * size] + link * T
            there = indices < n
            if there.any():
                self.starts_from = None if link == 0 else kept(self.carried, there)
                return indices[there]
            self.position += 1
        return None

    def take_step(self, loss: float, n_windows: int) -> None:
        """Take a step down the gradient of a batch, or a step back where it is not finite."""
        size, limit = norm(self.gradient), self.config.clip_norm
        if math.isfinite(loss) and (min(size, limit) if limit else size) < MOST_NORM:
            clip_by_value(self.gradient, self.config.clip_value)
            clip_by_norm(self.gradient, self.config.clip_norm)
            add_l2(self.gradient, self.weights, self.decayed, self.config.l2)
            self.optimiser.step(self.gradient, self.learning_rate())
            if self.average:
                self.average.update(self.optimiser.answer())
            self.losses.append(loss * n_windows)
            self.norms.append(size)
            self.n_windows += n_windows
        else:
            self._retreat()
        self.step += 1
        self.position += 1 if self.config.stateful else n_windows

    def _retreat(self) -> None:
        self.history.n_retreats += 1
        if self.history.n_retreats > MAX_RETREATS:
            raise DataError(
                f"training left the finite numbers {self.history.n_retreats} times, the last at a "
                f"learning rate of {self.rate:.2g}; try a smaller --learning-rate, or clip the "
                "gradient (--clip-norm)"
            )
        self.rate /= 2
        self.weights[:] = self.best
        self.carried = None
        self.optimiser.reset()
        if self.average:
            self.average.reset()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Let the network hold the weights to predict with, which may be averages."""
        answer = self._answer()
        if answer is self.weights:
            yield
            return
        trained = self.weights.copy()
        self.weights[:] = answer
        try:
            yield
        finally:
            self.weights[:] = trained

    def _answer(self) -> np.ndarray:
        if self.average and self.average.n_steps:
            return self.average.values
        return self.optimiser.answer()

    def close_epoch(self, validation_loss: float) -> None:
        """Note how an epoch ended, keep its weights if they are the best, and open the next."""
        history, losses, norms = self.history, self.losses, self.norms
        history.train_loss.append(sum(losses) / self.n_windows if losses else math.nan)
        history.gradient_norm.append(sum(norms) / len(norms) if norms else math.nan)
        history.learning_rate.append(self.learning_rate())
        history.validation_loss.append(validation_loss)
        answer = self._answer()
        improved = not validation_loss >= history.validation_loss[history.best_epoch]
        improved = improved and math.isfinite(validation_loss) and bool(np.isfinite(answer).all())
        if improved:
            history.best_epoch = self.epoch
            self.best[:] = answer
        self.schedule.after_epoch(improved=improved)
        waited = self.epoch - history.best_epoch
        self.ended = waited >= self.config.patience or self.epoch == self.config.epochs
        self.epoch, self.position, self.order = self.epoch + 1, 0, np.empty(0, np.intp)
        self.losses, self.norms, self.n_windows = [], [], 0

    def state(self) -> State:
        """Return what the run is now, as copies."""
        arrays: dict[str, NDArray[Any]] = {
            "weights": self.weights.copy(),
            "best": self.best.copy(),
            "order": self.order,
        }
        arrays |= {name: np.array(getattr(self, name)) for name in ("losses", "norms")}
        history = asdict(self.history)
        arrays |= {
            f"history.{name}": np.array(value)
            for name, value in history.items()
            if isinstance(value, list)
        }
        own = self.optimiser
        arrays |= {f"optimiser.{name}": getattr(own, name).copy() for name in own.vectors}
        values = {name: getattr(self, name) for name in _COUNTERS}
        values["history"] = {k: v for k, v in history.items() if not isinstance(v, list)}
        values["optimiser"] = {name: getattr(own, name) for name in own.numbers}
        values["schedule"] = {name: getattr(self.schedule, name) for name in self.schedule.numbers}
        values["rng"] = self.rng.bit_generator.state
        for level, parts in enumerate(self.carried or []):
            for at, states in enumerate(parts):
                arrays |= {f"carried.{level}.{at}.{name}": s for name, s in states.items()}
        if self.average:
            arrays["average"] = self.average.values.copy()
            values["average"] = self.average.n_steps
        return State(arrays, values)

    def restore(self, state: State) -> None:
        """Become what the run was when ``state`` was taken."""
        arrays, values = state.arrays, state.values
        self.weights[:], self.best[:] = arrays["weights"], arrays["best"]
        self.order = arrays["order"].astype(np.intp)
        self.losses, self.norms = arrays["losses"].tolist(), arrays["norms"].tolist()
        for name in _COUNTERS:
            setattr(self, name, values[name])
        lists = {
            name.removeprefix("history."): array.tolist()
            for name, array in arrays.items()
            if name.startswith("history.")
        }
        self.history = History(**lists, **values["history"])
        for name in self.optimiser.vectors:
            getattr(self.optimiser, name)[:] = arrays[f"optimiser.{name}"]
        for owner in ("optimiser", "schedule"):
            for name, value in values[owner].items():
                setattr(getattr(self, owner), name, value)
        self.carried = _carried(arrays)
        self.rng.bit_generator.state = values["rng"]
        if self.average:
            self.average.values[:] = arrays["average"]
            self.average.n_steps = values["average"]


def _carried(arrays: dict[str, NDArray[Any]]) -> Carried | None:
    """Return the carried states that ``Run.state`` put among arrays."""
    carried: Carried = []
    for key in sorted(key for key in arrays if key.startswith("carried.")):
        _, level, at, name = key.split(".")
        while len(carried) <= int(level):
            carried.append([])
        if len(carried[int(level)]) <= int(at):
            carried[int(level)].append({})
        carried[int(level)][int(at)][name] = arrays[key]
    return carried or None
