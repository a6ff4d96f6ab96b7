"""The penalty on signals that shrink or grow: its value, its gradient, and what it is nothing to."""

import numpy as np
import pytest

from lstmfin.config import TrainConfig
from lstmfin.engine import recurrent
from lstmfin.engine.options import check_network
from lstmfin.engine.probe import Probe, variant_id, variants_of
from lstmfin.engine.remedies import signal_penalty
from lstmfin.errors import UsageError
from lstmfin.registry import CELLS

VARIANTS = [
    variant
    for name in CELLS.names()
    for variant in variants_of(name)
    if not CELLS.get(name)(**variant[1]).late and CELLS.get(name).trained
]


def test_the_formula():
    """Ω = (|v| / |δ| - 1)², and its factor times v is its derivative by v."""
    omega, factor = signal_penalty(np.array([4.0, 1.0, 0.0, 9.0]), np.array([1.0, 9.0, 2.0, 0.0]))
    np.testing.assert_allclose(omega, [0.25, 4.0, 0.0, 0.0])
    np.testing.assert_allclose(factor, [-0.5, 4 / 3, 0.0, 0.0])
    step = 1e-6
    above, below = (
        signal_penalty(np.array([4.0]), np.array([(1 + e) ** 2]))[0] for e in (step, -step)
    )
    assert (above - below).item() / (2 * step) == pytest.approx(factor[0] * 1.0, rel=1e-6)


def _recorded(monkeypatch, probe, strength):
    """Return gradients of U with and without the penalty, its value, and what it saw at each step."""
    seen = []
    original = recurrent.Recurrent._penalise

    def watch(layer, t, arrived, passed_on, given):
        s = layer._used
        seen.append(
            (s.steps[t].dearly.copy(), s.fed_back_gradient.copy(), arrived.copy(), passed_on.copy())
        )
        return original(layer, t, arrived, passed_on, given)

    monkeypatch.setattr(recurrent.Recurrent, "_penalise", watch)
    found = []
    for penalty in (0.0, strength):
        probe.forward()
        grads = probe.weights.like()
        first = probe.layer.cell.states[0]
        d = probe.layer.backward(
            probe.p, probe.bound(grads), {first: probe.dh}, dlast=probe.dlast, penalty=penalty
        )
        found.append((probe.bound(grads).U.copy(), float(d.penalty), grads.flat.copy()))
    return found, seen


@pytest.mark.parametrize("disturbed", [False, True])
@pytest.mark.parametrize("variant", VARIANTS, ids=variant_id)
def test_its_gradient_is_that_of_u_where_it_stands(monkeypatch, variant, disturbed):
    """With signals and activations held fast, differences of Ω by U give what was added to dU."""
    probe, strength = Probe(variant, T=5, B=3), 0.7
    if disturbed:
        probe.disturb()
    found, seen = _recorded(monkeypatch, probe, strength)
    (plain, none, _), (penalised, value, _) = found
    assert none == 0
    assert len(seen) == 5
    mask = 1.0 if probe.noise is None else probe.noise.fed_back
    U, n = probe.p.U[: seen[0][0].shape[0]], 5 * 3

    def omega(U):
        total = 0.0
        for dz, v, arrived, passed_on in seen:
            rest = v - mask * (probe.p.U.T @ dz)
            moved = rest + mask * (U.T @ dz)
            square = passed_on - (v**2).sum(axis=0) + (moved**2).sum(axis=0)
            total += ((np.sqrt(square / arrived) - 1) ** 2).sum()
        return strength * total / n

    assert omega(U) == pytest.approx(value, rel=1e-10)
    rng, step = np.random.default_rng(5), 1e-6
    free = np.ones_like(U) if probe.mask is None else probe.mask[:, : U.shape[1]]
    for _ in range(4):
        direction = rng.standard_normal(U.shape) * free
        numeric = (omega(U + step * direction) - omega(U - step * direction)) / (2 * step)
        analytic = ((penalised - plain) * direction).sum()
        assert analytic == pytest.approx(numeric, rel=1e-6, abs=1e-9)


def test_signals_that_vanish_are_penalised_in_single_precision():
    """Squares of what has all but vanished are not zero: float32 finds what float64 finds."""
    values = []
    for dtype in (np.float32, np.float64):
        probe = Probe(("rnn", {}), T=100, B=2, dtype=dtype)
        probe.weights.flat[:] = 0.2 * np.random.default_rng(0).standard_normal(
            probe.weights.flat.size
        )
        probe.forward()
        grads, zero = probe.weights.like(), {"h": np.zeros_like(probe.dh)}
        dp = probe.bound(grads)
        values.append(
            float(probe.layer.backward(probe.p, dp, zero, dlast=probe.dlast, penalty=1.0).penalty)
        )
    assert values[0] == pytest.approx(values[1], rel=0.35)


def test_only_u_is_moved(monkeypatch):
    """W and the biases get the gradient that they get without it."""
    probe = Probe(("lstm", {}), T=4, B=2)
    found, _ = _recorded(monkeypatch, probe, 3.0)
    R = probe.layer.n_fed_back
    plain, penalised = (flat.reshape(probe.p.A.shape) for _, _, flat in found)
    np.testing.assert_array_equal(plain[:, R:], penalised[:, R:])
    assert (plain[:, :R] != penalised[:, :R]).all()


def test_it_brings_the_norms_to_one():
    """A few steps down the gradient of the penalty alone bring |v| / |δ| nearer to 1."""
    probe = Probe(("rnn", {}), T=8, B=4)
    values = []
    for _ in range(200):
        probe.forward()
        grads = probe.weights.like()
        dp, zero = probe.bound(grads), {"h": np.zeros_like(probe.dh)}
        values.append(
            float(probe.layer.backward(probe.p, dp, zero, dlast=probe.dlast, penalty=1.0).penalty)
        )
        probe.forward()
        plain = probe.weights.like()
        probe.layer.backward(probe.p, probe.bound(plain), zero, dlast=probe.dlast)
        probe.weights.flat -= 0.1 * (grads.flat - plain.flat)
    assert values[-1] < 0.6 * values[0]


@pytest.mark.parametrize("cell", ["mgu", "esn"])
def test_cells_that_it_is_nothing_to_say_so(cell):
    """Where states pass U twice, or U is not trained, the option is refused by name."""
    with pytest.raises(UsageError, match=f"--signal-penalty is nothing to the cell '{cell}'"):
        check_network(TrainConfig(cell=cell, signal_penalty=0.1))
