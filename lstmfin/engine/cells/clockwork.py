"""The clockwork RNN: groups of units that tick at their own periods."""

from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cell import Cell, State, Step, tanh, tanh_slope
from lstmfin.engine.params import Array
from lstmfin.errors import UsageError


class Clockwork(Cell):
    """Clockwork RNN (Koutník, Greff, Gomez & Schmidhuber 2014).

    The units are parted into groups of equal size, one a period T. A group is computed as that of a
    simple RNN at steps t with t mod T = 0, and keeps its state at all others. It reads the groups
    of its own and of longer periods (eq. 2: U is block-triangular).

    Parameters
    ----------
    periods : tuple of int
        In steps, rising; their number must divide the units.
    """

    gates = "h"
    states = ("h",)
    variants = ({}, {"periods": (1, 2, 3)})

    def __init__(self, *, periods: tuple[int, ...] = (1, 2)) -> None:
        if not periods or min(periods) < 1 or list(periods) != sorted(set(periods)):
            raise UsageError(
                f"--periods is '{','.join(map(str, periods))}'; it must be whole numbers of steps "
                "from 1 on, each larger than the one before"
            )
        self.periods = periods

    def mask(self, n_hidden: int, n_inputs: int) -> Array:
        """Return A's mask: no group reads one of a shorter period."""
        n_groups = len(self.periods)
        if n_hidden % n_groups:
            raise UsageError(
                f"{n_groups} periods do not divide {n_hidden} units; choose a --hidden that is a "
                f"multiple of {n_groups}, or other --periods"
            )
        group = np.repeat(np.arange(n_groups), n_hidden // n_groups)
        reads = group[None, :] >= group[:, None]
        return np.hstack([reads, np.ones((n_hidden, n_inputs + 1))])

    def _active(self, t: Step) -> Array:
        ticks = np.array([t.index % period == 0 for period in self.periods])
        return np.repeat(ticks, t.h.shape[-2] // len(ticks))[:, None]

    def step(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002 - no weights of its own
        """Forward."""
        (z,) = t.gates
        tanh(z, out=z)
        np.copyto(t.h, t.h_prev)
        np.copyto(t.h, z, where=self._active(t))

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:  # noqa: ARG002
        """Backward."""
        active = self._active(t).astype(d.h.dtype)
        t.dz[0] = d.h * tanh_slope(t.z[0]) * active
        d.h *= 1 - active


CELL = Clockwork
