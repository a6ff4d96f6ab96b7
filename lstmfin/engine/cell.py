"""What a recurrent cell is: its equations, and no matrix product.

The driver gives a cell its pre-activations ``z = U h' + W x + b`` for all gates; the cell activates
them in place and writes the new states. Backward, the cell turns the gradients of its states into
those of its pre-activations and of the previous states along the paths that avoid ``U``; the driver
adds the path through ``U``.

Shapes: T steps, B batch, D inputs, H hidden units, G gates. One step sees (G, H, B) and (H, B).
"""

from types import SimpleNamespace
from typing import ClassVar

import numpy as np

from lstmfin.engine.params import Array, Shape, orthogonal

State = SimpleNamespace
"""Gradients of the states, by name: ``d.h``, ``d.c``; each (H, B)."""


Step = SimpleNamespace
"""Views of one step into the driver's buffers.

``z`` and ``dz`` are (G, H, B), ``gates`` and ``dgates`` the same as one (H, B) a gate; a state
``h`` stands as ``h`` after and ``h_prev`` before the step, each (H, B); what a cell keeps from
forward for backward (``saved``) is (H, B) as well.
"""


class Cell:
    """A recurrent cell.

    Attributes
    ----------
    gates : str
        One letter a gate, in the order of the rows of ``U``, ``W`` and ``b``.
    states : tuple of str
        Names of the states; the first is the one that is fed back and handed on.
    saved : tuple of str
        Names of what ``step`` keeps for ``step_backward``, beside states and gates.
    gate_bias : mapping of str to float
        Biases that do not start at 0.
    """

    gates: ClassVar[str]
    states: ClassVar[tuple[str, ...]]
    saved: ClassVar[tuple[str, ...]] = ()
    gate_bias: ClassVar[dict[str, float]] = {}

    def vectors(self, n_hidden: int) -> dict[str, Shape]:  # noqa: ARG002 - peepholes need it
        """Return names and shapes of weights of the cell's own, beside U, W and b."""
        return {}

    def initialise(self, p: SimpleNamespace, rng: np.random.Generator) -> None:
        """Draw the first weights: ``U`` orthogonal gate by gate, ``W`` by Glorot, the biases."""
        n_hidden = p.U.shape[1]
        n_inputs = p.W.shape[1]
        bound = np.sqrt(6.0 / (n_inputs + n_hidden))
        p.W[...] = rng.uniform(-bound, bound, p.W.shape)
        for number, gate in enumerate(self.gates):
            rows = slice(number * n_hidden, (number + 1) * n_hidden)
            p.U[rows] = orthogonal(rng, n_hidden)
            p.b[rows] = self.gate_bias.get(gate, 0.0)

    def step(self, p: SimpleNamespace, t: Step) -> None:
        """Activate ``t.z`` in place and write the new states."""
        raise NotImplementedError

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:
        """Write ``t.dz``; turn the gradients ``d`` of the new states into those of the previous."""
        raise NotImplementedError


# Both functions go by one exponential: NumPy has vector code for it on every machine, for tanh only
# on some. Where it overflows to infinity the quotient is 0, as it should be; the driver
# tells NumPy not to warn of that.


def sigmoid(x: Array) -> None:
    """Turn x into σ(x) = 1 / (1 + exp(-x)) in place."""
    np.negative(x, out=x)
    np.exp(x, out=x)
    x += 1
    np.divide(1, x, out=x)


def tanh(x: Array, out: Array) -> None:
    """Write tanh(x) = 2 σ(2x) - 1 to ``out``, which may be x itself."""
    np.multiply(x, -2, out=out)
    np.exp(out, out=out)
    out += 1
    np.divide(2, out, out=out)
    out -= 1


def sigmoid_slope(y: Array) -> Array:
    """Return the derivative of σ where it has the value y."""
    slope = 1 - y
    slope *= y
    return slope


def tanh_slope(y: Array) -> Array:
    """Return the derivative of tanh where it has the value y."""
    slope = y * y
    np.subtract(1, slope, out=slope)
    return slope
