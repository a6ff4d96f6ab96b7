r"""The LSTM with all its parts, any of which can be taken away.

Gers, Schraudolph & Schmidhuber (2002) gave the gates of the LSTM peepholes, sight of the cell
state:

.. math::
    i = σ(z_i + p_i c'), \quad f = σ(z_f + p_f c'), \quad g = tanh(z_g)

    c = f c' + i g, \quad o = σ(z_o + p_o c), \quad h = o\, tanh(c)

with z = U h' + W x + b. Greff et al. (2017) took away one part at a time. A gate that is not there
is 1, a squashing function that is not there is the identity.
"""

from types import SimpleNamespace
from typing import ClassVar

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
from lstmfin.errors import UsageError


class Vanilla(Cell):
    """The equations above; subclasses say which parts there are.

    Attributes
    ----------
    gates : str
        Which of i, f, o there are, and g.
    coupled : bool
        f = 1 - i in place of a forget gate of its own.
    squashes_input, squashes_output : bool
        Whether g and h pass through tanh.
    peepholes : str
        Gates that see the cell state.
    """

    states: ClassVar[tuple[str, ...]] = ("h", "c")
    saved = ("y",)
    gate_bias = {"f": 1.0}  # noqa: RUF012 - a ClassVar in the base
    leaks = False
    coupled = False
    squashes_input = True
    squashes_output = True
    peepholes = ""

    def vectors(self, n_hidden: int) -> dict[str, Shape]:
        """Return one vector a peephole."""
        return {f"p_{gate}": (n_hidden, 1) for gate in self.peepholes}

    def initialise(
        self, p: SimpleNamespace, rng: np.random.Generator, scheme: Initialisation
    ) -> None:
        """Draw the first weights; peepholes start closed."""
        super().initialise(p, rng, scheme)
        for gate in self.peepholes:
            getattr(p, f"p_{gate}")[...] = 0

    def _peep(self, p: SimpleNamespace, z: Array, gate: str, c: Array) -> None:
        if gate in self.peepholes:
            z += getattr(p, f"p_{gate}") * c

    def step(self, p: SimpleNamespace, t: Step) -> None:
        """Forward."""
        z = dict(zip(self.gates, t.gates, strict=True))
        for gate in "if":
            if gate in z:
                self._peep(p, z[gate], gate, t.c_prev)
                sigmoid(z[gate])
        if self.squashes_input:
            tanh(z["g"], out=z["g"])
        f = 1 - z["i"] if self.coupled else z.get("f", 1)
        np.multiply(f, t.c_prev, out=t.c)
        t.c += z["i"] * z["g"] if "i" in z else z["g"]
        if self.squashes_output:
            tanh(t.c, out=t.y)
        else:
            t.y[:] = t.c
        if "o" in z:
            self._peep(p, z["o"], "o", t.c)
            sigmoid(z["o"])
        np.multiply(z.get("o", 1), t.y, out=t.h)

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:
        """Backward."""
        z = dict(zip(self.gates, t.gates, strict=True))
        dz = dict(zip(self.gates, t.dgates, strict=True))
        if "o" in z:
            dz["o"][:] = (d.h * t.y + _arrived(d, "o")) * sigmoid_slope(z["o"])
            self._peep(p, d.c, "o", dz["o"])
        dy = d.h * z["o"] if "o" in z else d.h
        d.c += dy * tanh_slope(t.y) if self.squashes_output else dy
        dz["g"][:] = d.c * z["i"] if "i" in z else d.c
        if self.squashes_input:
            dz["g"] *= tanh_slope(z["g"])
        if "i" in z:
            through = z["g"] - t.c_prev if self.coupled else z["g"]
            dz["i"][:] = (d.c * through + _arrived(d, "i")) * sigmoid_slope(z["i"])
        if "f" in z:
            dz["f"][:] = (d.c * t.c_prev + _arrived(d, "f")) * sigmoid_slope(z["f"])
        d.c *= 1 - z["i"] if self.coupled else z.get("f", 1)
        for gate in "if":
            if gate in z:
                self._peep(p, d.c, gate, dz[gate])

    def own_gradients(self, dp: SimpleNamespace, t: Step) -> None:
        """Add the gradients of the peepholes."""
        dz = dict(zip(self.gates, t.dgates, strict=True))
        for gate in self.peepholes:
            seen = t.c if gate == "o" else t.c_prev
            dp_gate = getattr(dp, f"p_{gate}")
            dp_gate += np.sum(dz[gate] * seen, axis=-1, keepdims=True)


def _arrived(d: State, gate: str) -> Array | float:
    """Return what arrives at a gate that is itself fed back."""
    arrived: Array | float = getattr(d, gate, 0.0)
    return arrived


def checked_peepholes(given: str, allowed: str) -> str:
    """Return the gates with peepholes in order, or raise UsageError."""
    if unknown := sorted(set(given) - set(allowed)):
        raise UsageError(
            f"--peepholes is '{given}', and this cell has no gate '{unknown[0]}' to see the cell "
            f"state; it may hold any of the letters {allowed}, or be empty"
        )
    return "".join(gate for gate in allowed if gate in given)
