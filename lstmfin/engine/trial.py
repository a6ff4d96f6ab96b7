"""How many sequences a cell needs to solve a problem.

Shapes: T steps, D inputs, H hidden units, B sequences, N answers that are asked for, P weights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from lstmfin.engine.params import Array, Params
from lstmfin.engine.problems import Problem, Sequences
from lstmfin.engine.recurrent import Recurrent
from lstmfin.engine.remedies import clip_by_norm
from lstmfin.registry import CELLS, OPTIMISERS

N_TEST = 2560
"""Sequences drawn anew as a test, as many as Hochreiter & Schmidhuber (1997) drew."""

N_RECENT = 500
"""Sequences whose mean error sets the learning rate."""

LEAST_SHARE = 0.1
"""Share of the first learning rate below which it does not fall."""


@dataclass(frozen=True)
class Recipe:
    """How a cell is trained, whichever it is: Adam on the squared error, clipped by norm.

    Attributes
    ----------
    hidden, batch : int
        H and B. A large batch is fast and costs sequences.
    rate : float
        Learning rate; it falls with the error, once that is below the problem's ``fine``.
    clip : float
        Largest norm of the gradient.
    memory : float
        Time over which a new cell remembers at most, in lengths of the problem; 0 leaves the biases
        to the cell.
    """

    hidden: int = 8
    batch: int = 16
    rate: float = 0.01
    clip: float = 1.0
    memory: float = 1.0


@dataclass(frozen=True)
class Outcome:
    """How a trial ended.

    Attributes
    ----------
    n_sequences : int
        Seen in training until the problem was solved, or until one gave up.
    mean_error : float
        Mean absolute error of the last of them, before each was learned from.
    n_wrong : int
        Of the ``N_TEST`` test sequences.
    course : tuple of (int, float)
        After each training step, the sequences seen and the mean absolute error of the last
        ``N_RECENT`` of them.
    """

    solved: bool
    n_sequences: int
    mean_error: float
    n_wrong: int
    n_weights: int
    course: tuple[tuple[int, float], ...]


def attempt(
    problem: Problem,
    cell: str,
    *,
    length: int,
    seed: int,
    limit: int,
    recipe: Recipe,
    tick: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Train a new cell on a problem until it is solved; see ``learn``."""
    rng = np.random.default_rng(seed)
    learner = new_learner(problem, cell, length=length, recipe=recipe, rng=rng)
    return learn(
        learner,
        problem,
        length=length,
        seed=seed,
        limit=limit,
        recipe=recipe,
        rng=rng,
        tick=tick,
    )


def new_learner(
    problem: Problem, cell: str, *, length: int, recipe: Recipe, rng: np.random.Generator
) -> "Learner":
    """Return a cell with its first weights."""
    learner = Learner(cell, problem.n_inputs, recipe, rng)
    remember(learner.layer, learner.p, steps=recipe.memory * length, rng=rng)
    return learner


def learn(
    learner: "Learner",
    problem: Problem,
    *,
    length: int,
    seed: int,
    limit: int,
    recipe: Recipe,
    rng: np.random.Generator,
    tick: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Train a cell on a problem until it is solved.

    A sequence is judged when it is drawn, before anything is learned from it, so that the errors of
    training are errors on sequences never seen.

    Parameters
    ----------
    learner : Learner
        Its weights are changed in place.
    length : int
        T of the problem.
    seed : int
        Of the test sequences.
    limit : int
        Sequences after which to give up.
    rng : Generator
        Draws the sequences.
    tick : callable
        Told the number of sequences after each step.
    """
    weights = learner.params.flat
    adam = OPTIMISERS.get("adam")(weights, decayed=np.zeros_like(weights))
    worst, mean = np.full(problem.n_right, np.inf), np.full(problem.n_right, np.inf)
    n, solved, course = 0, False, []
    while n < limit and not solved:
        sequences = problem.draw(rng, length, recipe.batch)
        error = learner.errors(sequences)
        learner.backward(sequences, error / len(error))
        clip_by_norm(learner.gradients.flat, recipe.clip)
        share = float(np.clip(mean[-N_RECENT:].mean() / problem.fine, LEAST_SHARE, 1))
        adam.step(learner.gradients.flat, recipe.rate * share)
        new_worst, new_mean = by_sequence(sequences, np.abs(error), recipe.batch)
        worst = np.concatenate([worst, new_worst])[-problem.n_right :]
        mean = np.concatenate([mean, new_mean])[-problem.n_right :]
        n += recipe.batch
        recent = mean[-N_RECENT:]
        course.append((n, float(recent[np.isfinite(recent)].mean())))
        solved = bool(worst.max() < problem.tolerance and mean.mean() < problem.mean_error)
        tick(n)
    seen = mean[np.isfinite(mean)]
    n_wrong = learner.n_wrong(problem, np.random.default_rng([seed, 1]), length)
    return Outcome(solved, n, float(seen.mean()), n_wrong, weights.size, tuple(course))


def by_sequence(sequences: Sequences, error: Array, n: int) -> tuple[Array, Array]:
    """Return the worst and the mean error (n,) of each sequence, of those of its answers (N,)."""
    worst, total = np.zeros(n), np.zeros(n)
    np.maximum.at(worst, sequences.sequence, error)
    np.add.at(total, sequences.sequence, error)
    return worst, total / np.bincount(sequences.sequence, minlength=n)


def remember(
    layer: Recurrent, p: SimpleNamespace, *, steps: float, rng: np.random.Generator
) -> None:
    """Let the gates of a new cell remember over times drawn uniformly from 1 to ``steps``.

    Chrono initialisation (Tallec & Ollivier 2018): b_f = log(u - 1), b_i = -b_f for the
    gates of a cell state, with u uniform in [2, steps], and the update gate of a GRU as b_f. A cell
    without such gates stays as it is.
    """
    if steps <= 2:
        return
    signs = {"f": 1, "i": -1} if "c" in layer.cell.states else {"z": 1}
    bias = np.log(rng.uniform(1, steps - 1, layer.n_hidden))
    for rows, gate in zip(p.b.reshape(-1, layer.n_hidden), layer.cell.gates, strict=True):
        if gate in signs:
            rows[:] = signs[gate] * bias


class Learner:
    """One recurrent layer and a linear answer, in single precision; it starts at the answer 1/2."""

    def __init__(self, cell: str, n_inputs: int, recipe: Recipe, rng: np.random.Generator) -> None:
        layer = self.layer = Recurrent(CELLS.get(cell)(), n_inputs, recipe.hidden)
        shapes = {f"layer.{name}": shape for name, shape in layer.shapes().items()}
        self.params = Params({**shapes, "head.w": (recipe.hidden,), "head.b": (1,)})
        self.gradients = self.params.like()
        self.p = layer.bind(self.params.owned_by("layer"))
        self.dp = layer.bind(self.gradients.owned_by("layer"))
        layer.initialise(self.p, rng)
        self.params["head.w"][...] = rng.standard_normal(recipe.hidden) / np.sqrt(recipe.hidden)
        self.params["head.b"][...] = 0.5
        self._read: Array | None = None

    def errors(self, s: Sequences) -> Array:
        """Return answers less targets, (N,)."""
        h = self.layer.forward(self.p, s.x)
        self._read = h[s.step, :, s.sequence]  # (N, H)
        return np.asarray(self._read @ self.params["head.w"] + self.params["head.b"] - s.target)

    def backward(self, s: Sequences, danswers: Array) -> None:
        """Set the gradients from those of the answers (N,) of the last ``errors``."""
        assert self._read is not None
        d = danswers.astype(np.float32)
        self.gradients.flat[:] = 0
        self.gradients["head.w"][...] = d @ self._read
        self.gradients["head.b"][...] = d.sum()
        dh = np.zeros((len(s.x), self.layer.n_hidden, s.x.shape[2]), np.float32)
        dh[s.step, :, s.sequence] = d[:, None] * self.params["head.w"]
        first = self.layer.cell.states[0]
        if self.layer.cell.trained:
            self.layer.backward(self.p, self.dp, {first: dh}, need_dx=False)

    def n_wrong(self, problem: Problem, rng: np.random.Generator, length: int) -> int:
        """Return how many of ``N_TEST`` new sequences are answered wrongly."""
        wrong, batch = 0, N_TEST // 10
        for _ in range(10):
            sequences = problem.draw(rng, length, batch)
            worst, _ = by_sequence(sequences, np.abs(self.errors(sequences)), batch)
            wrong += int((worst >= problem.tolerance).sum())
        return wrong
