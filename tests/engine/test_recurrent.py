"""The driver: order of gates, buffers."""

import math

import numpy as np
import pytest
from foreign import layer_of

from lstmfin.registry import CELLS


def _sigma(x):
    return 1 / (1 + math.exp(-x))


def test_gate_order_is_pinned():
    """A model file's rows mean i, f, o, g in this order, for ever; its columns h, x, 1."""
    layer, p, _ = layer_of("lstm", 1, 1)
    assert (layer.cell.gates, CELLS.get("rnn").gates) == ("ifog", "h")
    p.A[...] = np.arange(1, 13).reshape(4, 3) / 10
    h = layer.forward(p, np.full((1, 1, 1), 0.7), {"h": np.full((1, 1), 0.2), "c": np.ones((1, 1))})
    i, f, o, g = (row @ [0.2, 0.7, 1.0] for row in p.A)
    c = _sigma(f) * 1.0 + _sigma(i) * math.tanh(g)
    assert h.item() == pytest.approx(_sigma(o) * math.tanh(c), rel=1e-14)
    assert (p.U[1, 0], p.W[1, 0], p.b[1]) == (0.4, 0.5, 0.6)


def test_buffers_are_made_once_for_each_shape():
    """A pass of a shape seen before allocates no new buffers."""
    layer, p, _ = layer_of("lstm", 2, 3)
    first = layer.forward(p, np.zeros((4, 2, 5)))
    layer.forward(p, np.zeros((4, 2, 1)))
    again = layer.forward(p, np.ones((4, 2, 5)))
    assert np.shares_memory(first, again)


def test_a_forward_pass_allows_one_backward_pass():
    """The backward pass writes over what the forward pass kept: a second one is refused."""
    layer, p, dp = layer_of("lstm", 2, 3)
    last = {"h": np.ones((3, 5))}
    for _ in range(2):
        layer.forward(p, np.zeros((4, 2, 5)))
        layer.backward(p, dp, {}, dlast=last)
        with pytest.raises(AssertionError, match="allows one backward pass"):
            layer.backward(p, dp, {}, dlast=last)


@pytest.mark.parametrize(
    "shape", [(32, 60, 1, 32), (64, 30, 8, 128), (256, 60, 8, 25), (8, 120, 2, 16)]
)
def test_memory_of_a_pass_is_little_more_than_what_must_be_kept(shape):
    """Inputs, four gates and both states at each step, and at most a fifth of that beside."""
    B, T, D, H = shape
    layer, p, dp = layer_of("lstm", D, H, dtype=np.float32)
    layer.forward(p, np.zeros((T, D, B), np.float32))
    layer.backward(p, dp, {"h": np.zeros((T, H, B), np.float32)})
    growing, weights = layer.n_bytes()
    assert T * B * (D + 6 * H) * 4 < growing < 1.2 * T * B * (D + 6 * H) * 4
    assert weights <= 5 * p.A.nbytes
    assert growing + weights >= sum(a.nbytes for a in _arrays_of(layer._used))


def _arrays_of(buffers):
    """Return every array that the memory of a pass owns, however it is held."""
    found, seen = {}, [*vars(buffers).values()]
    while seen:
        one = seen.pop()
        if isinstance(one, np.ndarray):
            while one.base is not None:
                one = one.base
            found[id(one)] = one
        elif isinstance(one, dict):
            seen += one.values()
        elif isinstance(one, list | tuple):
            seen += one
        elif type(one).__name__ in {"Product", "SimpleNamespace"}:
            seen += vars(one).values()
    return found.values()
