"""Memory of one pass through a layer, made once for each shape, and the views of its steps.

Shapes: T steps, B batch, D inputs, H hidden units, G gates, R rows fed back, K = R + D + 1; ``...``
stands for M models side by side, or for nothing.
"""

from typing import Any, NamedTuple

import numpy as np

from lstmfin.engine.cell import Cell, State, Step
from lstmfin.engine.params import Array, Shape
from lstmfin.engine.products import Product

States = dict[str, Array]

FOLDED_NUMBERS = 131_072
"""Pre-activations of one fold: few calls where layers are small, little memory where not."""

FOLDED_SHARE = 10
"""A fold is at most one in so many steps, so that its memory is small beside theirs."""


class Noise(NamedTuple):
    """What disturbs a pass through a layer.

    Attributes
    ----------
    fed_back : ndarray (..., R, B) or None
        Factor of what is fed back, the same at each step (Gal & Ghahramani 2016).
    kept : dict of str to ndarray (T, ..., H, B), or to float
        Share of a state that stays as it was: 0 or 1 in training, its mean in prediction (zoneout;
        Krueger et al. 2017).
    """

    fed_back: Array | None = None
    kept: dict[str, Any] = {}  # noqa: RUF012 - the default of a tuple, never changed


class Sizes(NamedTuple):
    """All that the memory of a pass depends on, beside the cell."""

    lead: Shape
    T: int
    B: int
    D: int
    H: int
    dtype: np.dtype
    masked: bool
    """Whether what is fed back is masked, and so is not the states themselves."""
    kept: frozenset[str]
    """States that stay in part: what the cell writes is a proposal."""


class Buffers:
    """Memory of one pass; what only backward needs is there for one fold of steps at a time."""

    def __init__(self, cell: Cell, sizes: Sizes) -> None:
        _, T, B, D, H, _, masked, kept = sizes
        fed_back = cell.fed_back or cell.states[:1]
        R, rows, n_late = H * len(fed_back), H * len(cell.gates), H * len(cell.late)
        self.cell, self.sizes = cell, sizes
        self.n_fed_back, self.n_early = R, rows - n_late
        # Not by the number of models: each must add up its gradients as it would alone.
        self.n_folded = max(1, min(FOLDED_NUMBERS // (rows * B), T // FOLDED_SHARE))
        # What is fed back, x and ones; one step more than T, for the states after the last.
        stacked = self._room(T + 1, R + D + 1, B)
        self.early = Product(stacked, self.n_early, n_most=self.n_folded)
        self.late = self.early
        if n_late:
            self.late = Product(self._room(T, R + D + 1, B), n_late, n_most=self.n_folded)
        self.fed_back_gradient = self.early.ds[..., :R, :]
        self.dx = self.early.ds[..., R:, :]
        self.late_dx = self.late.ds[..., R:, :]
        self._products = (self.early, self.late) if n_late else (self.early,)
        for product in self._products:
            product.stacked[..., -1, :] = 1
        self.z = self._room(T, rows, B)
        self.dz = self.z if cell.in_place else self._room(self.n_folded, rows, B)
        self.dA = self._room(rows, R + D + 1)
        self.rows = {name: slice(i * H, (i + 1) * H) for i, name in enumerate(fed_back)}
        self.states = {
            name: stacked[..., self.rows[name], :]
            if name in self.rows and not masked
            else self._room(T + 1, H, B)
            for name in cell.states
        }
        self.proposed = {name: self._room(T, H, B) for name in sorted(kept)}
        self.below = {name: self._room(T, H, B) for name in cell.below}
        self.dbelow = {name: self._room(T, H, B) for name in cell.below}
        saved, slopes = cell.saved_shapes(H, B), cell.slope_shapes(H, B)
        self._saved = {name: self._room(T, *shape) for name, shape in saved.items()}
        self._slopes = {name: self._room(self.n_folded, *shape) for name, shape in slopes.items()}
        self._by_gate = {name for name, shape in (saved | slopes).items() if len(shape) == 3}
        self.is_fresh = False
        self.steps = [self._one(t) for t in range(T)]
        self.folds = [self._several(t) for t in range(0, T, self.n_folded)]

    @property
    def n_bytes(self) -> tuple[int, int]:
        """Bytes of what grows with steps and batch, and of what has the shape of the weights."""
        several = (self.states, self.proposed, self.below, self.dbelow, self._saved, self._slopes)
        arrays = [self.z, self.dz, *(array for kind in several for array in kind.values())]
        weights = [self.dA]
        for product in self._products:
            arrays += [product.stacked, *product.scratch]
            weights += product.weights
        owners = {id(_owner(array)): _owner(array).nbytes for array in arrays}
        return sum(owners.values()), sum(array.nbytes for array in weights)

    def _room(self, n: int, *shape: int) -> Array:
        """Return memory for n steps of (..., *shape); for n rows of weights, (..., n, K)."""
        lead = self.sizes.lead
        full = (n, *lead, *shape) if len(shape) > 1 else (*lead, n, *shape)
        return np.empty(full, self.sizes.dtype)

    def _views(self, at: Any, in_fold: Any) -> dict[str, Any]:
        """Return the views of a step, or of several, that cells read and write."""
        z = self._gates_first(self.z[at])
        dz = z if self.cell.in_place else self._gates_first(self.dz[in_fold])
        views = {"z": z, "dz": dz, "gates": tuple(z), "dgates": tuple(dz)}
        views["halved"] = z[: self.cell.halved]
        for name, states in self.states.items():
            after = self.proposed.get(name, states[1:])
            views |= {name: after[at], f"{name}_prev": states[:-1][at]}
        for name, below in self.below.items():
            views |= {f"{name}_below": below[at], f"d{name}_below": self.dbelow[name][at]}
        kept = {name: array[at] for name, array in self._saved.items()}
        kept |= {name: array[in_fold] for name, array in self._slopes.items()}
        for name, array in kept.items():
            views[name] = np.moveaxis(array, -3, 0) if name in self._by_gate else array
        return views

    def _gates_first(self, rows: Array) -> Array:
        """Return (..., GH, B) as (G, ..., H, B)."""
        *before, _, B = rows.shape
        return np.moveaxis(rows.reshape(*before, len(self.cell.gates), self.sizes.H, B), -3, 0)

    def _one(self, t: int) -> Step:
        n, z, dz = self.n_early, self.z[t], self.dz[self._in_dz(t)]
        right, out = self.early.operands(t, z[..., :n, :])
        late = self.late.operands(t, z[..., n:, :]) if self.cell.late else (None, None)
        return Step(
            **self._views(t, t % self.n_folded),
            right=right,
            out=out,
            late_right=late[0],
            late_out=late[1],
            reset=self.late.stacked[t, ..., : self.sizes.H, :],
            dearly=dz[..., :n, :],
            dlate=dz[..., n:, :],
            index=t,
        )

    def _several(self, start: int) -> Step:
        """Return the views of the steps of one fold, with an axis of steps before the others."""
        n = min(self.n_folded, self.sizes.T - start)
        return Step(**self._views(slice(start, start + n), slice(0, n)))

    def _in_dz(self, t: int) -> int:
        return t if self.cell.in_place else t % self.n_folded

    def fill(self, x: Array, initial: States | None, below: States | None, *, start: int) -> None:
        """Set what a forward pass starts from."""
        for product in self._products:
            product.stacked[: self.sizes.T, ..., self.n_fed_back : -1, :] = x
        for name, states in self.states.items():
            states[0] = 0 if initial is None else initial[name]
        for name, states in self.below.items():
            states[:] = (below or {}).get(name, 0)
        for t, step in enumerate(self.steps):
            step.index = start + t
        self.is_fresh = True

    def feed_back(self, t: int, mask: Array) -> None:
        """Write the masked states before a step to where its product reads them."""
        for name, rows in self.rows.items():
            at = self.early.stacked[t][..., rows, :]
            np.multiply(self.states[name][t], mask[..., rows, :], out=at)

    def keep(self, name: str, t: int, share: Any) -> None:
        """Write a state after a step: what was proposed, but for the share that stays."""
        proposed, states = self.proposed[name][t], self.states[name]
        stays = _at_step(share, t)
        np.multiply(proposed, 1 - stays, out=states[t + 1])
        states[t + 1] += stays * states[t]

    def parted(self, d: State, t: int, kept: dict[str, Any]) -> States:
        """Take from ``d`` and return the gradients that go to states that stayed."""
        parts = {}
        for name in self.proposed:
            whole = getattr(d, name)
            parts[name] = whole * _at_step(kept[name], t)
            whole -= parts[name]
        return parts

    def rejoin(self, d: State, parts: States) -> None:
        """Give back to ``d`` what ``parted`` took from it."""
        for name, part in parts.items():
            whole = getattr(d, name)
            whole += part

    def state_gradients(self, dlast: States) -> State:
        """Return the gradients that a backward pass starts from.

        Those of what is fed back are the rows that the product writes them to.
        """
        d = State()
        for name, states in self.states.items():
            rows = self.rows.get(name)
            gradient = np.empty_like(states[0]) if rows is None else self.early.ds[..., rows, :]
            gradient[...] = dlast.get(name, 0)
            setattr(d, name, gradient)
        return d

    def squares(self, d: State) -> Array:
        """Return the squared norm (..., B) of the gradients of the states of each sample."""
        parts = (np.square(getattr(d, name), dtype=np.float64) for name in self.states)
        return np.asarray(sum(part.sum(axis=-2) for part in parts))

    def fold(self, t: int) -> None:
        """Add to ``dA`` what comes of the ``n_folded`` steps from t on, or fewer."""
        n, first = self.n_early, self._in_dz(t)
        dz = self.dz[first : first + min(self.n_folded, self.sizes.T - t)]
        self.early.add(self.dA[..., :n, :], dz[..., :n, :], t)
        if self.cell.late:
            self.late.add(self.dA[..., n:, :], dz[..., n:, :], t)


def _at_step(share: Any, t: int) -> Any:
    return share[t] if isinstance(share, np.ndarray) else share


def _owner(array: Array) -> Array:
    """Return the array whose memory a view is of."""
    return array if array.base is None else _owner(array.base)
