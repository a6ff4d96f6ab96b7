"""Long short-term memory with a forget gate, without peepholes."""

from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cell import Cell, State, Step, sigmoid, tanh, tanh_slope
from lstmfin.engine.cells._layer_norm import LayerNormLSTM
from lstmfin.engine.params import Shape


class LSTM(Cell):
    r"""Long short-term memory (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000).

    .. math::
        i, f, o = σ(U h' + W x + b), \quad g = tanh(U h' + W x + b)

        c = f c' + i g, \quad h = o\, tanh(c)

    The forget gate's bias starts at 1 (Jozefowicz et al. 2015), so that a new network remembers.

    Parameters
    ----------
    layer_norm : bool
        Normalise gates and cell state over the units; see ``LayerNormLSTM``.
    """

    gates = "ifog"
    states = ("h", "c")
    saved = ("tanh_c",)
    gate_bias = {"f": 1.0}  # noqa: RUF012 - a ClassVar in the base
    leaks = False
    variants = ({}, {"layer_norm": True})

    def __new__(cls, *, layer_norm: bool = False) -> Cell:  # type: ignore[misc]
        """Return the variant asked for."""
        return LayerNormLSTM() if layer_norm else super().__new__(cls)

    def __init__(self, *, layer_norm: bool = False) -> None:
        pass

    def slope_shapes(self, n_hidden: int, n_batch: int) -> dict[str, Shape]:
        """Return room for one derivative a gate, and for that of h by c."""
        return {"slope": (4, n_hidden, n_batch), "hc": (n_hidden, n_batch)}

    def step(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002 - no weights of its own
        """Forward."""
        i, f, o, g = t.gates
        sigmoid(t.z[:3])
        tanh(g, out=g)
        np.multiply(f, t.c_prev, out=t.c)
        t.c += i * g
        tanh(t.c, out=t.tanh_c)
        np.multiply(o, t.tanh_c, out=t.h)

    def slopes(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002
        """Backward, what no gradient enters: dh/dc, and the derivatives by each z of c and of h."""
        i, _, o, g = t.gates
        ci, cf, ho, cg = t.slope_gates
        sigmoids = t.z[:, :3]
        slopes = t.slope[:, :3]
        np.subtract(1, sigmoids, out=slopes)
        slopes *= sigmoids
        ci *= g
        cf *= t.c_prev
        ho *= t.tanh_c
        np.multiply(i, tanh_slope(g), out=cg)
        np.multiply(o, tanh_slope(t.tanh_c), out=t.hc)

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:  # noqa: ARG002
        """Backward."""
        _, f, _, _ = t.gates
        di, df, do, dg = t.dgates
        ci, cf, ho, cg = t.slope_gates
        d.c += d.h * t.hc
        np.multiply(d.c, ci, out=di)
        np.multiply(d.c, cf, out=df)
        np.multiply(d.h, ho, out=do)
        np.multiply(d.c, cg, out=dg)
        d.c *= f


CELL = LSTM
