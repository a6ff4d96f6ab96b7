"""The driver: runs a cell over a sequence, forward and backward through time.

All gates of a step come from one product, ``z = [U W b] [h'; x; 1]``: what is fed back, the input
and a row of ones stand one upon the other in one buffer, so that the three weights also share one
product for their gradients.

Shapes: T steps, B batch, D inputs, H hidden units, G gates, R rows fed back (H, if only the first
state is), K = R + D + 1.
"""

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from lstmfin.engine.cell import Cell, State, Step
from lstmfin.engine.params import Array, Shape

States = dict[str, Array]

FOLDED_COLUMNS = 512
"""Columns (steps times batch) of one product for the gradient of A: few calls, little memory."""


class Gradients(NamedTuple):
    """Gradients of the inputs, of the initial states, and of what was read of the layer below.

    ``x`` is (T, D, B) or None, ``initial`` (H, B) and ``below`` (T, H, B) by name.
    """

    x: Array | None
    initial: States
    below: States


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
        self.n_fed_back = n_hidden * max(1, len(cell.fed_back))
        self.mask = cell.mask(n_hidden, n_inputs)
        self._buffers: dict[tuple[int, int, np.dtype], _Buffers] = {}
        self._used: _Buffers | None = None

    def shapes(self) -> dict[str, Shape]:
        """Return names and shapes of the weights: A = [U W b], and the cell's own."""
        rows = len(self.cell.gates) * self.n_hidden
        return {
            "A": (rows, self.n_fed_back + self.n_inputs + 1),
            **self.cell.vectors(self.n_hidden),
        }

    def bind(self, p: SimpleNamespace) -> SimpleNamespace:
        """Return the weights, with ``U`` (GH, R), ``W`` (GH, D), ``b`` (GH,) as views of ``A``."""
        p.U = p.A[:, : self.n_fed_back]
        p.W = p.A[:, self.n_fed_back : -1]
        p.b = p.A[:, -1]
        return p

    def initialise(self, p: SimpleNamespace, rng: np.random.Generator) -> None:
        """Draw the first weights; those that the equations do not have are 0, and stay so."""
        self.cell.initialise(p, rng)
        if self.mask is not None:
            p.A *= self.mask.astype(p.A.dtype)

    def forward(
        self,
        p: SimpleNamespace,
        x: Array,
        initial: States | None = None,
        *,
        below: States | None = None,
        start: int = 0,
    ) -> Array:
        """Run the cell over a sequence.

        Parameters
        ----------
        x : ndarray (T, D, B)
            Inputs.
        initial : dict of str to ndarray (H, B), optional
            States before the first step; zeros if not given.
        below : dict of str to ndarray (T, H, B), optional
            States of the layer below, after each step, for cells that read them.
        start : int
            Steps that came before the first, for cells with a clock.

        Returns
        -------
        ndarray (T, H, B)
            The first state after each step: a view that the next forward pass of this shape reuses.
        """
        T, D, B = x.shape
        if (self.n_inputs, T > 0, B > 0) != (D, True, True):
            raise ValueError(f"inputs are (T, D, B) = {x.shape}; D must be {self.n_inputs}")
        cell = self.cell
        early, late = self._halves(p.A)
        s = self._used = self._buffers_for(T, B, p.A.dtype)
        s.fill(x, initial, below, start=start)
        with np.errstate(over="ignore"):  # of the exponential, see `sigmoid`
            for step in s.steps:
                np.matmul(early, step.stacked, out=step.rows)
                if cell.late:
                    cell.reset(p, step)
                    np.matmul(late, step.late_stacked, out=step.late_rows)
                cell.step(p, step)
        return s.states[cell.states[0]][1:]

    def _halves(self, A: Array) -> tuple[Array, Array]:
        """Return the rows of the gates that read what is fed back, and of the late ones."""
        n = len(A) - len(self.cell.late) * self.n_hidden
        return A[:n], A[n:]

    def states(self) -> States:
        """Return the states after each step of the last forward pass, each (T, H, B)."""
        assert self._used is not None
        return {name: states[1:] for name, states in self._used.states.items()}

    def last_states(self) -> States:
        """Return the states after the last step of the last forward pass, each (H, B)."""
        return {name: states[-1] for name, states in self.states().items()}

    def backward(
        self,
        p: SimpleNamespace,
        dp: SimpleNamespace,
        dstates: States,
        *,
        dlast: States | None = None,
        need_dx: bool = True,
    ) -> Gradients:
        """Propagate gradients back through the last forward pass.

        Parameters
        ----------
        dp : namespace
            Gradients of the weights; they are added to.
        dstates : dict of str to ndarray (T, H, B)
            Gradients that arrive at states after each step; at those not named, none do.
        dlast : dict of str to ndarray (H, B), optional
            Gradients that arrive at the last states.
        need_dx : bool
            Whether the gradient of the inputs is wanted.
        """
        s, cell, H, R = self._used, self.cell, self.n_hidden, self.n_fed_back
        assert s is not None
        early, late = self._halves(p.A)
        width = R + self.n_inputs if need_dx else R
        ds, ds_late = s.ds[:width], s.ds_late[:width]
        d = s.state_gradients(dlast or {})
        arriving = [(getattr(d, name), dstate) for name, dstate in dstates.items()]
        dx = np.empty((len(s.steps), self.n_inputs, ds.shape[1]), p.A.dtype) if need_dx else None
        down, down_late = early[:, :width].T, late[:, :width].T
        s.dA[:] = 0
        for t in reversed(range(len(s.steps))):
            step = s.steps[t]
            if t == len(s.steps) - 1 or (t + 1) % s.n_folded == 0:
                cell.slopes(p, s.folds[t // s.n_folded])
            for at, dstate in arriving:
                at += dstate[t]
            cell.step_backward(p, step, d)
            cell.own_gradients(dp, step)
            if cell.late:
                np.matmul(down_late, step.late_drows, out=ds_late)
                d.reset = ds_late[:H]
                cell.reset_backward(p, step, d)
            leaked = ds[:R].copy() if cell.leaks else None
            np.matmul(down, step.drows, out=ds)
            if leaked is not None:
                ds[:R] += leaked
            if dx is not None:
                dx[t] = ds[R:] + ds_late[R:] if cell.late else ds[R:]
            if t % s.n_folded == 0:
                s.fold(t, len(early))
        dp.A += s.dA if self.mask is None else s.dA * self.mask.astype(s.dA.dtype)
        initial = {name: getattr(d, name).copy() for name in s.states}
        return Gradients(dx, initial, s.dbelow)

    def _buffers_for(self, T: int, B: int, dtype: np.dtype) -> "_Buffers":
        key = (T, B, dtype)
        if key not in self._buffers:
            self._buffers[key] = _Buffers(self, key)
        return self._buffers[key]


class _Buffers:
    """Memory of one pass, made once for each (T, B), and the views of its steps."""

    def __init__(self, layer: Recurrent, key: tuple[int, int, np.dtype]) -> None:
        T, B, dtype = key
        cell, H, R = layer.cell, layer.n_hidden, layer.n_fed_back
        G, K = len(cell.gates), R + layer.n_inputs + 1
        self.shape, self.n_fed_back = (G, H, B), R
        self.n_early = (G - len(cell.late)) * H
        self.n_folded = min(max(1, FOLDED_COLUMNS // B), T)
        self.stacked = np.ones((T + 1, K, B), dtype)  # what is fed back; x; a row of ones
        self.late_stacked = np.ones((T, K, B), dtype) if cell.late else self.stacked
        self.z = np.empty((T, G * H, B), dtype)
        self.dz = np.empty((self.n_folded, G * H, B), dtype)
        self.ds = np.empty((K - 1, B), dtype)
        self.ds_late = np.empty((K - 1, B), dtype) if cell.late else self.ds
        self.dA = np.empty((G * H, K), dtype)
        self._product = np.empty((G * H, K), dtype)
        fed_back = cell.fed_back or cell.states[:1]
        self._rows = {name: slice(i * H, (i + 1) * H) for i, name in enumerate(fed_back)}
        self.states = {
            name: self.stacked[:, self._rows[name]]
            if name in fed_back
            else np.empty((T + 1, H, B), dtype)
            for name in cell.states
        }
        self.below = {name: np.empty((T, H, B), dtype) for name in cell.below}
        self.dbelow = {name: np.empty((T, H, B), dtype) for name in cell.below}
        saved, slopes = cell.saved_shapes(H, B), cell.slope_shapes(H, B)
        self._saved = {name: np.empty((T, *shape), dtype) for name, shape in saved.items()}
        self._slopes = {
            name: np.empty((self.n_folded, *shape), dtype) for name, shape in slopes.items()
        }
        self.steps = [self._one(t) for t in range(T)]
        self.folds = [self._several(t) for t in range(0, T, self.n_folded)]

    def _views(self, at: Any, folded: Any, axis: int) -> dict[str, Any]:
        """Return the views of a step, or of several, that cells read and write."""
        z, dz = (
            rows.reshape(*rows.shape[:axis], *self.shape) for rows in (self.z[at], self.dz[folded])
        )
        views = {"z": z, "dz": dz, "gates": _gates(z, axis), "dgates": _gates(dz, axis)}
        for name, states in self.states.items():
            views |= {name: states[1:][at], f"{name}_prev": states[:-1][at]}
        for name in self.below:
            views |= {
                f"{name}_below": self.below[name][at],
                f"d{name}_below": self.dbelow[name][at],
            }
        views |= {name: kept[at] for name, kept in self._saved.items()}
        slopes = {name: kept[folded] for name, kept in self._slopes.items()}
        views |= slopes
        views |= {f"{k}_gates": _gates(v, axis) for k, v in slopes.items() if v.ndim == axis + 3}
        return views

    def _one(self, t: int) -> Step:
        n, rows, drows = self.n_early, self.z[t], self.dz[t % self.n_folded]
        return Step(
            **self._views(t, t % self.n_folded, 0),
            stacked=self.stacked[t],
            late_stacked=self.late_stacked[t],
            reset=self.late_stacked[t, : self.shape[1]],
            rows=rows[:n],
            late_rows=rows[n:],
            drows=drows[:n],
            late_drows=drows[n:],
            index=t,
        )

    def _several(self, start: int) -> Step:
        """Return the views of the steps of one fold, with an axis of steps before the others."""
        n = min(self.n_folded, len(self.z) - start)
        return Step(**self._views(slice(start, start + n), slice(0, n), 1))

    def fill(self, x: Array, initial: States | None, below: States | None, *, start: int) -> None:
        """Set what a forward pass starts from."""
        for stacked in (self.stacked[:-1], self.late_stacked[: len(x)]):
            stacked[:, self.n_fed_back : -1] = x
        for name, states in self.states.items():
            states[0] = 0 if initial is None else initial[name]
        for name, states in self.below.items():
            states[:] = (below or {}).get(name, 0)
        for t, step in enumerate(self.steps):
            step.index = start + t

    def state_gradients(self, dlast: States) -> State:
        """Return the gradients that a backward pass starts from.

        Those of what is fed back are the rows of ``ds`` that the product writes them to.
        """
        d = State()
        for name, states in self.states.items():
            rows = self._rows.get(name)
            gradient = np.empty_like(states[0]) if rows is None else self.ds[rows]
            gradient[:] = dlast.get(name, 0)
            setattr(d, name, gradient)
        return d

    def fold(self, t: int, n_early: int) -> None:
        """Add to the gradient of A what comes of the ``n_folded`` steps from t on, or fewer."""
        n = min(self.n_folded, len(self.steps) - t)
        dz = _columns(self.dz[:n])  # (GH, n B)
        halves = ((slice(None, n_early), self.stacked), (slice(n_early, None), self.late_stacked))
        for rows, stacked in halves:
            if len(dz[rows]):
                right = _columns(stacked[t : t + n])
                self.dA[rows] += np.matmul(dz[rows], right.T, out=self._product[rows])


def _columns(steps: Array) -> Array:
    """Return (n, rows, B) as (rows, n B)."""
    return steps.swapaxes(0, 1).reshape(steps.shape[1], -1)


def _gates(z: Array, axis: int) -> tuple[Array, ...]:
    """Return one view a gate."""
    return tuple(np.moveaxis(z, axis, 0))
