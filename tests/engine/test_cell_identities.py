"""Cells that must agree with one another, or stand still, when some of their parts are shut."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmfin.engine.params import Params
from lstmfin.engine.probe import variant_id, variants_of
from lstmfin.engine.recurrent import Recurrent
from lstmfin.registry import CELLS

T, D, H, B = 5, 3, 6, 2
SHUT, OPEN = -1000.0, 1000.0


class Layer:
    """A layer of a cell with random weights, which are zero where the equations have none."""

    def __init__(self, cell, *, seed=0, **options):
        self.layer = Recurrent(CELLS.get(cell)(**options), D, H)
        self.weights = Params({f"own.{k}": s for k, s in self.layer.shapes().items()}, np.float64)
        self.weights.flat[:] = 0.6 * np.random.default_rng(seed).standard_normal(
            self.weights.flat.size
        )
        self.p = self.bound(self.weights)
        if self.layer.mask is not None:
            self.p.A *= self.layer.mask

    def bound(self, params):
        return self.layer.bind(params.owned_by("own"))

    def rows(self, gate):
        at = self.layer.cell.gates.index(gate)
        return slice(at * H, (at + 1) * H)

    def take(self, other, gates):
        """Copy the rows of gates whose inputs are the same, and the peepholes both have."""
        for gate in gates:
            self.p.A[self.rows(gate)] = other.p.A[other.rows(gate)]
            if hasattr(self.p, f"p_{gate}") and hasattr(other.p, f"p_{gate}"):
                getattr(self.p, f"p_{gate}")[...] = getattr(other.p, f"p_{gate}")

    def fix(self, gate, bias):
        """Make a gate say what its bias says and nothing else."""
        self.p.A[self.rows(gate)] = 0
        self.p.b[self.rows(gate)] = bias
        if hasattr(self.p, f"p_{gate}"):
            getattr(self.p, f"p_{gate}")[...] = 0

    def run(self, x, initial=None, **options):
        """Return copies of all states after each step."""
        self.layer.forward(self.p, x, initial, **options)
        return {name: state.copy() for name, state in self.layer.states().items()}

    def dx(self, dh):
        grads = self.bound(self.weights.like())
        return self.layer.backward(self.p, grads, {"h": dh}).x.copy()


def _inputs(seed=1, steps=T, states=("h", "c")):
    rng = np.random.default_rng(seed)
    x, dh = rng.standard_normal((steps, D, B)), rng.standard_normal((steps, H, B))
    return x, {s: rng.uniform(-0.9, 0.9, (H, B)) for s in states}, dh


def _assert_same_cell(one, other, *, rtol=1e-12, **options):
    """Outputs, cell states and the gradients of the inputs are the same."""
    x, initial, dh = _inputs()
    more = {s: np.zeros((H, B)) for s in one.layer.cell.states if s not in initial}
    a, b = one.run(x, initial | more, **options), other.run(x, initial)
    for name in initial:
        np.testing.assert_allclose(a[name], b[name], rtol=rtol, atol=1e-14)
    np.testing.assert_allclose(one.dx(dh), other.dx(dh), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("cell", ["lstm1997", "nfg"])
def test_the_carousel_keeps_the_state_to_the_bit(cell):
    """With the input gate shut c is the c before, however long; its gradient is as exact."""
    one = Layer(cell)
    one.fix("i", SHUT)
    one.fix("o", SHUT)
    x, initial, _ = _inputs(steps=200)
    states = one.run(x, initial)
    assert (states["c"] == initial["c"]).all()
    assert not states["h"].any()
    dlast = {"c": np.random.default_rng(4).standard_normal((H, B))}
    grads = one.layer.backward(one.p, one.bound(one.weights.like()), {}, dlast=dlast)
    np.testing.assert_array_equal(grads.initial["c"], dlast["c"])
    assert not grads.x.any()


@pytest.mark.parametrize("cell", ["lstm", "peephole", "depth-gated", "coupled", "fgr"])
def test_an_open_forget_gate_keeps_and_a_shut_one_drops(cell):
    """f = 1 and i = 0 keep c to the bit; what comes before f = 0 leaves no trace."""
    keeping = Layer(cell)
    gates = set("if") & set(keeping.layer.cell.gates)
    for gate in gates:
        keeping.fix(gate, OPEN if gate == "f" else SHUT)
    if "d" in keeping.layer.cell.gates:
        keeping.fix("d", SHUT)
    names = keeping.layer.cell.states
    x, initial, _ = _inputs(states=names)
    assert (keeping.run(x, initial)["c"] == initial["c"]).all()
    dropping = Layer(cell)
    dropping.fix("f" if "f" in gates else "i", SHUT if "f" in gates else OPEN)
    dropping.p.U[...] = 0
    for gate in "ifd":
        if hasattr(dropping.p, f"p_{gate}"):
            getattr(dropping.p, f"p_{gate}")[...] = 0
    other = {s: -3 * state for s, state in initial.items()}
    np.testing.assert_array_equal(dropping.run(x, initial)["c"], dropping.run(x, other)["c"])


@pytest.mark.parametrize("start", [0, 1, 5])
def test_a_clockwork_group_holds_between_its_ticks(start):
    """A group changes at steps that its period divides and keeps every bit at the others."""
    one = Layer("clockwork", periods=(1, 2, 3))
    x, initial, _ = _inputs(steps=12, states=("h",))
    h = one.run(x, initial, start=start)["h"]
    before = np.concatenate([initial["h"][None], h[:-1]])
    for group, period in enumerate((1, 2, 3)):
        rows = slice(2 * group, 2 * group + 2)
        for t in range(12):
            changed = h[t, rows] != before[t, rows]
            assert changed.all() if (start + t) % period == 0 else not changed.any()


def test_a_slow_clockwork_group_does_not_hear_the_fast_ones():
    """The first state of a group is heard in groups of its own and of shorter periods only."""
    one = Layer("clockwork", periods=(1, 2, 4))
    x, initial, _ = _inputs(steps=9, states=("h",))
    h = one.run(x, initial)["h"]
    for group in range(3):
        rows = slice(2 * group, 2 * group + 2)
        moved = {"h": initial["h"].copy()}
        moved["h"][rows] += 1
        changed = one.run(x, moved)["h"] != h
        assert not changed[:, rows.stop :].any()
        assert changed[0, rows].all()
        if group:
            assert changed[0, : rows.start].all()


def test_a_clockwork_of_one_period_is_the_simple_network():
    """With the period 1 alone all units tick at each step."""
    clockwork, rnn = Layer("clockwork", periods=(1,)), Layer("rnn", seed=5)
    rnn.take(clockwork, "h")
    x, initial, dh = _inputs(states=("h",))
    a, b = clockwork.run(x, initial), rnn.run(x, initial)
    np.testing.assert_array_equal(a["h"], b["h"])
    np.testing.assert_allclose(clockwork.dx(dh), rnn.dx(dh), rtol=1e-12, atol=1e-14)


def test_an_echo_state_without_leak_is_the_simple_network():
    """a = 1 renews a state whole; the equations are those of the simple network."""
    esn, rnn = Layer("esn", leak=1.0), Layer("rnn", seed=5)
    rnn.take(esn, "h")
    x, initial, dh = _inputs(states=("h",))
    np.testing.assert_allclose(esn.run(x, initial)["h"], rnn.run(x, initial)["h"], rtol=1e-12)
    np.testing.assert_allclose(esn.dx(dh), rnn.dx(dh), rtol=1e-10, atol=1e-13)


def test_a_coupled_gate_is_an_lstm_with_its_weights_tied():
    """1 - σ(z) = σ(-z): an LSTM whose f has the weights of i turned round is the coupled one."""
    coupled, lstm = Layer("coupled"), Layer("lstm", seed=5)
    lstm.take(coupled, "iog")
    lstm.p.A[lstm.rows("f")] = -coupled.p.A[coupled.rows("i")]
    _assert_same_cell(coupled, lstm)


def test_a_peephole_lstm_without_peepholes_is_the_lstm():
    """No gate that sees the state leaves the plain equations."""
    none, lstm = Layer("peephole", peepholes=""), Layer("lstm", seed=5)
    assert none.weights.shapes == lstm.weights.shapes
    lstm.take(none, "ifog")
    _assert_same_cell(none, lstm)


@pytest.mark.parametrize("letters", ["i", "f", "o", "if", "io", "fo"])
def test_a_closed_peephole_is_none(letters):
    """A peephole of weight 0 sees as much as one that is not there; the letters' order is free."""
    full, part = Layer("peephole"), Layer("peephole", seed=5, peepholes=letters[::-1])
    assert part.layer.cell.peepholes == letters
    part.take(full, "ifog")
    for gate in set("ifo") - set(letters):
        getattr(full.p, f"p_{gate}")[...] = 0
    _assert_same_cell(full, part)


def test_full_gate_recurrence_without_it_is_the_peephole_lstm():
    """With zeros where gates are fed back, the gates of the step before are not heard."""
    fgr, peephole = Layer("fgr"), Layer("peephole", seed=5)
    fgr.p.A[:, H : 4 * H] = 0
    peephole.p.U[...], peephole.p.W[...] = fgr.p.U[:, :H], fgr.p.W
    peephole.p.b[...] = fgr.p.b
    for gate in "ifo":
        getattr(peephole.p, f"p_{gate}")[...] = getattr(fgr.p, f"p_{gate}")
    _assert_same_cell(fgr, peephole)


def test_a_shut_depth_gate_leaves_an_lstm():
    """With d = 0 the layer below is read through its output alone."""
    deep, lstm = Layer("depth-gated"), Layer("lstm", seed=5)
    deep.fix("d", SHUT)
    deep.p.q_d[...] = 0
    lstm.take(deep, "ifog")
    below = {"c": np.random.default_rng(7).standard_normal((T, H, B))}
    _assert_same_cell(deep, lstm, below=below)


def test_the_lowest_depth_gated_layer_is_an_lstm():
    """Where there is no layer below, the depth gate lets nothing in, wherever it stands."""
    deep, lstm = Layer("depth-gated"), Layer("lstm", seed=5)
    lstm.take(deep, "ifog")
    _assert_same_cell(deep, lstm)


@pytest.mark.parametrize(("cell", "gate"), [("nig", "i"), ("nfg", "f"), ("nog", "o")])
def test_a_gate_taken_away_is_one_that_stands_open(cell, gate):
    """Without a gate the vanilla LSTM is as with that gate at 1."""
    less, full = Layer(cell), Layer("peephole", seed=5)
    assert sorted(less.layer.cell.gates + gate) == sorted("ifog")
    full.take(less, less.layer.cell.gates)
    full.fix(gate, OPEN)
    _assert_same_cell(less, full)


@pytest.mark.parametrize("cell", ["niaf", "noaf"])
def test_a_squashing_taken_away_shows_only_where_it_bends(cell):
    """Near zero tanh is the identity: without it small states are the same, large ones not."""
    less, full = Layer(cell), Layer("peephole", seed=5)
    full.take(less, "ifog")
    for one in (less, full):
        one.p.A[one.rows("g")] *= 1e-5
        one.p.U[...] = 0
    x, _, _ = _inputs()
    a, b = less.run(x), full.run(x)
    np.testing.assert_allclose(a["h"], b["h"], rtol=1e-7)
    for one in (less, full):
        one.p.A[one.rows("g")] *= 1e5
    assert np.abs(less.run(x)["h"] - full.run(x)["h"]).max() > 0.01


@pytest.mark.parametrize(("cell", "options"), [
    ("gru", {}), ("gru", {"reset": "before"}), ("mgu", {}), ("esn", {"leak": 0.4}),
    ("clockwork", {}), ("rnn", {}),
])  # fmt: skip
@given(seed=st.integers(0, 2**31), size=st.sampled_from([0.1, 1.0, 30.0]))
@settings(max_examples=15, deadline=None)
def test_states_that_interpolate_stay_between_their_ends(cell, options, seed, size):
    """A state that is a mean of the last one and of a tanh never leaves what both span."""
    one = Layer(cell, seed=seed, **options)
    one.weights.flat[:] *= size
    x, _, _ = _inputs(seed, states=("h",))
    start = {"h": np.random.default_rng(seed).uniform(-3, 3, (H, B))}
    h = one.run(x, start)["h"]
    before = np.concatenate([start["h"][None], h[:-1]])
    assert (h <= np.maximum(before, 1) + 1e-12).all()
    assert (h >= np.minimum(before, -1) - 1e-12).all()


@given(seed=st.integers(0, 2**31), size=st.sampled_from([0.1, 1.0, 30.0]))
@settings(max_examples=15, deadline=None)
def test_outputs_of_squashed_memories_are_below_one(seed, size):
    """h = o tanh(c) lies within ±1, and a relu network is never below zero."""
    for cell, options in (("lstm", {}), ("lstm", {"layer_norm": True}), ("peephole", {})):
        one = Layer(cell, seed=seed, **options)
        one.weights.flat[:] *= size
        assert np.abs(one.run(_inputs(seed)[0])["h"]).max() <= 1
    relu = Layer("rnn", seed=seed, activation="relu")
    assert relu.run(_inputs(seed)[0])["h"].min() >= 0


@pytest.mark.parametrize(("cell", "options", "gate", "kept"), [
    ("gru", {}, "z", OPEN), ("gru", {"reset": "before"}, "z", OPEN), ("mgu", {}, "f", SHUT),
])  # fmt: skip
def test_a_saturated_update_gate_holds_or_replaces(cell, options, gate, kept):
    """At one end the state stays, at the other nothing is left of the last one but through U."""
    one = Layer(cell, **options)
    x, initial, _ = _inputs(states=("h",))
    one.fix(gate, kept)
    np.testing.assert_allclose(one.run(x, initial)["h"] - initial["h"], 0, atol=1e-14)
    one.fix(gate, -kept)
    one.p.U[...] = 0
    other = {"h": -initial["h"]}
    np.testing.assert_allclose(one.run(x, initial)["h"], one.run(x, other)["h"], atol=1e-14)


def test_a_reset_gate_that_is_open_is_none():
    """With r = 1 and no bias of its own, before and after the product are the same."""
    after, before = Layer("gru"), Layer("gru", seed=5, reset="before")
    for one in (after, before):
        one.fix("r", OPEN)
    before.take(after, "z")
    after.p.b[after.rows("m")] = 0
    before.p.U[before.rows("n")] = after.p.U[after.rows("m")]
    before.p.W[before.rows("n")] = after.p.W[after.rows("n")]
    before.p.b[before.rows("n")] = after.p.b[after.rows("n")]
    x, initial, dh = _inputs(states=("h",))
    np.testing.assert_allclose(after.run(x, initial)["h"], before.run(x, initial)["h"], rtol=1e-12)
    np.testing.assert_allclose(after.dx(dh), before.dx(dh), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("factor", [3.0, 1e3, 1e6])
def test_layer_norm_does_not_see_the_scale_of_its_gates(factor):
    """Weights times a number give the same states once the variance hides the epsilon."""
    one = Layer("lstm", layer_norm=True)
    one.p.A[...] *= 1e3
    x, initial, _ = _inputs()
    expected = one.run(x, initial)
    one.p.A[...] *= factor
    for name, state in one.run(x, initial).items():
        np.testing.assert_allclose(state, expected[name], rtol=1e-6, atol=1e-9)


def test_layer_norm_does_not_see_what_all_units_share():
    """The same weights added to every unit of a gate move its mean alone, which is taken off."""
    one = Layer("lstm", layer_norm=True)
    x, initial, _ = _inputs()
    expected = one.run(x, initial)
    for gate in "ifog":
        one.p.A[one.rows(gate), :-1] += np.random.default_rng(8).standard_normal(H + D)
    for name, state in one.run(x, initial).items():
        np.testing.assert_allclose(state, expected[name], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(
    "variant", [v for c in CELLS.names() for v in variants_of(c)], ids=variant_id
)
def test_permuted_samples_are_permuted_states(variant):
    """The order of the samples of a batch is kept, whatever the cell keeps between steps."""
    name, options = variant
    one = Layer(name, **options)
    x, initial, _ = _inputs(states=one.layer.cell.states)
    states = one.run(x, initial)
    turned = one.run(x[..., ::-1], {s: value[:, ::-1] for s, value in initial.items()})
    for s, state in states.items():
        np.testing.assert_allclose(turned[s][..., ::-1], state, rtol=1e-12, atol=1e-14)
