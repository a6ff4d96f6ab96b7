"""The simple recurrent network: one state, one squashing function."""

from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cell import Cell, State, Step, one_of, tanh, tanh_slope

ACTIVATIONS = ("tanh", "relu")


class RNN(Cell):
    """Simple recurrent network (Elman 1990).

    .. math:: h = tanh(U h' + W x + b)

    or max(0, ·) in place of tanh (``activation="relu"``; Le, Jaitly & Hinton 2015).
    """

    gates = "h"
    states = ("h",)
    leaks = False
    variants = ({}, {"activation": "relu"})

    def __init__(self, *, activation: str = "tanh") -> None:
        self.is_tanh = one_of(activation, ACTIVATIONS, option="activation") == "tanh"

    def step(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002 - no weights of its own
        """Forward."""
        if self.is_tanh:
            tanh(t.z[0], out=t.h)
        else:
            np.maximum(t.z[0], 0, out=t.h)

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:  # noqa: ARG002
        """Backward."""
        np.multiply(d.h, tanh_slope(t.h) if self.is_tanh else t.h > 0, out=t.dz[0])


CELL = RNN
