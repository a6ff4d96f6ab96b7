"""The fast path against slow ones: loops written from the papers, one sample, unit by unit.

Shapes: T steps, D inputs, H hidden units. A state is a list of H numbers.
"""

import math

import numpy as np
import pytest
from foreign import layer_of, rows_of

from lstmfin.registry import CELLS

T, D, H, B = 6, 3, 6, 3


class Weights:
    """Rows of each gate as plain numbers: ``U["i"][k][j]``; a peephole is ``p["i"][k]``."""

    def __init__(self, layer, p):
        names = layer.cell.gates
        self.U = {gate: p.U[rows_of(layer, gate)].tolist() for gate in names}
        self.W = {gate: p.W[rows_of(layer, gate)].tolist() for gate in names}
        self.b = {gate: p.b[rows_of(layer, gate)].tolist() for gate in names}
        self.vectors = {name: getattr(p, name)[..., 0].tolist() for name in layer.cell.vectors(H)}
        self.p = {name[-1]: vector for name, vector in self.vectors.items()}

    def reads(self, gate, k, h):
        """Sum_j U_kj h_j."""
        return sum(self.U[gate][k][j] * h[j] for j in range(H))

    def takes(self, gate, k, x):
        """b_k + sum_j W_kj x_j."""
        return self.b[gate][k] + sum(self.W[gate][k][j] * x[j] for j in range(D))

    def z(self, gate, k, h, x):
        """Return the pre-activation of one unit of one gate."""
        return self.reads(gate, k, h) + self.takes(gate, k, x)

    def peeps(self, gate, k, c):
        """p_k c, 0 for a gate that does not see the cell state."""
        return self.p[gate][k] * c if gate in self.p else 0.0


def sigma(x):
    return 1 / (1 + math.exp(-x))


def rnn(w, x, s):
    """Elman (1990): h = tanh(U h' + W x + b)."""
    return {"h": [math.tanh(w.z("h", k, s["h"], x)) for k in range(H)]}


def rnn_relu(w, x, s):
    """Le, Jaitly & Hinton (2015): h = max(0, U h' + W x + b)."""
    return {"h": [max(0.0, w.z("h", k, s["h"], x)) for k in range(H)]}


def lstm(w, x, s):
    """Gers, Schmidhuber & Cummins (2000): an input, a forget and an output gate."""
    new = {"h": [], "c": []}
    for k in range(H):
        i, f, o = (sigma(w.z(gate, k, s["h"], x)) for gate in "ifo")
        c = f * s["c"][k] + i * math.tanh(w.z("g", k, s["h"], x))
        new["c"].append(c)
        new["h"].append(o * math.tanh(c))
    return new


def lstm_layer_norm(w, x, s):
    """Ba, Kiros & Hinton (2016), eq. 20 to 22, the two products normalised as one."""

    def normalised(z, gain, shift):
        mean = sum(z) / H
        std = math.sqrt(sum((value - mean) ** 2 for value in z) / H + 1e-5)
        return [gain[k] * (z[k] - mean) / std + shift[k] for k in range(H)]

    gain, shift = w.vectors["gain"], w.vectors["shift"]
    z = {
        gate: normalised([w.z(gate, k, s["h"], x) for k in range(H)], gain[n], shift[n])
        for n, gate in enumerate("ifog")
    }
    c = [sigma(z["f"][k]) * s["c"][k] + sigma(z["i"][k]) * math.tanh(z["g"][k]) for k in range(H)]
    seen = normalised(c, w.vectors["gain_c"], w.vectors["shift_c"])
    return {"h": [sigma(z["o"][k]) * math.tanh(seen[k]) for k in range(H)], "c": c}


def lstm1997(w, x, s):
    """Hochreiter & Schmidhuber (1997): c is connected to itself with a weight of 1."""
    new = {"h": [], "c": []}
    for k in range(H):
        i, o = (sigma(w.z(gate, k, s["h"], x)) for gate in "io")
        c = s["c"][k] + i * math.tanh(w.z("g", k, s["h"], x))
        new["c"].append(c)
        new["h"].append(o * math.tanh(c))
    return new


def odyssey(w, x, s, *, i=None, f=None, o=None, g=math.tanh, squash=math.tanh, coupled=False):
    """Greff et al. (2017): the vanilla LSTM with peepholes; a gate that is given is not computed."""
    new = {"h": [], "c": []}
    for k in range(H):
        before = s["c"][k]
        block_input = g(w.z("g", k, s["h"], x))
        taken_in = i or sigma(w.z("i", k, s["h"], x) + w.peeps("i", k, before))
        if coupled:
            kept = 1 - taken_in
        else:
            kept = f or sigma(w.z("f", k, s["h"], x) + w.peeps("f", k, before))
        c = block_input * taken_in + before * kept
        given_out = o or sigma(w.z("o", k, s["h"], x) + w.peeps("o", k, c))
        new["c"].append(c)
        new["h"].append(squash(c) * given_out)
    return new


def fgr(w, x, s):
    """Greff et al. (2017), FGR: i, f and o read the i, f and o of the step before, too."""
    fed_back = [*s["h"], *s["i"], *s["f"], *s["o"]]
    new = {"h": [], "c": [], "i": [], "f": [], "o": []}

    def z(gate, k):
        return w.takes(gate, k, x) + sum(
            w.U[gate][k][j] * value for j, value in enumerate(fed_back)
        )

    for k in range(H):
        block_input = math.tanh(w.reads("g", k, s["h"]) + w.takes("g", k, x))
        i = sigma(z("i", k) + w.p["i"][k] * s["c"][k])
        f = sigma(z("f", k) + w.p["f"][k] * s["c"][k])
        c = block_input * i + s["c"][k] * f
        o = sigma(z("o", k) + w.p["o"][k] * c)
        for name, value in {"h": math.tanh(c) * o, "c": c, "i": i, "f": f, "o": o}.items():
            new[name].append(value)
    return new


def gru_after(w, x, s):
    """Cho et al. (2014), the reset as in cuDNN: on U h' + b, which is the gate m."""
    h = []
    for k in range(H):
        r, z = (sigma(w.z(gate, k, s["h"], x)) for gate in "rz")
        recurrent = w.reads("m", k, s["h"]) + w.b["m"][k]
        n = math.tanh(w.takes("n", k, x) + r * recurrent)
        h.append((1 - z) * n + z * s["h"][k])
    return {"h": h}


def gru_before(w, x, s):
    """Cho et al. (2014), eq. 5 to 8: the reset on h' itself, unit by unit."""
    before = s["h"]
    reset = [sigma(w.z("r", k, before, x)) * before[k] for k in range(H)]
    h = []
    for k in range(H):
        z = sigma(w.z("z", k, before, x))
        h.append(z * before[k] + (1 - z) * math.tanh(w.z("n", k, reset, x)))
    return {"h": h}


def mgu(w, x, s):
    """Zhou et al. (2016), eq. 7: one gate forgets and updates."""
    before = s["h"]
    f = [sigma(w.z("f", k, before, x)) for k in range(H)]
    kept = [f[k] * before[k] for k in range(H)]
    return {
        "h": [(1 - f[k]) * before[k] + f[k] * math.tanh(w.z("n", k, kept, x)) for k in range(H)]
    }


def clockwork(w, x, s, *, t, periods):
    """Koutník et al. (2014): a unit is due where its period divides t, and reads no faster ones."""
    size = H // len(periods)
    period = [periods[k // size] for k in range(H)]
    h = []
    for k in range(H):
        if t % period[k]:
            h.append(s["h"][k])
            continue
        slower = [j for j in range(H) if period[j] >= period[k]]
        read = sum(w.U["h"][k][j] * s["h"][j] for j in slower)
        h.append(math.tanh(read + w.takes("h", k, x)))
    return {"h": h}


def depth_gated(w, x, s, *, below):
    """Yao et al. (2015), eq. 8 and 9: the depth gate lets c of the layer below in."""
    new, p, q = {"h": [], "c": []}, w.vectors["p_d"], w.vectors["q_d"]
    for k in range(H):
        i, f, o = (sigma(w.z(gate, k, s["h"], x)) for gate in "ifo")
        d = sigma(w.takes("d", k, x) + p[k] * s["c"][k] + q[k] * below[k])
        c = d * below[k] + f * s["c"][k] + i * math.tanh(w.z("g", k, s["h"], x))
        new["c"].append(c)
        new["h"].append(o * math.tanh(c))
    return new


def esn(w, x, s, *, leak):
    """Jaeger et al. (2007), eq. 3, gain 1: leaky integration."""
    return {
        "h": [(1 - leak) * s["h"][k] + leak * math.tanh(w.z("h", k, s["h"], x)) for k in range(H)]
    }


def identity(x):
    return x


CASES = [
    ("rnn", {}, rnn, {}),
    ("rnn", {"activation": "relu"}, rnn_relu, {}),
    ("lstm", {}, lstm, {}),
    ("lstm", {"layer_norm": True}, lstm_layer_norm, {}),
    ("lstm1997", {}, lstm1997, {}),
    *(("peephole", {"peepholes": p}, odyssey, {}) for p in ("ifo", "if", "io", "fo", *"ifo", "")),
    *(("coupled", {"peepholes": p}, odyssey, {"coupled": True}) for p in ("", "io", "i", "o")),
    ("nig", {}, odyssey, {"i": 1.0}),
    ("nfg", {}, odyssey, {"f": 1.0}),
    ("nog", {}, odyssey, {"o": 1.0}),
    ("niaf", {}, odyssey, {"g": identity}),
    ("noaf", {}, odyssey, {"squash": identity}),
    ("fgr", {}, fgr, {}),
    ("gru", {"reset": "after"}, gru_after, {}),
    ("gru", {"reset": "before"}, gru_before, {}),
    ("mgu", {}, mgu, {}),
    ("clockwork", {"periods": (1, 2)}, clockwork, {"periods": (1, 2)}),
    ("clockwork", {"periods": (2, 3, 5)}, clockwork, {"periods": (2, 3, 5)}),
    ("depth-gated", {}, depth_gated, {}),
    ("esn", {}, esn, {"leak": 1.0}),
    ("esn", {"leak": 0.3}, esn, {"leak": 0.3}),
]


def test_every_cell_has_a_reference():
    """A cell is written twice: fast in the engine, and as its paper has it, here."""
    assert {cell for cell, *_ in CASES} == set(CELLS.names())


@pytest.mark.parametrize("start", [0, 3])
@pytest.mark.parametrize(
    ("cell", "options", "reference", "given"),
    [
        pytest.param(*case, id=" ".join([case[0], *(f"{k}={v}" for k, v in case[1].items())]))
        for case in CASES
    ],
)
def test_fast_path_against_the_paper(cell, options, reference, given, start):
    """Every output and every last state is that of the paper's loops, number by number."""
    rng = np.random.default_rng(2)
    layer, p, _ = layer_of(cell, D, H, **options)
    p.A[...] = rng.standard_normal(p.A.shape) * (1 if layer.mask is None else layer.mask)
    for name in layer.cell.vectors(H):
        getattr(p, name)[...] = rng.standard_normal(getattr(p, name).shape)
    x = rng.standard_normal((T, D, B))
    initial = {s: rng.standard_normal((H, B)) for s in layer.cell.states}
    below = {s: rng.standard_normal((T, H, B)) for s in layer.cell.below}
    fast = layer.forward(p, x, initial, below=below, start=start)
    w = Weights(layer, p)
    for b in range(B):
        states = {s: value[:, b].tolist() for s, value in initial.items()}
        for t in range(T):
            told = dict(given)
            if "periods" in given:
                told["t"] = start + t
            if below:
                told["below"] = below["c"][t, :, b].tolist()
            states = reference(w, x[t, :, b].tolist(), states, **told)
            np.testing.assert_allclose(fast[t, :, b], states["h"], rtol=1e-12, atol=1e-14)
        for s, value in layer.last_states().items():
            np.testing.assert_allclose(value[:, b], states[s], rtol=1e-12, atol=1e-14, err_msg=s)
