"""The driver: runs a cell over a sequence, forward and backward through time.

All gates of a step come from one product, ``z = [U W b] [h'; x; 1]``: the previous state, the input
and a row of ones stand one upon the other in one buffer, so that the three weights also share one
product for their gradients.

Shapes: T steps, B batch, D inputs, H hidden units, G gates, K = H + D + 1.
"""

from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cell import Cell, Step
from lstmfin.engine.params import Array, Shape


class Recurrent:
    """One recurrent layer.

    Parameters
    ----------
    cell : Cell
        The equations.
    n_inputs, n_hidden : int
        D and H.
    """

    def __init__(self, cell: Cell, n_inputs: int, n_hidden: int) -> None:
        self.cell = cell
        self.n_inputs = n_inputs
        self.n_hidden = n_hidden
        self._buffers: dict[tuple[int, int, np.dtype], _Buffers] = {}
        self._used: _Buffers | None = None

    def shapes(self) -> dict[str, Shape]:
        """Return names and shapes of the weights: A = [U W b], and the cell's own."""
        rows = len(self.cell.gates) * self.n_hidden
        return {
            "A": (rows, self.n_hidden + self.n_inputs + 1),
            **self.cell.vectors(self.n_hidden),
        }

    def bind(self, p: SimpleNamespace) -> SimpleNamespace:
        """Return the weights, with ``U`` (GH, H), ``W`` (GH, D), ``b`` (GH,) as views of ``A``."""
        p.U = p.A[:, : self.n_hidden]
        p.W = p.A[:, self.n_hidden : -1]
        p.b = p.A[:, -1]
        return p

    def forward(
        self, p: SimpleNamespace, x: Array, initial: dict[str, Array] | None = None
    ) -> Array:
        """Run the cell over a sequence.

        Parameters
        ----------
        x : ndarray (T, D, B)
            Inputs.
        initial : dict of str to ndarray (H, B), optional
            States before the first step; zeros if not given.

        Returns
        -------
        ndarray (T, H, B)
            The first state after each step: a view that the next forward pass of this shape reuses.
        """
        T, D, B = x.shape
        if (self.n_inputs, T > 0, B > 0) != (D, True, True):
            raise ValueError(f"inputs are (T, D, B) = {x.shape}; D must be {self.n_inputs}")
        s = self._used = self._buffers_for(T, B, p.A.dtype)
        s.stacked[:-1, self.n_hidden : -1] = x
        for name in self.cell.states:
            s.states[name][0] = 0 if initial is None else initial[name]
        A, step_forward = p.A, self.cell.step
        with np.errstate(over="ignore"):  # of the exponential, see `sigmoid`
            for step in s.steps:
                np.matmul(A, step.stacked, out=step.rows)
                step_forward(p, step)
        return s.states[self.cell.states[0]][1:]

    def last_states(self) -> dict[str, Array]:
        """Return the states after the last step of the last forward pass, each (H, B)."""
        assert self._used is not None
        return {name: states[-1] for name, states in self._used.states.items()}

    def backward(
        self,
        p: SimpleNamespace,
        dp: SimpleNamespace,
        dh: Array | None,
        *,
        dlast: dict[str, Array] | None = None,
        need_dx: bool = True,
    ) -> tuple[Array | None, dict[str, Array]]:
        """Propagate gradients back through the last forward pass.

        Parameters
        ----------
        dp : namespace
            Gradients of the weights; they are added to.
        dh : ndarray (T, H, B), optional
            Gradients of what ``forward`` returned.
        dlast : dict of str to ndarray (H, B), optional
            Gradients that arrive at the last states.
        need_dx : bool
            Whether the gradient of the inputs is wanted.

        Returns
        -------
        dx : ndarray (T, D, B) or None
        dinitial : dict of str to ndarray (H, B)
            Gradients of the initial states.
        """
        s = self._used
        assert s is not None
        H = self.n_hidden
        d = SimpleNamespace(
            **{
                name: np.zeros_like(states[0]) if dlast is None else dlast[name].copy()
                for name, states in s.states.items()
            }
        )
        fed_back = getattr(d, self.cell.states[0])
        down = (p.A[:, :-1] if need_dx else p.U).T
        ds = s.ds[: len(down)]
        dx = np.empty((len(s.steps), self.n_inputs, fed_back.shape[1]), p.A.dtype)
        for t in reversed(range(len(s.steps))):
            step = s.steps[t]
            if dh is not None:
                fed_back += dh[t]
            self.cell.step_backward(p, step, d)
            np.matmul(down, step.drows, out=ds)
            fed_back += ds[:H]
            if need_dx:
                dx[t] = ds[H:]
            if t % s.n_folded == 0:
                dp.A += s.weight_gradient(t)
        return (dx if need_dx else None), vars(d)

    def _buffers_for(self, T: int, B: int, dtype: np.dtype) -> "_Buffers":
        key = (T, B, dtype)
        if key not in self._buffers:
            self._buffers[key] = _Buffers(self.cell, self.n_inputs, self.n_hidden, key)
        return self._buffers[key]


FOLDED_COLUMNS = 512
"""Columns (steps times batch) of one product for the gradient of A: few calls, little memory."""


class _Buffers:
    """Memory of one pass, made once for each (T, B), and the views of its steps."""

    def __init__(self, cell: Cell, D: int, H: int, key: tuple[int, int, np.dtype]) -> None:
        T, B, dtype = key
        G, K = len(cell.gates), H + D + 1
        self.stacked = np.ones((T + 1, K, B), dtype)  # h above x above a row of ones
        self.n_folded = min(max(1, FOLDED_COLUMNS // B), T)
        self.ds = np.empty((H + D, B), dtype)
        self.dz = np.empty((self.n_folded, G * H, B), dtype)
        self._product = np.empty((G * H, K), dtype)
        self.z = np.empty((T, G * H, B), dtype)
        first, *others = cell.states
        self.states = {first: self.stacked[:, :H]}
        self.states |= {name: np.empty((T + 1, H, B), dtype) for name in others}
        saved = {name: np.empty((T, H, B), dtype) for name in cell.saved}
        self.steps = []
        for t in range(T):
            rows, drows = self.z[t], self.dz[t % self.n_folded]
            views = {"stacked": self.stacked[t], "rows": rows, "drows": drows}
            views |= {"z": rows.reshape(G, H, B), "dz": drows.reshape(G, H, B)}
            views |= {"gates": tuple(views["z"]), "dgates": tuple(views["dz"])}
            views |= {name: states[t + 1] for name, states in self.states.items()}
            views |= {f"{name}_prev": states[t] for name, states in self.states.items()}
            views |= {name: kept[t] for name, kept in saved.items()}
            self.steps.append(Step(**views))

    def weight_gradient(self, t: int) -> Array:
        """Return the gradient of A by the ``n_folded`` steps from t on; the last may be fewer."""
        n = min(self.n_folded, len(self.steps) - t)
        dz = self.dz[:n].swapaxes(0, 1).reshape(len(self._product), -1)  # (GH, n B)
        stacked = self.stacked[t : t + n].swapaxes(0, 1).reshape(self._product.shape[1], -1)
        return np.matmul(dz, stacked.T, out=self._product)
