"""Long short-term memory with a forget gate, without peepholes."""

from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cell import ONE, Cell, State, Step, squash, tanh
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
    gate_bias = {"f": 1.0}  # noqa: RUF012 - a ClassVar in the base
    leaks = False
    halved = 3
    in_place = True
    variants = ({}, {"layer_norm": True})

    def __new__(cls, *, layer_norm: bool = False) -> Cell:  # type: ignore[misc]
        """Return the variant asked for."""
        return LayerNormLSTM() if layer_norm else super().__new__(cls)

    def __init__(self, *, layer_norm: bool = False) -> None:
        pass

    def slope_shapes(self, n_hidden: int, n_batch: int) -> dict[str, Shape]:
        """Return room for 1 - y² and for the other slopes."""
        one = (n_hidden, n_batch)
        return {"slope": (3, *one), "slope_g": one, "slope_y": one}

    def step(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002 - no weights of its own
        """Forward."""
        squash(t.z, t.halved)
        i, f, o, g = t.gates
        np.multiply(f, t.c_prev, out=t.c)
        np.multiply(i, g, out=t.h)
        t.c += t.h
        tanh(t.c, out=t.h)
        t.h *= o

    def slopes(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002
        """Backward, what no gradient enters: of i g, of f c', and of h = o y with y = tanh(c)."""
        _, _, _, g = t.gates
        one = ONE[g.itemsize]
        tanh(t.c, out=t.slope_y)
        np.subtract(one, t.halved, out=t.slope)
        for slope, partner in zip(t.slope, (g, t.c_prev, t.slope_y), strict=True):
            slope *= partner  # di/i = (1 - i) g, df/f = (1 - f) c', do/o = (1 - o) y
        for value, slope in ((t.slope_y, t.slope_y), (g, t.slope_g)):
            np.multiply(value, value, out=slope)
            np.subtract(one, slope, out=slope)

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:  # noqa: ARG002
        """Backward, each gradient in the place of its gate."""
        di, df, dy, dg = t.dgates
        dif, dsigmoids = t.dz[:2], t.dz[:3]
        np.multiply(dy, d.h, out=dy)  # o was there
        np.multiply(t.slope_y, dy, out=t.slope_y)
        np.add(d.c, t.slope_y, out=d.c)
        np.multiply(dif, d.c, out=dif)  # i and f were there
        d.c[...] = df
        np.multiply(di, t.slope_g, out=dg)
        np.multiply(dsigmoids, t.slope, out=dsigmoids)


CELL = LSTM
