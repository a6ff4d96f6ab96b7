"""A layer with random weights, inputs and states, and gradients arriving at all that it gives.

Whatever checks a cell starts here: the tests of the project, and the user's own machine.
"""

from typing import Any

import numpy as np

from lstmfin.engine.buffers import Noise, States
from lstmfin.engine.params import Array, Params
from lstmfin.engine.recurrent import Recurrent
from lstmfin.registry import CELLS

T, D, H, B = 4, 3, 6, 2
"""Steps, inputs, hidden units and samples: small, and no two alike that could be mistaken."""

Variant = tuple[str, dict[str, Any]]
"""Name and options of a cell."""


def variants_of(cell: str) -> list[Variant]:
    """Return a cell with each set of options worth checking."""
    return [(cell, options) for options in CELLS.get(cell).variants]


def variant_id(variant: Variant) -> str:
    """Return a cell and its options in a word.

    Examples
    --------
    >>> variant_id(("gru", {"reset": "before"}))
    'gru(reset=before)'
    """
    name, options = variant
    words = ", ".join(f"{key}={value}" for key, value in options.items())
    return f"{name}({words})" if words else name


class Probe:
    """A layer under test; ``scalar`` reads all that it gives, ``gradients`` are those of it.

    Parameters
    ----------
    variant : tuple of str and dict
        Name and options of the cell.
    T, B : int
        Steps and samples.
    """

    def __init__(
        self, variant: Variant, *, T: int = T, B: int = B, dtype: Any = np.float64, seed: int = 0
    ) -> None:
        rng = self.rng = np.random.default_rng([seed, T, B])
        name, options = variant
        self.layer = Recurrent(CELLS.get(name)(**options), D, H)
        shapes = self.layer.shapes()
        self.weights = Params({f"own.{key}": shape for key, shape in shapes.items()}, dtype)
        self.weights.flat[:] = 0.5 * rng.standard_normal(self.weights.flat.size)
        self.p = self.bound(self.weights)
        self.mask = self.layer.cell.mask(H, D)
        if self.mask is not None:
            self.p.A *= self.mask
        self.x = rng.standard_normal((T, D, B)).astype(dtype)
        self.initial = self._random_states(dtype)
        self.dh = rng.standard_normal((T, H, B)).astype(dtype)
        self.dlast = self._random_states(dtype)
        self.below = {
            s: rng.standard_normal((T, H, B)).astype(dtype) for s in self.layer.cell.below
        }
        self.start = 0
        self.noise: Noise | None = None

    def _random_states(self, dtype: Any) -> States:
        shape = (H, self.x.shape[2])
        return {s: self.rng.standard_normal(shape).astype(dtype) for s in self.layer.cell.states}

    def disturb(self, *, share: float = 0.4) -> None:
        """Drop a share of what is fed back, and let as large a share of the states stay."""
        T, H, B = self.dh.shape
        mask = self.rng.random((self.layer.n_fed_back, B)) >= share
        kept = {s: self.rng.random((T, H, B)) < share for s in self.layer.cell.states}
        self.noise = Noise(
            mask.astype(self.dh.dtype) / (1 - share),
            {s: one.astype(self.dh.dtype) for s, one in kept.items()},
        )

    def bound(self, params: Params) -> Any:
        """Return params as the layer takes them."""
        return self.layer.bind(params.owned_by("own"))

    def forward(
        self, x: Array | None = None, initial: States | None = None
    ) -> tuple[Array, States]:
        """Return copies of the outputs and of the last states."""
        h = self.layer.forward(
            self.p,
            self.x if x is None else x,
            self.initial if initial is None else initial,
            below=self.below,
            start=self.start,
            noise=self.noise,
        )
        return h.copy(), {s: last.copy() for s, last in self.layer.last_states().items()}

    def scalar(self) -> float:
        """Return a number that reads every output and every last state."""
        h, last = self.forward()
        return float(np.sum(h * self.dh) + sum(np.sum(last[s] * self.dlast[s]) for s in last))

    def gradients(self, **options: Any) -> dict[str, Array]:
        """Return the gradients of the scalar by inputs, initial states and weights."""
        self.forward()
        grads = self.weights.like()
        dp = self.bound(grads)
        first = self.layer.cell.states[0]
        d = self.layer.backward(self.p, dp, {first: self.dh}, dlast=self.dlast, **options)
        named = {f"initial {s}": one.copy() for s, one in d.initial.items()}
        named |= {f"below {s}": one.copy() for s, one in d.below.items()}
        return {**({} if d.x is None else {"x": d.x.copy()}), **named, **grads}

    def arrays(self) -> dict[str, Array]:
        """Return the arrays of ``gradients``, by the same names."""
        named = {f"initial {s}": array for s, array in self.initial.items()}
        named |= {f"below {s}": array for s, array in self.below.items()}
        return {"x": self.x, **named, **self.weights}
