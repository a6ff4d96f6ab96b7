"""Adam, clipping and schedules."""

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lstmfin.config import TrainConfig
from lstmfin.engine.optim import SCHEDULES, WARM_UP, Adam, clip_by_norm, cosine

VECTORS = arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e6, 1e6))


def slow_adam(w, gradients, *, rate, decay, b1=0.9, b2=0.999, epsilon=1e-8):
    """Kingma & Ba (2015), algorithm 1, and Loshchilov & Hutter (2019), algorithm 2: one weight."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        w = w - rate(t) * decay * w
        w = w - rate(t) * m_hat / (math.sqrt(v_hat) + epsilon)
    return w


def test_adam_against_the_paper():
    """Each weight moves as the paper says, with a rate that changes, decay where it is asked for."""
    rng = np.random.default_rng(0)
    weights, gradients = rng.normal(size=6), rng.normal(size=(30, 6)) * np.geomspace(1e-6, 1e3, 6)
    decayed = np.array([1.0, 0, 1, 0, 1, 0])
    moved = weights.copy()
    adam = Adam(moved, decayed=decayed, weight_decay=0.3)
    for t, gradient in enumerate(gradients, start=1):
        adam.step(gradient, 0.1 / t)
    for k in range(6):
        expected = slow_adam(
            weights[k], gradients[:, k], rate=lambda t: 0.1 / t, decay=0.3 * decayed[k]
        )
        assert moved[k] == pytest.approx(expected, rel=1e-12)


def test_adam_keeps_single_precision():
    """Weights of float32 stay float32 and are changed in place."""
    weights = np.ones(3, np.float32)
    adam = Adam(weights, decayed=np.ones(3, np.float32), weight_decay=0.1)
    adam.step(np.array([1, 0, -1], np.float32), 0.5)
    assert (adam.m.dtype, adam.v.dtype, weights.dtype) == (np.float32,) * 3
    np.testing.assert_allclose(weights, [0.45, 0.95, 1.45], rtol=1e-6)


@given(VECTORS, st.floats(1e-3, 1e3))
def test_clipping_bounds_the_norm_and_keeps_the_direction(gradient, limit):
    """The norm it had is returned; after it is at most the limit; a short one is not touched."""
    kept = gradient.copy()
    norm = clip_by_norm(gradient, limit)
    assert norm == pytest.approx(float(np.linalg.norm(kept)), rel=1e-9, abs=1e-150)
    if norm <= limit:
        np.testing.assert_array_equal(gradient, kept)
    else:
        assert np.linalg.norm(gradient) == pytest.approx(limit, rel=1e-9)
        np.testing.assert_allclose(gradient * norm, kept * limit, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_stay_within_bounds(name):
    """Shares of the peak lie in [0, 1], reach 1, and never rise after the warm-up."""
    progress = np.linspace(0, 1, 2001)
    shares = np.array([SCHEDULES[name](p) for p in progress])
    assert (shares >= 0).all()
    assert shares.max() == pytest.approx(1, abs=1e-6)
    assert (np.diff(shares[progress >= WARM_UP]) <= 0).all()
    assert (np.diff(shares[progress < WARM_UP]) >= 0).all()


def test_cosine_table():
    """From 0 up to 1 in a twentieth of the run, ½ in the middle of the rest, 0 at the end."""
    table = {0: 0.0, 0.025: 0.5, 0.05: 1.0, 0.525: 0.5, 1: 0.0}
    for progress, share in table.items():
        assert cosine(progress) == pytest.approx(share, abs=1e-12)


def test_every_schedule_can_be_chosen():
    """The choices of the configuration are the schedules there are."""
    spec = next(spec for spec in fields(TrainConfig) if spec.name == "schedule")
    assert set(spec.metadata["choices"]) == set(SCHEDULES)
