"""Optimisers: what holds for each of them, and each against its paper."""

import math
from dataclasses import replace

import numpy as np
import pytest
from toy_task import CONFIG, make_network, make_task, train

from lstmfin.config import TrainConfig
from lstmfin.engine.losses.mse import MeanSquared
from lstmfin.engine.optimiser import OPTIMISER_OPTIONS, make_optimiser, options_of
from lstmfin.errors import UsageError
from lstmfin.registry import OPTIMISERS

NAMES = OPTIMISERS.names()
RATES = {"sgd": 0.3}


def slow_sgd(ahead, gradients, *, rate, decay, momentum=0.9):
    """Sutskever et al. (2013), eq. 3 and 4; returned is the point looked ahead to."""
    v, w = 0.0, ahead
    for g in gradients:
        v = momentum * v - rate * g
        w = w + v
        ahead = w + momentum * v
    return ahead


def slow_rmsprop(w, gradients, *, rate, decay, rho=0.99, epsilon=1e-8):
    """Tieleman & Hinton (2012), lecture 6e, slide 29."""
    v = 0.0
    for g in gradients:
        v = rho * v + (1 - rho) * g * g
        w = w - rate * g / (math.sqrt(v) + epsilon)
    return w


def slow_adam(w, gradients, *, rate, decay, b1=0.9, b2=0.999, epsilon=1e-8):
    """Kingma & Ba (2015), algorithm 1, and Loshchilov & Hutter (2019), algorithm 2: one weight."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        w = w - rate * decay * w
        w = w - rate * m_hat / (math.sqrt(v_hat) + epsilon)
    return w


def slow_schedule_free(w, gradients, *, rate, decay, b1=0.9, b2=0.999, epsilon=1e-8):
    """Defazio et al. (2024), algorithm 1, at a constant rate: x is then the mean of all z."""
    y = z = w
    v, zs = 0.0, []
    for t, g in enumerate(gradients, start=1):
        v = b2 * v + (1 - b2) * g * g
        z = z - rate * g / (math.sqrt(v / (1 - b2**t)) + epsilon) - rate * decay * y
        zs.append(z)
        y = (1 - b1) * z + b1 * sum(zs) / len(zs)
    return y


SLOW = {
    "sgd": slow_sgd,
    "rmsprop": slow_rmsprop,
    "adam": slow_adam,
    "adamw": slow_adam,
    "schedule-free": slow_schedule_free,
}


@pytest.mark.parametrize("name", NAMES)
def test_each_against_its_paper(name):
    """Each weight moves as the paper says, and decays where that is asked for."""
    rng = np.random.default_rng(0)
    weights, gradients = rng.normal(size=6), rng.normal(size=(30, 6)) * np.geomspace(1e-6, 1e2, 6)
    decayed, moved = np.array([1.0, 0, 1, 0, 1, 0]), weights.copy()
    decay = 0.3 if "weight_decay" in options_of(name) else None
    optimiser = make_optimiser(TrainConfig(optimiser=name, weight_decay=decay), moved, decayed)
    for gradient in gradients:
        optimiser.step(gradient, 0.1)
    for k in range(6):
        expected = SLOW[name](
            weights[k], gradients[:, k], rate=0.1, decay=(decay or 0) * decayed[k]
        )
        assert moved[k] == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_what_to_predict_with(name):
    """At first the weights as they are; then the same, or the mean of all z where they are averaged."""
    weights, gradients = np.array([1.0]), np.random.default_rng(0).normal(size=5)
    optimiser = make_optimiser(TrainConfig(optimiser=name), weights, np.zeros(1))
    assert optimiser.answer() == 1
    for t in range(5):
        optimiser.step(gradients[t : t + 1], 0.1)
    expected = weights.item()
    if name == "schedule-free":
        v, z, zs = 0.0, 1.0, []
        for t, g in enumerate(gradients, start=1):
            v = 0.999 * v + 0.001 * g * g
            z -= 0.1 * g / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
            zs.append(z)
        expected = np.mean(zs)
        assert expected != weights.item()
    assert optimiser.answer().item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_each_keeps_single_precision(name):
    """Weights of float32 are changed in place, and so is all that is remembered."""
    weights = np.ones(3, np.float32)
    optimiser = make_optimiser(TrainConfig(optimiser=name), weights, np.ones(3, np.float32))
    for _ in range(3):
        optimiser.step(np.array([1, 0, -1], np.float32), 0.5)
    assert optimiser.weights is weights
    assert weights[0] < 1 < weights[2]
    assert optimiser.vectors
    for name in optimiser.vectors:
        assert getattr(optimiser, name).dtype == np.float32
    assert optimiser.answer().dtype == np.float32


@pytest.mark.parametrize("name", NAMES)
def test_reset_forgets_all(name):
    """After a reset the weights move as those of a new optimiser do."""
    rng = np.random.default_rng(1)
    used, new = np.ones(4), np.ones(4)
    config = TrainConfig(optimiser=name)
    one, other = (make_optimiser(config, w, np.ones(4)) for w in (used, new))
    for gradient in rng.normal(size=(5, 4)):
        one.step(gradient, 0.1)
    one.reset()
    used[:] = 1
    for gradient in rng.normal(size=(5, 4)):
        one.step(gradient, 0.1)
        other.step(gradient, 0.1)
    np.testing.assert_array_equal(used, new)
    np.testing.assert_array_equal(one.answer(), other.answer())


@pytest.mark.parametrize("name", NAMES)
def test_each_learns_what_can_be_learned(name):
    """Where the past tells the target, most of the loss goes away."""
    rate = RATES.get(name, CONFIG.learning_rate)
    config = replace(CONFIG, epochs=40, optimiser=name, learning_rate=rate, weight_decay=None)
    history = train(make_network(), MeanSquared(), config, training=make_task(256, 1))
    assert history.validation_loss[0] == pytest.approx(0.5, abs=0.2)
    assert min(history.validation_loss) < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_a_step_at_a_rate_of_zero_moves_nothing(name):
    """A warm-up that begins at zero leaves the weights where they are."""
    weights = np.array([1.0, -2.0])
    optimiser = make_optimiser(TrainConfig(optimiser=name), weights, np.ones(2))
    optimiser.step(np.array([3.0, 4.0]), 0.0)
    np.testing.assert_array_equal(weights, [1, -2])
    np.testing.assert_array_equal(optimiser.answer(), [1, -2])


def test_schedule_free_needs_no_end():
    """Cut off in the middle, the average predicts better than the last weights of AdamW."""
    config = replace(CONFIG, epochs=12, learning_rate=0.05, weight_decay=None)
    training, last = make_task(128, 1, noise=1.0), {}
    for name in ("adamw", "schedule-free"):
        runs = [
            train(
                make_network(seed=seed),
                MeanSquared(),
                replace(config, optimiser=name),
                training=training,
                seed=seed,
            )
            for seed in range(4)
        ]
        last[name] = np.mean([run.validation_loss[-1] for run in runs])
    assert last["schedule-free"] < last["adamw"]


@pytest.mark.parametrize("option", OPTIMISER_OPTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_options_go_to_those_that_take_them(name, option):
    """An option reaches the optimiser that takes it, and is refused for any other by name."""
    config = TrainConfig(optimiser=name, **{option: 0.25})
    if option in options_of(name):
        rng = np.random.default_rng(2)
        moved = []
        for one in (config, TrainConfig(optimiser=name)):
            weights = np.ones(3)
            optimiser = make_optimiser(one, weights, np.ones(3))
            for gradient in rng.normal(size=(2, 3)) * 0 + 1:
                optimiser.step(gradient, 0.1)
            moved.append(weights)
        assert (moved[0] != moved[1]).all()
        return
    with pytest.raises(UsageError) as caught:
        make_optimiser(config, np.ones(3), np.ones(3))
    flag = f"--{option.replace('_', '-')}"
    assert f"{flag} is nothing to the optimiser '{name}'; it is for --optimiser" in str(
        caught.value
    )
    assert ("--l2" in str(caught.value)) == (option == "weight_decay")
