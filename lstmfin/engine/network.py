"""A network: recurrent layers, dropout between them, and a dense head on the last step.

Shapes: T steps, B batch, D inputs, H hidden units, O outputs.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from lstmfin.engine.params import Array, Params, Shape
from lstmfin.engine.recurrent import Recurrent, States
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
        a = self.architecture = architecture
        self.dropout = dropout
        self.layers = _layers(a)
        self.params = Params(weight_shapes(a), dtype)
        self.gradients = self.params.like()
        self._p = [self._bound(number, self.params) for number in range(a.n_layers)]
        self._dp = [self._bound(number, self.gradients) for number in range(a.n_layers)]
        self._masks: list[Array | None] = []
        self._top: Array | None = None

    def _bound(self, number: int, params: Params) -> SimpleNamespace:
        return self.layers[number].bind(params.owned_by(f"layer{number}"))

    @property
    def is_trained(self) -> bool:
        """Whether gradients train the recurrent layers; else they stay as they were drawn."""
        return self.layers[0].cell.trained

    def masks(self) -> dict[str, Array]:
        """Return, by name, 1 where an array has a weight and 0 where the equations have none."""
        return {
            f"layer{number}.A": layer.mask
            for number, layer in enumerate(self.layers)
            if layer.mask is not None
        }

    def decayed(self) -> Array:
        """Return 1 for each weight that may decay and 0 for each bias, in the order of ``flat``."""
        mask = self.params.like()
        mask.flat[:] = 1
        mask["head.b"][...] = 0
        for number in range(len(self.layers)):
            own = self._bound(number, mask)
            own.b[...] = 0
            own.A *= self.is_trained
        return mask.flat

    def initialise(self, rng: np.random.Generator, outputs: Array) -> None:
        """Draw the first weights.

        The head starts at weights of zero and the biases ``outputs`` (O,): a new network says the
        same of every window, and learns from there where windows differ.
        """
        for layer, p in zip(self.layers, self._p, strict=True):
            layer.initialise(p, rng)
        self.params["head.W"][...] = 0
        self.params["head.b"][...] = outputs

    def forward(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return the outputs (O, B) for inputs (T, D, B); dropout if ``rng`` is given."""
        top = self.read_out(x, rng)
        return np.asarray(self.params["head.W"] @ top + self.params["head.b"][:, None])

    def read_out(self, x: Array, rng: np.random.Generator | None = None) -> Array:
        """Return what the head reads, (H, B): the top layer's state after the last step."""
        self._masks = []
        below: States = {}
        for layer, p in zip(self.layers, self._p, strict=True):
            x = layer.forward(p, self._dropped(x, rng), below=below)
            below = layer.states()
        self._top = self._dropped(x[-1], rng)
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
        top = self.params["head.W"].T @ doutputs
        if (mask := masks.pop()) is not None:
            top *= mask
        dlast: States = {self.layers[-1].cell.states[0]: top}
        dstates: States = {}
        for number in reversed(range(len(self.layers))):
            dx, _, dbelow = self.layers[number].backward(
                self._p[number], self._dp[number], dstates, dlast=dlast, need_dx=number > 0
            )
            mask = masks.pop()
            if dx is None:
                break
            if mask is not None:
                dx *= mask
            dlast, dstates = {}, {self.layers[number - 1].cell.states[0]: dx, **dbelow}

    def _dropped(self, x: Array, rng: np.random.Generator | None) -> Array:
        if rng is None or self.dropout == 0:
            self._masks.append(None)
            return x
        keep = rng.random(x.shape, dtype=np.float32) >= self.dropout
        mask: Array = keep.astype(x.dtype)
        mask /= 1 - self.dropout
        self._masks.append(mask)
        return np.asarray(x * mask)


def weight_shapes(architecture: Architecture) -> dict[str, Shape]:
    """Return names and shapes of a network's weights, without making room for any."""
    a = architecture
    shapes = {
        f"layer{number}.{name}": shape
        for number, layer in enumerate(_layers(a))
        for name, shape in layer.shapes().items()
    }
    return shapes | {"head.W": (a.n_outputs, a.n_hidden), "head.b": (a.n_outputs,)}


def _layers(a: Architecture) -> list[Recurrent]:
    sizes = [a.n_inputs] + [a.n_hidden] * (a.n_layers - 1)
    cell = CELLS.get(a.cell)(**dict(a.options))
    return [Recurrent(cell, size, a.n_hidden) for size in sizes]
