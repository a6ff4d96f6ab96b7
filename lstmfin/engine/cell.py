"""What a recurrent cell is: its equations, and no matrix product.

The driver gives a cell its pre-activations ``z = U h' + W x + b`` for all gates; the cell activates
them in place and writes the new states. Backward, the cell turns the gradients of its states into
those of its pre-activations and of the previous states along the paths that avoid ``U``; the driver
adds the path through ``U``.

Shapes: T steps, B batch, D inputs, H hidden units, G gates. One step sees (G, H, B) and (H, B).
"""

from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from lstmfin.engine.params import Array, Shape, orthogonal
from lstmfin.errors import UsageError

State = SimpleNamespace
"""Gradients of the states, by name: ``d.h``, ``d.c``; each (H, B)."""


Step = SimpleNamespace
"""Views of one step into the driver's buffers.

``z`` and ``dz`` are (G, H, B), ``gates`` and ``dgates`` the same as one (H, B) a gate; a state
``h`` stands as ``h`` after and ``h_prev`` before the step, each (H, B); what a cell keeps from
forward for backward (``saved``) is (H, B) as well; ``index`` counts the steps before this one.
"""


class Cell:
    """A recurrent cell. Options are keyword arguments of its constructor.

    Attributes
    ----------
    gates : str
        One letter a gate, in the order of the rows of ``U``, ``W`` and ``b``.
    states : tuple of str
        Names of the states; the first is the one that is handed on to the layer above.
    fed_back : tuple of str
        States that stand beside the input in the product with ``U``; the first state if empty.
    late : str
        The last gates, if they read ``t.reset`` instead of what is fed back. The cell writes it in
        ``reset``, between the product of the other gates and that of these.
    below : tuple of str
        States of the layer below that the cell reads as ``t.c_below``; none in the lowest layer.
    saved : tuple of str
        Names of what ``step`` keeps for ``step_backward``, beside states and gates; each (H, B)
        unless ``saved_shapes`` says otherwise.
    gate_bias : mapping of str to float
        Biases that do not start at 0.
    leaks : bool
        Whether ``step_backward`` leaves in ``d`` gradients of what is fed back, along paths that
        avoid U. Where it does not, what it leaves there is not read.
    trained : bool
        False if the recurrent weights stay as they were drawn.
    variants : tuple of dict
        Options worth checking, each a set of arguments of the constructor.
    """

    gates: ClassVar[str]
    states: ClassVar[tuple[str, ...]]
    fed_back: ClassVar[tuple[str, ...]] = ()
    late: ClassVar[str] = ""
    below: ClassVar[tuple[str, ...]] = ()
    saved: ClassVar[tuple[str, ...]] = ()
    gate_bias: ClassVar[dict[str, float]] = {}
    leaks: ClassVar[bool] = True
    trained: ClassVar[bool] = True
    variants: ClassVar[tuple[dict[str, Any], ...]] = ({},)

    def vectors(self, n_hidden: int) -> dict[str, Shape]:  # noqa: ARG002 - peepholes need it
        """Return names and shapes of weights of the cell's own, beside U, W and b."""
        return {}

    def saved_shapes(self, n_hidden: int, n_batch: int) -> dict[str, Shape]:
        """Return names and shapes of what is kept of a step."""
        return dict.fromkeys(self.saved, (n_hidden, n_batch))

    def slope_shapes(self, n_hidden: int, n_batch: int) -> dict[str, Shape]:  # noqa: ARG002
        """Return names and shapes of what ``slopes`` writes for a step."""
        return {}

    def mask(self, n_hidden: int, n_inputs: int) -> Array | None:  # noqa: ARG002 - some need it
        """Return 1 where A = [U W b] has a weight and 0 where the equations have none."""
        return None

    def initialise(self, p: SimpleNamespace, rng: np.random.Generator) -> None:
        """Draw the first weights: ``U`` orthogonal block by block, ``W`` by Glorot, the biases."""
        n_hidden = len(p.b) // len(self.gates)
        bound = np.sqrt(6.0 / (p.W.shape[1] + n_hidden))
        p.W[...] = rng.uniform(-bound, bound, p.W.shape)
        for number, gate in enumerate(self.gates):
            rows = slice(number * n_hidden, (number + 1) * n_hidden)
            for start in range(0, p.U.shape[1], n_hidden):
                p.U[rows, start : start + n_hidden] = orthogonal(rng, n_hidden)
            p.b[rows] = self.gate_bias.get(gate, 0.0)

    def own_gradients(self, dp: SimpleNamespace, t: Step) -> None:
        """Add to ``dp`` the gradients of the weights in ``vectors``, after ``step_backward``."""

    def reset(self, p: SimpleNamespace, t: Step) -> None:
        """Write ``t.reset``, from the gates that are not late."""
        raise NotImplementedError

    def reset_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:
        """Turn ``d.reset`` into ``t.dz`` of the gates that are not late, and into ``d``."""
        raise NotImplementedError

    def step(self, p: SimpleNamespace, t: Step) -> None:
        """Activate ``t.z`` in place and write the new states."""
        raise NotImplementedError

    def slopes(self, p: SimpleNamespace, t: Step) -> None:
        """Write what ``step_backward`` needs and no gradient enters, for many steps at once.

        Here every view has an axis of steps before the others: ``z`` (n, G, H, B), ``c`` (n, H, B).
        """

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


SMALL = 4096
"""Below so many elements a function that NumPy has costs less than several calls of faster ones."""


def tanh(x: Array, out: Array) -> None:
    """Write tanh(x) = 2 σ(2x) - 1 to ``out``, which may be x itself."""
    if x.size < SMALL:
        np.tanh(x, out=out)
        return
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


def one_of(given: str, allowed: tuple[str, ...], *, option: str) -> str:
    """Return an option's value, or raise UsageError with those allowed."""
    if given not in allowed:
        raise UsageError(f"--{option} is '{given}'; it must be one of: {', '.join(allowed)}")
    return given
