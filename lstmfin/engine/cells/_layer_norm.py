"""The LSTM with layer normalisation of its gates and of its cell state."""

from types import SimpleNamespace

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

EPSILON = 1e-5
"""Added to a variance, so that units which all say the same are not divided by zero."""


class LayerNormLSTM(Cell):
    r"""LSTM whose gates and cell state are normalised over the units (Ba, Kiros & Hinton 2016).

    .. math::
        i, f, o = σ(LN(U h' + W x)), \quad g = tanh(LN(U h' + W x))

        c = f c' + i g, \quad h = o\, tanh(LN(c))

    LN(z) = gain · (z - mean) / std + shift, over the units of one gate of one sample; the shifts
    take the place of the bias, and that of the forget gate starts at 1. The sum of both products is
    normalised at once, where the paper does so apart.
    """

    gates = "ifog"
    states = ("h", "c")
    leaks = False

    def vectors(self, n_hidden: int) -> dict[str, Shape]:
        """Return gain and shift of each gate, and of the cell state."""
        return {
            "gain": (4, n_hidden, 1),
            "shift": (4, n_hidden, 1),
            "gain_c": (n_hidden, 1),
            "shift_c": (n_hidden, 1),
        }

    def saved_shapes(self, n_hidden: int, n_batch: int) -> dict[str, Shape]:
        """Return room for what is normalised, by what it was divided, and tanh of the last."""
        return {
            "normal": (4, n_hidden, n_batch),
            "std": (4, 1, n_batch),
            "normal_c": (n_hidden, n_batch),
            "std_c": (1, n_batch),
            "tanh_c": (n_hidden, n_batch),
        }

    def mask(self, n_hidden: int, n_inputs: int) -> Array:
        """Return A's mask: there is no bias before the normalisation."""
        mask = np.ones((4 * n_hidden, n_hidden + n_inputs + 1))
        mask[:, -1] = 0
        return mask

    def initialise(
        self, p: SimpleNamespace, rng: np.random.Generator, scheme: Initialisation
    ) -> None:
        """Draw the first weights; gains start at 1."""
        super().initialise(p, rng, scheme)
        p.gain[...] = p.gain_c[...] = 1
        p.shift[...] = p.shift_c[...] = 0
        p.shift[self.gates.index("f")] = scheme.bias("f", 1.0)

    def step(self, p: SimpleNamespace, t: Step) -> None:
        """Forward."""
        i, f, o, g = t.gates
        _normalise(t.z, t.normal, t.std)
        np.multiply(p.gain, t.normal, out=t.z)
        t.z += p.shift
        sigmoid(t.z[:3])
        tanh(g, out=g)
        t.c[:] = f * t.c_prev + i * g
        _normalise(t.c, t.normal_c, t.std_c)
        tanh(p.gain_c * t.normal_c + p.shift_c, out=t.tanh_c)
        np.multiply(o, t.tanh_c, out=t.h)

    def step_backward(self, p: SimpleNamespace, t: Step, d: State) -> None:
        """Backward."""
        i, f, o, g = t.gates
        di, df, do, dg = t.dgates
        t.dnormal_c = d.h * o * tanh_slope(t.tanh_c)
        d.c += _normalise_backward(p.gain_c * t.dnormal_c, t.normal_c, t.std_c)
        np.multiply(d.c, g, out=di)
        np.multiply(d.c, t.c_prev, out=df)
        np.multiply(d.h, t.tanh_c, out=do)
        np.multiply(d.c, i, out=dg)
        t.dz[:3] *= sigmoid_slope(t.z[:3])
        dg *= tanh_slope(g)
        d.c *= f
        t.dnormal = t.dz.copy()
        t.dz[:] = _normalise_backward(p.gain * t.dnormal, t.normal, t.std)

    def own_gradients(self, dp: SimpleNamespace, t: Step) -> None:
        """Add the gradients of gains and shifts."""
        dp.gain += np.sum(t.dnormal * t.normal, axis=-1, keepdims=True)
        dp.shift += np.sum(t.dnormal, axis=-1, keepdims=True)
        dp.gain_c += np.sum(t.dnormal_c * t.normal_c, axis=-1, keepdims=True)
        dp.shift_c += np.sum(t.dnormal_c, axis=-1, keepdims=True)


def _normalise(z: Array, normal: Array, std: Array) -> None:
    """Write (z - mean) / std over the units, and std."""
    np.subtract(z, z.mean(axis=-2, keepdims=True), out=normal)
    std[:] = np.sqrt(np.mean(normal**2, axis=-2, keepdims=True) + EPSILON)
    normal /= std


def _normalise_backward(dnormal: Array, normal: Array, std: Array) -> Array:
    """Return the gradient of z from that of what was normalised (Ba et al. 2016, appendix)."""
    mean = dnormal.mean(axis=-2, keepdims=True)
    along = np.mean(dnormal * normal, axis=-2, keepdims=True)
    return np.asarray((dnormal - mean - normal * along) / std)
