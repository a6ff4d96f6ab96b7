"""Long short-term memory with a forget gate, without peepholes."""

from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cell import Cell, State, Step, sigmoid, sigmoid_slope, tanh, tanh_slope


class LSTM(Cell):
    r"""Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).

    .. math::
        i, f, o = σ(U h' + W x + b), \quad g = tanh(U h' + W x + b)

        c = f c' + i g, \quad h = o\, tanh(c)

    The forget gate's bias starts at 1 (Jozefowicz et al. 2015), so that a new network remembers.
    """

    gates = "ifog"
    states = ("h", "c")
    saved = ("tanh_c",)
    gate_bias = {"f": 1.0}  # noqa: RUF012 - a ClassVar in the base

    def step(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002 - no weights of its own
        """Forward."""
        i, f, o, g = t.gates
        sigmoid(t.z[:3])
        tanh(g, out=g)
        np.multiply(f, t.c_prev, out=t.c)
        t.c += i * g
        tanh(t.c, out=t.tanh_c)
        np.multiply(o, t.tanh_c, out=t.h)

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:  # noqa: ARG002
        """Backward."""
        i, f, o, g = t.gates
        di, df, do, dg = t.dgates
        d.c += d.h * o * tanh_slope(t.tanh_c)
        np.multiply(d.c, g, out=di)
        np.multiply(d.c, t.c_prev, out=df)
        np.multiply(d.h, t.tanh_c, out=do)
        np.multiply(d.c, i, out=dg)
        t.dz[:3] *= sigmoid_slope(t.z[:3])
        dg *= tanh_slope(g)
        d.c *= f
        d.h[:] = 0


CELL = LSTM
