"""A network: recurrent layers, dropout between them, and a dense head on the last step.

Shapes: T steps, B batch, D inputs, H hidden units, O outputs.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from lstmfin.engine.params import Array, Params, Shape
from lstmfin.engine.recurrent import Gradients, Recurrent, States
from lstmfin.registry import CELLS


@dataclass(frozen=True)
class Architecture:
    """What a network is made of; with its weights, all that is needed to rebuild it."""

    cell: str
    n_inputs: int
    n_hidden: int
    n_layers: int
    n_outputs: int
    options: tuple[tuple[str, Any], ...] = ()
    """Options of the cell, by name."""
    direction: str = "forward"
    """Whether layers read a window forward, in reverse, or both ways side by side."""
    learned_start: bool = False
    """Whether the states before the first step are weights; they are zero otherwise."""

    @property
    def flips(self) -> tuple[bool, ...]:
        """For each of the layers side by side, whether it reads the window in reverse."""
        return {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}[
            self.direction
        ]


class Network:
    """Stacked recurrent layers and a dense head.

    Parameters
    ----------
    architecture : Architecture
        Cell, sizes and depth.
    dropout : float
        Share of the inputs of each layer, and of the head, dropped while training; the others are
        scaled up, so that prediction needs no change (Srivastava et al. 2014).
    dtype : dtype
        float32 in training, float64 in checks.
    """

    def __init__(
        self, architecture: Architecture, *, dropout: float = 0.0, dtype: type = np.float32
    ) -> None:
        self.architecture = architecture
        self.dropout = dropout
        self.params = Params(weight_shapes(architecture), dtype)
        self.gradients = self.params.like()
        self.levels = [[self._directed(*place) for place in row] for row in _levels(architecture)]
        self._masks: list[Array | None] = []
        self._top: Array | None = None

    def _directed(self, name: str, layer: Recurrent, flip: bool) -> "_Directed":  # noqa: FBT001
        return _Directed(name, layer, flip=flip, params=self.params, gradients=self.gradients)

    @property
    def layers(self) -> list[Recurrent]:
        """All recurrent layers, level by level."""
        return [one.layer for level in self.levels for one in level]

    @property
    def is_trained(self) -> bool:
        """Whether gradients train the recurrent layers; else they stay as they were drawn."""
        return self.layers[0].cell.trained

    def masks(self) -> dict[str, Array]:
        """Return, by name, 1 where an array has a weight and 0 where the equations have none."""
        return {
            f"{one.name}.A": one.layer.mask
            for level in self.levels
            for one in level
            if one.layer.mask is not None
        }

    def decayed(self) -> Array:
        """Return 1 for each weight that may decay and 0 for each bias, in the order of ``flat``."""
        mask = self.params.like()
        mask.flat[:] = 1
        mask["head.b"][...] = 0
        for name, part in mask.items():
            if name.endswith(".A"):
                part[:, -1] = 0
                part *= self.is_trained
            elif ".start_" in name:
                part[...] = 0
        return mask.flat

    def initialise(self, rng: np.random.Generator, outputs: Array) -> None:
        """Draw the first weights.

        The head starts at weights of zero and the biases ``outputs`` (O,): a new network says the
        same of every window, and learns from there where windows differ.
        """
        for level in self.levels:
            for one in level:
                one.layer.initialise(one.p, rng)
                for start in one.starts(one.p).values():
                    start[...] = 0
        self.params["head.W"][...] = 0
        self.params["head.b"][...] = outputs

    def forward(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return the outputs (O, B) for inputs (T, D, B); dropout if ``rng`` is given."""
        top = self.read_out(x, rng)
        return np.asarray(self.params["head.W"] @ top + self.params["head.b"][:, None])

    def read_out(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return what the head reads, (H, B) a direction: the top states after the last step."""
        self._masks = []
        below: list[States] = [{} for _ in self.levels[0]]
        for level in self.levels:
            x = self._dropped(x, rng)
            x = _side_by_side([one.forward(x, own) for one, own in zip(level, below, strict=True)])
            below = [one.layer.states() for one in level]
        self._top = self._dropped(_side_by_side([one.last() for one in self.levels[-1]]), rng)
        return self._top

    def backward(self, doutputs: Array) -> None:
        """Set ``gradients`` from the gradient (O, B) of the last forward pass's outputs."""
        assert self._top is not None
        self.gradients.flat[:] = 0
        self.gradients["head.W"][...] = doutputs @ self._top.T
        self.gradients["head.b"][...] = doutputs.sum(axis=1)
        if not self.is_trained:
            return
        masks = list(self._masks)
        dtop = _masked(self.params["head.W"].T @ doutputs, masks.pop())
        dlast: Array | None = dtop
        dh: Array | None = None
        dbelow: list[States] = [{} for _ in self.levels[0]]
        for number in reversed(range(len(self.levels))):
            level = self.levels[number]
            parts = [
                one.backward(dh, own, dlast, at=at, need_dx=number > 0)
                for at, (one, own) in enumerate(zip(level, dbelow, strict=True))
            ]
            dbelow, dlast = [part.below for part in parts], None
            mask = masks.pop()
            if number > 0:
                dh = _masked(np.sum([part.x for part in parts if part.x is not None], axis=0), mask)

    def _dropped(self, x: Array, rng: np.random.Generator | None) -> Array:
        if rng is None or self.dropout == 0:
            self._masks.append(None)
            return x
        keep = rng.random(x.shape, dtype=np.float32) >= self.dropout
        mask: Array = keep.astype(x.dtype)
        mask /= 1 - self.dropout
        self._masks.append(mask)
        return np.asarray(x * mask)


class _Directed:
    """A recurrent layer in its place: its weights, and the direction in which it reads."""

    def __init__(
        self, name: str, layer: Recurrent, *, flip: bool, params: Params, gradients: Params
    ) -> None:
        self.name, self.layer = name, layer
        self.p, self.dp = (layer.bind(one.owned_by(name)) for one in (params, gradients))
        self._order = slice(None, None, -1 if flip else 1)

    def starts(self, p: SimpleNamespace) -> States:
        """Return the learned states before the first step, each (H, 1), by name of the state."""
        found = {name: getattr(p, f"start_{name}", None) for name in self.layer.cell.states}
        return {name: start for name, start in found.items() if start is not None}

    def forward(self, x: Array, below: States) -> Array:
        """Return the first state after each step, (T, H, B), in the order of the inputs."""
        starts = self.starts(self.p)
        h = self.layer.forward(self.p, x[self._order], starts or None, below=below)
        return h[self._order]

    def last(self) -> Array:
        """Return the first state after the last step that was read, (H, B)."""
        return self.layer.last_states()[self.layer.cell.states[0]]

    def backward(
        self, dh: Array | None, dbelow: States, dlast: Array | None, *, at: int, need_dx: bool
    ) -> Gradients:
        """Propagate back; ``dh`` and ``dlast`` hold all layers side by side, this one at ``at``."""
        first, H = self.layer.cell.states[0], self.layer.n_hidden
        rows = slice(at * H, (at + 1) * H)
        dstates = dict(dbelow)
        if dh is not None:
            dstates[first] = dh[self._order, rows]
        dlast_states = {} if dlast is None else {first: dlast[rows]}
        dx, initial, below = self.layer.backward(
            self.p, self.dp, dstates, dlast=dlast_states, need_dx=need_dx
        )
        for name, dstart in self.starts(self.dp).items():
            dstart += initial[name].sum(axis=1, keepdims=True)
        return Gradients(None if dx is None else dx[self._order], initial, below)


def _side_by_side(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-2)


def _masked(gradient: Array, mask: Array | None) -> Array:
    return gradient if mask is None else gradient * mask


def weight_shapes(architecture: Architecture) -> dict[str, Shape]:
    """Return names and shapes of a network's weights, without making room for any."""
    a = architecture
    shapes: dict[str, Shape] = {}
    for level in _levels(a):
        for owner, layer, _ in level:
            shapes |= {f"{owner}.{name}": shape for name, shape in layer.shapes().items()}
            if a.learned_start:
                starts = {f"{owner}.start_{s}": (a.n_hidden, 1) for s in layer.cell.states}
                shapes |= starts
    return shapes | {
        "head.W": (a.n_outputs, a.n_hidden * len(a.flips)),
        "head.b": (a.n_outputs,),
    }


def _levels(a: Architecture) -> list[list[tuple[str, Recurrent, bool]]]:
    """Return for each level the layers side by side: name, layer, and whether it reads backward."""
    cell = CELLS.get(a.cell)(**dict(a.options))
    sizes = [a.n_inputs] + [a.n_hidden * len(a.flips)] * (a.n_layers - 1)
    return [
        [
            (f"layer{number}{'r' * flip}", Recurrent(cell, size, a.n_hidden), flip)
            for flip in a.flips
        ]
        for number, size in enumerate(sizes)
    ]
