"""Problems with a known answer that only a network with a memory can solve.

Shapes: T steps, D inputs, B sequences, N answers that are asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lstmfin.engine.params import Array
from lstmfin.errors import UsageError

Indices = NDArray[np.intp]


class Sequences(NamedTuple):
    """Inputs (T, D, B), and the answers (N,) asked for after steps (N,) of sequences (N,)."""

    x: Array
    step: Indices
    sequence: Indices
    target: Array


@dataclass(frozen=True)
class Problem:
    """A problem, and when it counts as solved.

    Attributes
    ----------
    draw : callable
        Makes so many sequences of a length.
    n_inputs : int
        D.
    length, shortest : int
        The length that is usual, and the least that makes sense.
    tolerance : float
        An answer is right if it is off by less.
    mean_error : float
        The mean error, in absolute value, of the last ``n_right`` sequences must be below.
    n_right : int
        So many sequences in a row must be right in all their answers.
    limit : int
        Sequences after which one gives up.
    fine : float
        Mean error from which on the learning rate falls with it.
    cells : tuple of str
        Those that the problem is about.
    batch : int
        Sequences in a training step.
    """

    draw: Callable[[np.random.Generator, int, int], Sequences]
    n_inputs: int
    length: int
    shortest: int
    tolerance: float
    mean_error: float
    n_right: int
    limit: int
    fine: float
    cells: tuple[str, ...]
    batch: int

    def checked_length(self, length: int | None) -> int:
        """Return the length, or the usual one; UsageError where the problem makes no sense."""
        length = self.length if length is None else length
        if length < self.shortest:
            raise UsageError(f"--length is {length}; this problem needs at least {self.shortest}")
        return length


FIRST_MARKED = 10
"""The first marked pair is one of so many at the head of a sequence."""


def adding(rng: np.random.Generator, length: int, n: int) -> Sequences:
    """Draw sequences of the adding problem (Hochreiter & Schmidhuber 1997, experiment 4).

    A step has a number, uniform in [-1, 1], and a marker. One of the first ten pairs is marked with
    1, then one of the first T/2 - 1 that are not marked yet; the marker of the first and of the
    last pair is -1, that of all others 0. The sequence has T to T + T/10 pairs. After the last one
    0.5 + (X1 + X2) / 4 is asked for, the sum of the two marked numbers. Where the first pair is
    marked, its marker stays -1 and its number counts as 0.
    """
    lengths = rng.integers(length, length + length // 10 + 1, n)
    x = np.zeros((lengths.max(), 2, n), np.float32)
    x[:, 0] = rng.uniform(-1, 1, (len(x), n))
    each = np.arange(n)
    first = rng.integers(0, FIRST_MARKED, n)
    second = rng.integers(0, length // 2 - 1, n)
    second += second >= first
    target = np.full(n, 0.5)
    for marked in (first, second):
        x[marked, 1, each] = 1
        target += np.where(marked > 0, x[marked, 0, each], 0) / 4
    x[0, 1] = x[lengths - 1, 1, each] = -1
    x[:, 0][np.arange(len(x))[:, None] >= lengths] = 0
    return Sequences(x, lengths - 1, each, target)


N_INTERVALS = 2
"""Intervals between spikes in one sequence of the timing problem."""


def timing(rng: np.random.Generator, length: int, n: int) -> Sequences:
    """Draw sequences of the timing problem (Gers, Schraudolph & Schmidhuber 2002).

    Spikes of 1 in a stream of zeros, each T - 1 or T steps after the one before, one as likely as
    the other; at each spike 1 is asked for if the interval was the longer one, else 0. A sequence
    has two intervals, the first after a spike at its first step. Each pattern of intervals is drawn
    equally often, as near as ``n`` allows: chance in their number would hide the small difference
    that is to be learned.
    """
    pattern = (rng.permutation(n) + rng.integers(2**N_INTERVALS)) % 2**N_INTERVALS
    longer = (pattern >> np.arange(N_INTERVALS)[:, None]) & 1  # (intervals, B)
    at = np.cumsum(length - 1 + longer, axis=0)
    each = np.broadcast_to(np.arange(n), at.shape)
    x = np.zeros((N_INTERVALS * length + 1, 1, n), np.float32)
    x[0] = 1
    x[at, 0, each] = 1
    return Sequences(x, at.ravel(), each.ravel(), longer.ravel().astype(np.float64))


PROBLEMS = {
    "adding": Problem(adding, 2, 100, 11, 0.04, 0.01, 2000, 200_000, 0.05, ("lstm",), 16),
    "timing": Problem(timing, 1, 50, 2, 0.49, 0.49, 1000, 200_000, 0.4, ("peephole", "lstm"), 4),
}
