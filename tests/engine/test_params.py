"""One flat vector and its views."""

import numpy as np
import pytest

from lstmfin.engine.params import Params, orthogonal, uniform

SHAPES = {"layer0.A": (3, 4), "layer0.p": (2, 1), "layer10.A": (2, 2), "head.b": (3,)}


def test_views_and_flat_are_one_memory():
    """What is written to a view stands in ``flat``, and the other way, in the order of the names."""
    params = Params(SHAPES, np.float64)
    assert (list(params), len(params), params.shapes) == (list(SHAPES), 4, SHAPES)
    params.flat[:] = np.arange(params.flat.size)
    np.testing.assert_array_equal(np.concatenate([v.ravel() for v in params.values()]), params.flat)
    params["layer10.A"][1, 0] = -1
    assert params.flat[12 + 2 + 2] == -1
    assert params.flat.size == 12 + 2 + 4 + 3


def test_owners_are_told_apart():
    """An owner gets its own views, by their short names; ``layer1`` is not ``layer10``."""
    params = Params(SHAPES)
    own = params.owned_by("layer0")
    assert set(vars(own)) == {"A", "p"}
    own.p[:] = 5
    assert params.flat[12:14].tolist() == [5, 5]
    assert not vars(params.owned_by("layer1"))


def test_like_is_zero_and_apart():
    """A place for gradients has the same names and shapes, zeros, and memory of its own."""
    params = Params(SHAPES, np.float32)
    params.flat[:] = 1
    like = params.like()
    assert (like.shapes, like.flat.dtype, like.flat.any()) == (SHAPES, np.float32, False)
    assert not np.shares_memory(like.flat, params.flat)


@pytest.mark.parametrize("size", [1, 2, 17])
def test_orthogonal_is_orthogonal(size):
    """Q Q' = I, and both signs of the determinant are drawn."""
    rng = np.random.default_rng(0)
    drawn = [orthogonal(rng, size) for _ in range(20)]
    for q in drawn:
        np.testing.assert_allclose(q @ q.T, np.eye(size), atol=1e-13)
    assert {round(float(np.linalg.det(q))) for q in drawn} == {-1, 1}


def test_orthogonal_is_uniform():
    """Entries have mean 0 and variance 1 / size; without the sign of R they would not."""
    rng = np.random.default_rng(1)
    drawn = np.array([orthogonal(rng, 3) for _ in range(4000)])
    assert np.abs(drawn.mean(axis=0)).max() < 5 * np.sqrt(1 / 3 / 4000)
    np.testing.assert_allclose((drawn**2).mean(axis=0), 1 / 3, atol=0.03)


def test_uniform_bounds():
    """Draws lie within √(6 / (fan in + fan out)), fill it, and have its variance."""
    drawn = uniform(np.random.default_rng(2), (100, 50), 2 / 150)
    bound = np.sqrt(6 / 150)
    assert 0.99 * bound < np.abs(drawn).max() <= bound
    assert drawn.var() == pytest.approx(2 / 150, rel=0.05)
