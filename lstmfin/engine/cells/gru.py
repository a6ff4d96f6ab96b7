"""The gated recurrent unit, its reset gate after the product with U or before it."""

from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cell import (
    Cell,
    State,
    Step,
    one_of,
    sigmoid,
    sigmoid_slope,
    tanh,
    tanh_slope,
)
from lstmfin.engine.params import Array

RESETS = ("after", "before")


class GRU(Cell):
    r"""Gated recurrent unit (Cho et al. 2014), with update gate z and reset gate r.

    .. math:: r, z = σ(U h' + W x + b), \quad h = (1 - z)\, n + z h'

    With the reset after the product, as cuDNN and PyTorch have it (the candidate's two halves are
    the gates n and m of the product):

    .. math:: n = tanh(W_n x + b_n + r (U_m h' + b_m))

    and before it, as in the paper (``reset="before"``):

    .. math:: n = tanh(U_n (r h') + W_n x + b_n)
    """

    states = ("h",)
    variants = ({}, {"reset": "before"})

    def __new__(cls, *, reset: str = "after") -> "GRU":
        """Return the variant asked for."""
        before = one_of(reset, RESETS, option="reset") == "before"
        return super().__new__(GRUBefore if before else GRUAfter)

    def __init__(self, *, reset: str = "after") -> None:
        pass

    def _mix(self, t: Step, z: Array, n: Array) -> None:
        np.subtract(t.h_prev, n, out=t.h)
        t.h *= z
        t.h += n

    def _mix_backward(self, t: Step, d: State) -> None:
        _, z, n, *_ = t.gates
        _, dz, dn, *_ = t.dgates
        dz[:] = d.h * (t.h_prev - n) * sigmoid_slope(z)
        dn[:] = d.h * (1 - z) * tanh_slope(n)
        d.h *= z


class GRUAfter(GRU):
    """Reset after the product."""

    gates = "rznm"

    def mask(self, n_hidden: int, n_inputs: int) -> Array:
        """Return A's mask: n reads no state, m no input."""
        mask = np.ones((4 * n_hidden, n_hidden + n_inputs + 1))
        mask[2 * n_hidden : 3 * n_hidden, :n_hidden] = 0
        mask[3 * n_hidden :, n_hidden:-1] = 0
        return mask

    def step(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002 - no weights of its own
        """Forward."""
        r, z, n, m = t.gates
        sigmoid(t.z[:2])
        n += r * m
        tanh(n, out=n)
        self._mix(t, z, n)

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:  # noqa: ARG002
        """Backward."""
        r, _, _, m = t.gates
        dr, _, dn, dm = t.dgates
        self._mix_backward(t, d)
        np.multiply(dn, r, out=dm)
        dr[:] = dn * m * sigmoid_slope(r)


class GRUBefore(GRU):
    """Reset before the product."""

    gates = "rzn"
    late = "n"

    def reset(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002 - no weights of its own
        """Forward, what the candidate reads."""
        r, _, _ = t.gates
        sigmoid(t.z[:2])
        np.multiply(r, t.h_prev, out=t.reset)

    def step(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002
        """Forward."""
        _, z, n = t.gates
        tanh(n, out=n)
        self._mix(t, z, n)

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:  # noqa: ARG002
        """Backward, to the candidate."""
        self._mix_backward(t, d)

    def reset_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:  # noqa: ARG002
        """Backward, through what the candidate read."""
        r, _, _ = t.gates
        t.dgates[0][:] = d.reset * t.h_prev * sigmoid_slope(r)
        d.h += d.reset * r


CELL = GRU
