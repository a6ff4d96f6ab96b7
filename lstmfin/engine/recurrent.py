"""The driver: runs a cell over a sequence, forward and backward through time.

All gates of a step come from one product, ``z = [U W b] [h'; x; 1]``: what is fed back, the input
and a row of ones stand one upon the other in one buffer, so that the three weights also share one
product for their gradients.

Shapes: T steps, B batch, D inputs, H hidden units, G gates, R rows fed back (H, if only the first
state is), K = R + D + 1.
"""

from types import SimpleNamespace
from typing import NamedTuple

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
        cell, A = self.cell, p.A
        s = self._used = self._buffers_for(T, B, A.dtype)
        s.fill(x, initial, below, start=start)
        n = len(A) - len(cell.late) * self.n_hidden  # rows that read what is fed back
        with np.errstate(over="ignore"):  # of the exponential, see `sigmoid`
            for step in s.steps:
                np.matmul(A[:n], step.stacked, out=step.rows[:n])
                if cell.late:
                    cell.reset(p, step)
                    np.matmul(A[n:], step.late_stacked, out=step.rows[n:])
                cell.step(p, step)
        return s.states[cell.states[0]][1:]

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
        d = State(**{name: np.zeros_like(states[0]) for name, states in s.states.items()})
        for name, last in (dlast or {}).items():
            getattr(d, name)[:] = last
        arriving = [(getattr(d, name), dstate) for name, dstate in dstates.items()]
        fed_back = [getattr(d, name) for name in cell.fed_back or cell.states[:1]]
        n = len(p.A) - len(cell.late) * H
        width = R + self.n_inputs if need_dx else R
        down, down_late = p.A[:n, :width].T, p.A[n:, :width].T
        ds, ds_late = s.ds[:width], s.ds_late[:width]
        dx = np.empty((len(s.steps), self.n_inputs, ds.shape[1]), p.A.dtype) if need_dx else None
        own = bool(cell.vectors(H))
        s.dA[:] = 0
        for t in reversed(range(len(s.steps))):
            step = s.steps[t]
            for at, dstate in arriving:
                at += dstate[t]
            cell.step_backward(p, step, d)
            if own:
                cell.own_gradients(dp, step)
            if cell.late:
                np.matmul(down_late, step.drows[n:], out=ds_late)
                d.reset = ds_late[:H]
                cell.reset_backward(p, step, d)
            np.matmul(down, step.drows[:n], out=ds)
            for number, at in enumerate(fed_back):
                at += ds[number * H : (number + 1) * H]
            if dx is not None:
                dx[t] = ds[R:] + ds_late[R:] if cell.late else ds[R:]
            if t % s.n_folded == 0:
                s.fold(t, n)
        dp.A += s.dA if self.mask is None else s.dA * self.mask.astype(s.dA.dtype)
        initial = {name: getattr(d, name) for name in s.states}
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
        self.n_fed_back = R
        self.n_folded = min(max(1, FOLDED_COLUMNS // B), T)
        self.stacked = np.ones((T + 1, K, B), dtype)  # what is fed back; x; a row of ones
        self.late_stacked = np.ones((T, K, B), dtype) if cell.late else self.stacked
        self.z = np.empty((T, G * H, B), dtype)
        self.dz = np.empty((self.n_folded, G * H, B), dtype)
        self.ds = np.empty((K - 1, B), dtype)
        self.ds_late = np.empty((K - 1, B), dtype) if cell.late else self.ds
        self.dA = np.empty((G * H, K), dtype)
        self._product = np.empty((G * H, K), dtype)
        names = cell.fed_back or cell.states[:1]
        fed_back = {name: self.stacked[:, i * H : (i + 1) * H] for i, name in enumerate(names)}
        self.states = {
            name: fed_back[name] if name in fed_back else np.empty((T + 1, H, B), dtype)
            for name in cell.states
        }
        self.below = {name: np.empty((T, H, B), dtype) for name in cell.below}
        self.dbelow = {name: np.empty((T, H, B), dtype) for name in cell.below}
        saved = {
            name: np.empty((T, *shape), dtype) for name, shape in cell.saved_shapes(H, B).items()
        }
        self.steps = []
        for t in range(T):
            rows, drows = self.z[t], self.dz[t % self.n_folded]
            views = {"stacked": self.stacked[t], "rows": rows, "drows": drows}
            views |= {"late_stacked": self.late_stacked[t], "reset": self.late_stacked[t, :H]}
            views |= {"z": rows.reshape(G, H, B), "dz": drows.reshape(G, H, B)}
            views |= {"gates": tuple(views["z"]), "dgates": tuple(views["dz"])}
            views |= {name: states[t + 1] for name, states in self.states.items()}
            views |= {f"{name}_prev": states[t] for name, states in self.states.items()}
            views |= {f"{name}_below": states[t] for name, states in self.below.items()}
            views |= {f"d{name}_below": states[t] for name, states in self.dbelow.items()}
            views |= {name: kept[t] for name, kept in saved.items()}
            self.steps.append(Step(**views, index=t))

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
