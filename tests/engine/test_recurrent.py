"""The fast path against slow ones: loops written from the papers, and PyTorch."""

import math

import numpy as np
import pytest

from lstmfin.engine.params import Params
from lstmfin.engine.recurrent import Recurrent
from lstmfin.registry import CELLS

TORCH_GATES = {"rnn": "h", "lstm": "ifgo"}


def _layer(name, n_inputs, n_hidden):
    layer = Recurrent(CELLS.get(name)(), n_inputs, n_hidden)
    params = Params({f"a.{key}": shape for key, shape in layer.shapes().items()}, np.float64)
    gradients = params.like()
    p, dp = layer.bind(params.owned_by("a")), layer.bind(gradients.owned_by("a"))
    return layer, p, dp


def _sigma(x):
    return 1 / (1 + math.exp(-x))


def _z(weights, gate, k, h, x):
    """Pre-activation of one unit: b_k + sum_j U_kj h_j + sum_j W_kj x_j."""
    U, W, b = weights[gate]
    total = b[k]
    for j, value in enumerate(h):
        total += U[k][j] * value
    for j, value in enumerate(x):
        total += W[k][j] * value
    return total


def slow_rnn(weights, x, h):
    """Elman (1990), for one sample, unit by unit: h_t = tanh(U h_{t-1} + W x_t + b)."""
    outputs = []
    for x_t in x:
        h = [math.tanh(_z(weights, "h", k, h, x_t)) for k in range(len(h))]
        outputs.append(h)
    return outputs, {"h": h}


def slow_lstm(weights, x, h, c):
    """Gers, Schmidhuber & Cummins (2000), for one sample, unit by unit and gate by gate."""
    outputs = []
    for x_t in x:
        before, h, c = h, [], list(c)
        for k in range(len(before)):
            input_gate = _sigma(_z(weights, "i", k, before, x_t))
            forget_gate = _sigma(_z(weights, "f", k, before, x_t))
            output_gate = _sigma(_z(weights, "o", k, before, x_t))
            candidate = math.tanh(_z(weights, "g", k, before, x_t))
            c[k] = forget_gate * c[k] + input_gate * candidate
            h.append(output_gate * math.tanh(c[k]))
        outputs.append(h)
    return outputs, {"h": h, "c": c}


SLOW = {"rnn": slow_rnn, "lstm": slow_lstm}


@pytest.mark.parametrize("name", SLOW)
def test_fast_path_against_the_paper(name):
    """Outputs and last states are those of the paper's loops, number by number."""
    T, D, H, B = 6, 3, 4, 3
    rng = np.random.default_rng(2)
    layer, p, _ = _layer(name, D, H)
    gates = layer.cell.gates
    weights = {
        gate: (rng.normal(size=(H, H)), rng.normal(size=(H, D)), rng.normal(size=H))
        for gate in gates
    }
    for number, gate in enumerate(gates):
        rows = slice(number * H, (number + 1) * H)
        p.U[rows], p.W[rows], p.b[rows] = weights[gate]
    x = rng.normal(size=(T, D, B))
    initial = {s: rng.normal(size=(H, B)) for s in layer.cell.states}
    fast = layer.forward(p, x, initial)
    for b in range(B):
        slow, last = SLOW[name](weights, x[..., b], *(v[:, b] for v in initial.values()))
        np.testing.assert_allclose(fast[..., b], slow, rtol=1e-12, atol=1e-14)
        for s, value in layer.last_states().items():
            np.testing.assert_allclose(value[:, b], last[s], rtol=1e-12, atol=1e-14)


def test_gate_order_is_pinned():
    """A model file's rows mean i, f, o, g in this order, for ever; its columns h, x, 1."""
    layer, p, _ = _layer("lstm", 1, 1)
    assert (layer.cell.gates, CELLS.get("rnn").gates) == ("ifog", "h")
    p.A[...] = np.arange(1, 13).reshape(4, 3) / 10
    h = layer.forward(p, np.full((1, 1, 1), 0.7), {"h": np.full((1, 1), 0.2), "c": np.ones((1, 1))})
    i, f, o, g = (row @ [0.2, 0.7, 1.0] for row in p.A)
    c = _sigma(f) * 1.0 + _sigma(i) * math.tanh(g)
    assert h.item() == pytest.approx(_sigma(o) * math.tanh(c), rel=1e-14)
    assert (p.U[1, 0], p.W[1, 0], p.b[1]) == (0.4, 0.5, 0.6)


def _ours(name, by_torch):
    """Reorder torch's rows (i f g o) to ours, gate by gate."""
    order = [TORCH_GATES[name].index(gate) for gate in CELLS.get(name).gates]
    parts = np.split(by_torch, len(order))
    return np.concatenate([parts[number] for number in order])


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("name", TORCH_GATES)
def test_outputs_and_gradients_of_pytorch(golden, name, depth):
    """A stack gives PyTorch's outputs to 1e-12 and its gradients to 1e-10.

    From torch 2.13.0, float64: tests/golden/make_torch_golden.py.
    """
    torch = golden(f"{name}{depth}")
    H = torch["y"].shape[2]
    layers, h = [], torch["x"].transpose(0, 2, 1)
    for k in range(depth):
        layer, p, dp = _layer(name, h.shape[1], H)
        p.U[...] = _ours(name, torch[f"weight_hh_l{k}"])
        p.W[...] = _ours(name, torch[f"weight_ih_l{k}"])
        p.b[...] = _ours(name, torch[f"bias_ih_l{k}"] + torch[f"bias_hh_l{k}"])
        h = layer.forward(p, h, {s: torch[f"{s}0"][k].T for s in layer.cell.states})
        for s, last in layer.last_states().items():
            np.testing.assert_allclose(last, torch[f"{s}n"][k].T, rtol=0, atol=1e-12)
        layers.append((layer, p, dp))
    np.testing.assert_allclose(h, torch["y"].transpose(0, 2, 1), rtol=0, atol=1e-12)

    d = torch["dy"].transpose(0, 2, 1)
    for k, (layer, p, dp) in reversed(list(enumerate(layers))):
        dlast = {s: torch[f"d{s}n"][k].T for s in layer.cell.states}
        d, dinitial, _ = layer.backward(p, dp, {"h": d}, dlast=dlast)
        for s, value in dinitial.items():
            np.testing.assert_allclose(value, torch[f"d{s}0"][k].T, rtol=0, atol=1e-10)
        for ours, theirs in (("U", "weight_hh"), ("W", "weight_ih"), ("b", "bias_ih")):
            expected = _ours(name, torch[f"d{theirs}_l{k}"])
            np.testing.assert_allclose(getattr(dp, ours), expected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(d, torch["dx"].transpose(0, 2, 1), rtol=0, atol=1e-10)


def test_buffers_are_made_once_for_each_shape():
    """A pass of a shape seen before allocates no new buffers."""
    layer, p, _ = _layer("lstm", 2, 3)
    first = layer.forward(p, np.zeros((4, 2, 5)))
    layer.forward(p, np.zeros((4, 2, 1)))
    again = layer.forward(p, np.ones((4, 2, 5)))
    assert np.shares_memory(first, again)
