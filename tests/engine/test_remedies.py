"""Clipping, the L2 penalty and averaged weights."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from toy_task import CONFIG, make_network, make_task, train

from lstmfin.engine.losses.mse import MeanSquared
from lstmfin.engine.remedies import Average, add_l2, clip_by_norm, clip_by_value
from lstmfin.engine.train import mean_loss

VECTORS = arrays(np.float64, st.integers(1, 20), elements=st.floats(-1e6, 1e6))
ONE_STEP = replace(CONFIG, epochs=1, batch=64, optimiser="sgd", weight_decay=None, momentum=0.0)


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


@given(VECTORS, st.floats(1e-3, 1e3))
def test_clipping_by_value_bounds_each_entry(gradient, limit):
    """Entries beyond the limit become the limit; the others are not touched."""
    kept = gradient.copy()
    clip_by_value(gradient, limit)
    assert np.abs(gradient).max() <= limit
    np.testing.assert_array_equal(gradient[np.abs(kept) <= limit], kept[np.abs(kept) <= limit])
    np.testing.assert_array_equal(np.sign(gradient), np.sign(kept))


@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
def test_a_limit_of_zero_does_not_clip(clip):
    """Zero turns a remedy off."""
    gradient = np.array([1e9, -3.0])
    clip(gradient, 0.0)
    np.testing.assert_array_equal(gradient, [1e9, -3])


def test_l2_pulls_weights_but_no_biases():
    """The gradient of ½ λ Σ w² over the weights that decay, and zero changes nothing."""
    gradient = np.ones(3)
    add_l2(gradient, np.array([2.0, -4, 8]), np.array([1.0, 1, 0]), 0.5)
    np.testing.assert_array_equal(gradient, [2, -1, 1])


def _moved(**changes):
    """Return how far each weight goes in one step of plain gradient descent."""
    network = make_network(seed=3)
    first = network.params.flat.copy()
    task = make_task(64, 1)
    train(network, MeanSquared(), replace(ONE_STEP, **changes), training=task, validation=task)
    return network.params.flat - first


def test_each_switch_acts_in_training():
    """One step goes as far as the clipped gradient says, and the penalty is not clipped away."""
    rate, plain = ONE_STEP.learning_rate, _moved(clip_norm=0.0)
    size = np.linalg.norm(plain) / rate
    np.testing.assert_allclose(_moved(clip_norm=size / 4), plain / 4, rtol=1e-9)
    limit = np.abs(plain).max() / rate / 3
    by_value = _moved(clip_norm=0.0, clip_value=limit)
    np.testing.assert_allclose(by_value, np.clip(plain, -rate * limit, rate * limit), rtol=1e-9)
    network = make_network(seed=3)
    pull = -rate * 0.25 * network.params.flat * network.decayed()
    assert np.abs(pull).max() > 1e-3
    with_l2 = _moved(clip_norm=size / 4, l2=0.25)
    np.testing.assert_allclose(with_l2, plain / 4 + pull, rtol=1e-9, atol=1e-15)


def test_the_average_is_that_of_the_formula():
    """At each step it is Σ δ^(t-s) w_s, over the sum of its weights; the first is the weights."""
    rng, decay = np.random.default_rng(0), 0.8
    w = rng.normal(size=(12, 5))
    average = Average(w[0], decay)
    for t in range(12):
        average.update(w[t])
        shares = decay ** np.arange(t, -1, -1)
        expected = shares @ w[: t + 1] / shares.sum()
        np.testing.assert_allclose(average.values, expected, rtol=1e-12)
        assert t > 0 or (average.values == w[0]).all()


def test_what_is_judged_and_kept_is_the_average():
    """With one step an epoch, the weights of the last epoch are the mean of those of each step."""
    steps = []

    class Watched(MeanSquared):
        def gradient(self, outputs, target):
            steps.append(network.params.flat.copy())
            return super().gradient(outputs, target)

    network, task = make_network(), make_task(64, 1)
    config = replace(CONFIG, epochs=6, batch=64, ema=0.7, learning_rate=0.005)
    history = train(network, Watched(), config, training=task, validation=task)
    assert history.best_epoch == 6
    assert mean_loss(network, MeanSquared(), task) == history.validation_loss[6]
    plain = make_network()
    alone = train(plain, MeanSquared(), replace(config, ema=0.0), training=task, validation=task)
    assert alone.train_loss == history.train_loss  # the average does not disturb the training
    after = [*steps[1:], plain.params.flat]
    shares = 0.7 ** np.arange(5, -1, -1)
    expected = shares @ np.array(after) / shares.sum()
    np.testing.assert_allclose(network.params.flat, expected, rtol=1e-10, atol=1e-14)
