"""The minimal gated unit: one gate."""

from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cell import Cell, State, Step, sigmoid, sigmoid_slope, tanh, tanh_slope


class MGU(Cell):
    r"""Minimal gated unit (Zhou, Wu, Zhang & Zhou 2016, eq. 7).

    .. math:: f = σ(U_f h' + W_f x + b_f), \quad n = tanh(U_n (f h') + W_n x + b_n)

        h = (1 - f) h' + f n
    """

    gates = "fn"
    late = "n"
    states = ("h",)

    def reset(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002 - no weights of its own
        """Forward, what the candidate reads."""
        f, _ = t.gates
        sigmoid(f)
        np.multiply(f, t.h_prev, out=t.reset)

    def step(self, p: SimpleNamespace, t: Step) -> None:  # noqa: ARG002
        """Forward."""
        f, n = t.gates
        tanh(n, out=n)
        t.h[:] = t.h_prev + f * (n - t.h_prev)

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:  # noqa: ARG002
        """Backward, to the candidate."""
        f, n = t.gates
        df, dn = t.dgates
        dn[:] = d.h * f * tanh_slope(n)
        df[:] = d.h * (n - t.h_prev)
        d.h *= 1 - f

    def reset_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:  # noqa: ARG002
        """Backward, through what the candidate read."""
        f, _ = t.gates
        df, _ = t.dgates
        df += d.reset * t.h_prev
        df *= sigmoid_slope(f)
        d.h += d.reset * f


CELL = MGU
