"""The simple recurrent network: one state, one tanh."""

from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cell import Cell, State, Step, tanh, tanh_slope


class RNN(Cell):
    """Simple recurrent network (Elman 1990).

    .. math:: h = tanh(U h' + W x + b)
    """

    gates = "h"
    states = ("h",)

    def step(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002 - no weights of its own
        """Forward."""
        tanh(t.z[0], out=t.h)

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:  # noqa: ARG002
        """Backward."""
        np.multiply(d.h, tanh_slope(t.h), out=t.dz[0])
        d.h[:] = 0


CELL = RNN
