"""The LSTM whose cell state is also fed from the cell state of the layer below."""

from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cell import (
    Cell,
    Initialisation,
    State,
    Step,
    sigmoid,
    sigmoid_slope,
    tanh,
    tanh_slope,
)
from lstmfin.engine.params import Array, Shape


class DepthGated(Cell):
    r"""Depth-gated LSTM (Yao et al. 2015, eq. 8 and 9), for stacks; the lowest layer is an LSTM.

    .. math::
        d = σ(W_d x + b_d + p_d c' + q_d c_{below}), \quad i, f, o, g \text{ as of the LSTM}

        c = d\, c_{below} + f c' + i g, \quad h = o\, tanh(c)
    """

    gates = "ifodg"
    states = ("h", "c")
    below = ("c",)
    saved = ("tanh_c",)
    gate_bias = {"f": 1.0}  # noqa: RUF012 - a ClassVar in the base
    leaks = False

    def vectors(self, n_hidden: int) -> dict[str, Shape]:
        """Return the peepholes of the depth gate, to its own cell state and to that below."""
        return {"p_d": (n_hidden, 1), "q_d": (n_hidden, 1)}

    def mask(self, n_hidden: int, n_inputs: int) -> Array:
        """Return A's mask: the depth gate does not read h'."""
        mask = np.ones((5 * n_hidden, n_hidden + n_inputs + 1))
        mask[3 * n_hidden : 4 * n_hidden, :n_hidden] = 0
        return mask

    def initialise(
        self, p: SimpleNamespace, rng: np.random.Generator, scheme: Initialisation
    ) -> None:
        """Draw the first weights; peepholes start closed."""
        super().initialise(p, rng, scheme)
        p.p_d[...] = p.q_d[...] = 0

    def step(self, p: SimpleNamespace, t: Step) -> None:
        """Forward."""
        i, f, o, d, g = t.gates
        d += p.p_d * t.c_prev + p.q_d * t.c_below
        sigmoid(t.z[:4])
        tanh(g, out=g)
        t.c[:] = d * t.c_below + f * t.c_prev + i * g
        tanh(t.c, out=t.tanh_c)
        np.multiply(o, t.tanh_c, out=t.h)

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:
        """Backward."""
        i, f, o, depth, g = t.gates
        di, df, do, ddepth, dg = t.dgates
        d.c += d.h * o * tanh_slope(t.tanh_c)
        np.multiply(d.c, g, out=di)
        np.multiply(d.c, t.c_prev, out=df)
        np.multiply(d.h, t.tanh_c, out=do)
        np.multiply(d.c, t.c_below, out=ddepth)
        np.multiply(d.c, i, out=dg)
        t.dz[:4] *= sigmoid_slope(t.z[:4])
        dg *= tanh_slope(g)
        t.dc_below[:] = d.c * depth + p.q_d * ddepth
        d.c *= f
        d.c += p.p_d * ddepth

    def own_gradients(self, dp: SimpleNamespace, t: Step) -> None:
        """Add the gradients of the peepholes."""
        ddepth = t.dgates[3]
        dp.p_d += np.sum(ddepth * t.c_prev, axis=-1, keepdims=True)
        dp.q_d += np.sum(ddepth * t.c_below, axis=-1, keepdims=True)


CELL = DepthGated
