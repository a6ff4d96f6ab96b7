"""What training reads, and how: windows in order of time, one a session.

Shapes: N windows, B of them in a batch, T steps, D features, H targets.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lstmfin.engine.network import Carried, Network
from lstmfin.engine.params import Array

Indices = NDArray[np.intp]

PREDICTION_BATCH = 256
"""Windows that are predicted at once: enough to fill the products, little memory."""


class Samples(Protocol):
    """Windows and their targets, taken by number."""

    def __len__(self) -> int:
        """Return how many there are."""

    def batch(self, indices: Indices) -> tuple[Array, Array]:
        """Return windows (B, T, D) and the targets (B, H) after their last steps."""

    def every_step(self, indices: Indices) -> tuple[Array, Array]:
        """Return windows (B, T, D) and the targets (B, T, H) after each step; NaN if unknown.

        Each step of such a window is scaled by what was known at that step.
        """

    def before(self, indices: Indices, n_sessions: int) -> tuple[Array, NDArray[np.bool_]]:
        """Return the windows (B, T, D) that end so much earlier, and which of them there are."""


def turned(x: Array) -> Array:
    """Return windows (B, T, D) as layers read them, (T, D, B)."""
    return x.transpose(1, 2, 0)


def in_order(n: int, size: int) -> Iterator[Indices]:
    """Yield 0..n-1 in pieces."""
    for start in range(0, n, size):
        yield np.arange(start, min(start + size, n))


def said_of(network: Network, samples: Samples) -> Iterator[tuple[Array, Array]]:
    """Yield the outputs (O, B) of a network and the targets (B, H), in order, nothing dropped."""
    n = len(samples)
    if not network.architecture.stateful:
        for indices in in_order(n, PREDICTION_BATCH):
            x, y = samples.batch(indices)
            yield network.forward(turned(x)), y
        return
    T = samples.batch(np.arange(1))[0].shape[1]
    carried = carried_to(network, samples, np.arange(min(T, n)), T)
    for indices in in_order(n, T):
        x, y = samples.batch(indices)
        yield network.forward(turned(x), carried=kept(carried, slice(len(indices)))), y
        carried = network.carry()


def carried_to(network: Network, samples: Samples, first: Indices, T: int) -> Carried | None:
    """Return the states before the first windows, of all that end T, 2 T... sessions before.

    That is one pass over the series from its begin, as in training.
    """
    n_before = 0
    while samples.before(first, (n_before + 1) * T)[1].any():
        n_before += 1
    carried: Carried | None = None
    for n in range(n_before, 0, -1):
        x, there = samples.before(first, n * T)
        network.forward(turned(x), carried=carried)
        carried = [
            [
                {name: np.where(there, state, start[name]) for name, state in one.items()}
                for one, start in zip(level, starts, strict=True)
            ]
            for level, starts in zip(network.carry(), network.first_states(), strict=True)
        ]
    return carried


def kept(carried: Carried | None, samples: slice | NDArray[np.bool_]) -> Carried | None:
    """Return the carried states of some samples of a batch."""
    return carried and [
        [{name: state[..., samples] for name, state in one.items()} for one in level]
        for level in carried
    ]
