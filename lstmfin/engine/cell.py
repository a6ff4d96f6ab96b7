"""What a recurrent cell is: its equations, and no matrix product.

The driver gives a cell its pre-activations ``z = U h' + W x + b`` for all gates; the cell activates
them in place and writes the new states. Backward, the cell turns the gradients of its states into
those of its pre-activations and of the previous states along the paths that avoid ``U``; the driver
adds the path through ``U``.

Shapes: T steps, B batch, D inputs, H hidden units, G gates. One step sees (G, H, B) and (H, B), and
with models side by side (G, M, H, B) and (M, H, B): a cell counts axes from the end.
"""

import math
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

from lstmfin.engine.params import Array, Shape, orthogonal, uniform
from lstmfin.engine.products import HAS_AVX512
from lstmfin.errors import UsageError

State = SimpleNamespace
"""Gradients of the states, by name: ``d.h``, ``d.c``; each (H, B)."""


Step = SimpleNamespace
"""Views of one step into the driver's buffers.

``z`` and ``dz`` are (G, H, B), ``gates`` and ``dgates`` the same as one (H, B) a gate; a state
``h`` stands as ``h`` after and ``h_prev`` before the step, each (H, B); what a cell keeps from
forward for backward (``saved``) is (H, B) as well; ``index`` counts the steps before this one.
"""


@dataclass(frozen=True)
class Initialisation:
    """How first weights are drawn.

    Attributes
    ----------
    recurrent : str
        ``orthogonal`` (Saxe et al. 2014), ``identity`` (Le, Jaitly & Hinton 2015), ``glorot`` or
        ``uniform`` within ±1/√H.
    inputs : str
        ``glorot`` (Glorot & Bengio 2010), ``he`` (He et al. 2015) or ``uniform`` within ±1/√H.
    forget_bias : float, optional
        First bias of a gate f (Jozefowicz et al. 2015); the cell's own if not given.
    """

    recurrent: str = "orthogonal"
    inputs: str = "glorot"
    forget_bias: float | None = None

    def recurrent_weights(self, rng: np.random.Generator, n_hidden: int) -> Array:
        """Return one block (H, H) of U."""
        if self.recurrent == "orthogonal":
            return orthogonal(rng, n_hidden)
        if self.recurrent == "identity":
            return np.eye(n_hidden)
        variance = {"glorot": 2 / (2 * n_hidden), "uniform": 1 / (3 * n_hidden)}[self.recurrent]
        return uniform(rng, (n_hidden, n_hidden), variance)

    def input_weights(self, rng: np.random.Generator, shape: Shape, n_hidden: int) -> Array:
        """Return all of W (GH, D)."""
        n_inputs = shape[1]
        variances = {
            "glorot": 2 / (n_inputs + n_hidden),
            "he": 2 / n_inputs,
            "uniform": 1 / (3 * n_hidden),
        }
        return uniform(rng, shape, variances[self.inputs])

    def bias(self, gate: str, own: float) -> float:
        """Return the first bias of a gate, whose cell would have it at ``own``."""
        return own if gate != "f" or self.forget_bias is None else self.forget_bias


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
    halved : int
        The first so many gates find half their pre-activation in z, as ``squash`` takes it.
    in_place : bool
        Whether ``dz`` is the memory of ``z``, so that backward overwrites what forward left there.
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
    halved: ClassVar[int] = 0
    in_place: ClassVar[bool] = False
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

    def initialise(
        self, p: SimpleNamespace, rng: np.random.Generator, scheme: "Initialisation"
    ) -> None:
        """Draw the first weights of one model: ``U`` block by block, ``W``, and the biases."""
        n_hidden = len(p.b) // len(self.gates)
        p.W[...] = scheme.input_weights(rng, p.W.shape, n_hidden)
        for number, gate in enumerate(self.gates):
            rows = slice(number * n_hidden, (number + 1) * n_hidden)
            for start in range(0, p.U.shape[1], n_hidden):
                p.U[rows, start : start + n_hidden] = scheme.recurrent_weights(rng, n_hidden)
            p.b[rows] = scheme.bias(gate, self.gate_bias.get(gate, 0.0))

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

        Here every view has an axis of steps: ``z`` is (G, n, H, B), ``c`` (n, H, B).
        """

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:
        """Write ``t.dz``; turn the gradients ``d`` of the new states into those of the previous."""
        raise NotImplementedError


# Where NumPy's tanh is not vector code, both functions go by one exponential, for which it always
# has some. Where that overflows to infinity the quotient is 0, as it should be; the driver tells
# NumPy not to warn of it.

SMALL = 1024
"""Below so many elements a function that NumPy has costs less than several calls of faster ones."""

HALF, ONE = ({size: np.array(value, f"f{size}") for size in (4, 8)} for value in (0.5, 1.0))
"""Constants by bytes: a number of Python's would cost a small call as much again."""


def sigmoid(x: Array) -> None:
    """Turn x into σ(x) in place."""
    x *= 0.5
    squash(x, x)


def tanh(x: Array, out: Array) -> None:
    """Write tanh(x) = 2 / (1 + exp(-2x)) - 1 to ``out``, which may be x itself."""
    if HAS_AVX512 or math.prod(x.shape[-2:]) < SMALL:  # of one model, whatever stands beside it
        np.tanh(x, out=out)
        return
    np.multiply(x, -2, out=out)
    np.exp(out, out=out)
    out += 1
    np.divide(2, out, out=out)
    out -= 1


def squash(z: Array, halved: Array) -> None:
    """Turn z into tanh(z) in place, but its part ``halved``, where it is x / 2, into σ(x).

    σ(x) = ½ tanh(x / 2) + ½, so that one call serves all gates.
    """
    half = HALF[z.itemsize]
    tanh(z, out=z)
    np.multiply(halved, half, out=halved)
    np.add(halved, half, out=halved)


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
