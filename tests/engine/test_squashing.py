"""Squashing functions, their slopes, differences, and the layer under test."""

import numpy as np
import pytest
from scipy.special import expit

from lstmfin.engine import cell
from lstmfin.engine.cell import SMALL, sigmoid, sigmoid_slope, tanh, tanh_slope
from lstmfin.engine.gradcheck import EPSILON, STEP, Check, check_gradients
from lstmfin.engine.probe import B, H, Probe, T, variant_id, variants_of
from lstmfin.registry import CELLS


def _points(dtype, size):
    ends = [-np.inf, -1e4, -800, -89, -88, -20, -1e-3, -0.0, 0, 1e-8, 1, 9, 20, 89, 800, np.inf]
    spread = np.linspace(-30, 30, size - len(ends))
    return np.concatenate([ends, spread]).astype(dtype)


@pytest.mark.parametrize("size", [SMALL - 1, SMALL, SMALL + 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("vector_tanh", [True, False])
def test_squashing_against_numpy_and_scipy(monkeypatch, vector_tanh, dtype, size):
    """Both functions are right to a few units in the last place of 1, from end to end.

    By NumPy's tanh, and as on machines where that is slow.
    """
    monkeypatch.setattr(cell, "HAS_AVX512", vector_tanh)
    x, eps = _points(dtype, size), np.finfo(dtype).eps
    exact = x.astype(np.float64)
    with np.errstate(over="ignore"):
        y, h = x.copy(), np.empty_like(x)
        sigmoid(y)
        tanh(x, out=h)
        own = x.copy()
        tanh(own, out=own)
    np.testing.assert_array_equal(own, h)
    assert y.dtype == h.dtype == dtype
    np.testing.assert_allclose(y, expit(exact), rtol=0, atol=2 * eps)
    np.testing.assert_allclose(h, np.tanh(exact), rtol=0, atol=4 * eps)
    assert (y[0], y[15], h[0], h[15]) == (0, 1, -1, 1)
    assert np.abs(h).max() == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_slopes_are_derivatives_at_the_value(dtype):
    """σ' = σ (1 - σ) and tanh' = 1 - tanh²; both are 0 at the ends, and write to neither input."""
    x = np.linspace(-6, 6, 241)
    for ours, value, slope in (
        (sigmoid_slope, expit(x), expit(x) * expit(-x)),
        (tanh_slope, np.tanh(x), np.cosh(x) ** -2.0),
    ):
        y = value.astype(dtype)
        kept = y.copy()
        got = ours(y)
        assert got.dtype == dtype
        np.testing.assert_array_equal(y, kept)
        np.testing.assert_allclose(got, slope, atol=4 * np.finfo(dtype).eps)
    assert not sigmoid_slope(np.array([0.0, 1.0])).any()
    assert not tanh_slope(np.array([-1.0, 1.0])).any()


@pytest.mark.parametrize("offset", [1e4, 1e8])
def test_rounding_of_the_scalar_is_no_error(offset):
    """A scalar far from zero loses digits of the difference; that much is forgiven, no more."""
    array = np.array([0.3, -0.7, 1.1])
    rng = np.random.default_rng(0)
    checks = check_gradients(
        lambda: offset + float(array.sum()), {"a": array}, {"a": np.ones(3)}, rng=rng
    )
    for check in checks:
        assert check.noise == pytest.approx(4 * EPSILON * offset / STEP, rel=1e-3)
        assert check.error < 1e-8
    assert Check("a", 1.0, 1.5, noise=0.1).error == pytest.approx(0.4 / 1.5)
    assert Check("a", 1.0, 1.05, noise=0.1).error == 0


def test_masked_entries_do_not_move():
    """Only where the mask is 1 is an array changed; gradients elsewhere do not count."""
    array, seen = np.arange(6.0).reshape(2, 3), []
    mask = np.array([[1, 0, 1], [0, 1, 0]])

    def function():
        seen.append(array.copy())
        return float(np.sum(array**2))

    gradient = np.where(mask, 2 * array, 1e6)
    checks = check_gradients(
        function, {"a": array}, {"a": gradient}, rng=np.random.default_rng(0), n_directions=4,
        masks={"a": mask},
    )  # fmt: skip
    assert len(checks) == 4
    assert len(seen) == 8
    assert max(check.error for check in checks) < 1e-8
    for moved in seen:
        np.testing.assert_array_equal(moved != np.arange(6.0).reshape(2, 3), mask == 1)


@pytest.mark.parametrize(
    "variant", [v for c in CELLS.names() for v in variants_of(c)], ids=variant_id
)
def test_a_probe_leaves_nothing_out(variant):
    """Each array has a gradient of its shape; another seed or shape is another case."""
    probe, again, other = Probe(variant), Probe(variant), Probe(variant, seed=1)
    arrays, gradients = probe.arrays(), probe.gradients()
    assert arrays.keys() == gradients.keys()
    assert all(gradients[name].shape == array.shape for name, array in arrays.items())
    assert probe.scalar() == again.scalar() != other.scalar()
    h, last = probe.forward()
    assert h.shape == (T, H, B)
    assert {s: state.shape for s, state in last.items()} == dict.fromkeys(probe.initial, (H, B))
