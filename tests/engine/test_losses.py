"""What every loss of the registry holds to, and the values of each."""

import numpy as np
import pytest
from scipy import stats

from lstmfin.engine.losses import huber, student_t
from lstmfin.registry import LOSSES

HORIZONS, BATCH = 2, 6


def _ordinary(loss, rng):
    return rng.normal(size=(loss.n_parameters, HORIZONS, BATCH)), rng.normal(size=(HORIZONS, BATCH))


def _extremes(loss):
    """Every combination of far targets, and outputs far beyond what they are bounded to."""
    far = [-1e6, -3.0, 0.0, 0.01, 1e6]
    beyond = [-1e3, -40.0, -8.0, -7.9, 0.0, 7.9, 8.0, 40.0, 1e3]
    location = [-1e6, 0.0, 0.3]
    axes = [far, location, *[beyond] * (loss.n_parameters - 1)]
    target, *outputs = (a.reshape(1, -1) for a in np.meshgrid(*axes))
    return np.stack(outputs), target


def _numeric(loss, outputs, target, step):
    """Central differences, output by output; the step is relative to what it moves."""
    numeric = np.empty_like(outputs)
    for k in range(len(outputs)):
        above, below = outputs.copy(), outputs.copy()
        error = np.abs(outputs[0] - target)
        size = step * (np.maximum(error, 1e-2) if k == 0 else np.maximum(np.abs(outputs[k]), 1))
        above[k] += size
        below[k] -= size
        numeric[k] = (loss.value(above, target) - loss.value(below, target)) / (2 * size)
    return numeric


def check_gradient(loss):
    """The gradient agrees with central differences, element by element."""
    outputs, target = _ordinary(loss, np.random.default_rng(0))
    numeric = _numeric(loss, outputs, target, 1e-5)
    np.testing.assert_allclose(loss.gradient(outputs, target), numeric, rtol=1e-6, atol=1e-8)


def check_extremes_are_finite(loss):
    """Value and gradient are finite, and no warning is raised, at targets and outputs far off."""
    outputs, target = _extremes(loss)
    for dtype in (np.float64, np.float32):
        assert np.isfinite(loss.value(outputs.astype(dtype), target)).all()
        assert np.isfinite(loss.gradient(outputs.astype(dtype), target)).all()


def check_gradient_at_extremes(loss):
    """The gradient agrees with differences there too, beside the kinks of its bounds."""
    outputs, target = _extremes(loss)
    smooth = ~(np.abs(np.abs(outputs[1:]) - 8) < 1e-3).any(axis=0)
    outputs, target = outputs[:, smooth][:, None], target[smooth][None]
    value = np.abs(loss.value(outputs, target))
    numeric = _numeric(loss, outputs, target, 1e-4)
    rounding = 1e-10 * (value + 1)
    gradient = loss.gradient(outputs, target)
    assert (np.abs(gradient - numeric) <= 1e-5 * np.abs(numeric) + rounding).all()


def check_shapes(loss):
    """Values are (H, B), gradients (P, H, B); the arguments are left alone."""
    outputs, target = _ordinary(loss, np.random.default_rng(1))
    kept = outputs.copy(), target.copy()
    assert loss.value(outputs, target).shape == target.shape
    assert loss.gradient(outputs, target).shape == outputs.shape
    np.testing.assert_array_equal(outputs, kept[0])
    np.testing.assert_array_equal(target, kept[1])


def check_elements_stand_alone(loss):
    """The loss of a target depends on its own outputs only."""
    outputs, target = _ordinary(loss, np.random.default_rng(2))
    alone = loss.value(outputs[:, 1:, 3:4], target[1:, 3:4]).item()
    assert alone == pytest.approx(loss.value(outputs, target)[1, 3], rel=1e-13)


def check_law_of_outputs_of_law(loss):
    """Outputs made for a law stand for that law."""
    location = np.array([0.1, -2.0, 0.0])
    scale, dof = np.array([0.01, 1.0, 20.0]), np.array([2.2, 5.0, 150.0])
    law = loss.law(loss.outputs_for(location, scale, dof)[..., None])
    np.testing.assert_allclose(law.location[:, 0], location, rtol=1e-12)
    if law.scale is not None:
        np.testing.assert_allclose(law.scale[:, 0], scale, rtol=1e-12)
        np.testing.assert_allclose(law.dof[:, 0], dof, rtol=1e-12)


def check_outputs_of_any_fitted_law(loss):
    """Normal laws, the heaviest tails and extreme scales have finite outputs with a slope."""
    location, scale = np.zeros(4), np.array([1e-12, 1e12, 1.0, 1.0])
    outputs = loss.outputs_for(location, scale, np.array([np.inf, 2.1, 200.0, 2.0]))
    assert outputs.shape == (loss.n_parameters, 4)
    assert np.isfinite(outputs).all()
    if loss.n_parameters == 3:
        slope = loss.gradient(outputs[..., None], np.full((4, 1), 2.5))[2]
        assert (slope != 0).all()


def check_best_constant(loss):
    """The location that is best for a symmetric sample is its centre: there the gradient is 0."""
    target = np.array([[-2.0, -0.5, 0.5, 2.0]]) + 0.3
    outputs = np.repeat(loss.outputs_for(np.array([0.3]), np.ones(1), np.array([4.0])), 4, axis=1)
    gradient = loss.gradient(outputs[:, None], target)[0].sum()
    assert gradient == pytest.approx(0, abs=1e-12)


CHECKS = [check for label, check in list(globals().items()) if label.startswith("check_")]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        pytest.param(name, check, id=f"{name}:{check.__name__.removeprefix('check_')}")
        for name in LOSSES.names()
        for check in CHECKS
    ],
)
def test_loss(name, check):
    """Every loss passes every check."""
    check(LOSSES.get(name))


@pytest.mark.parametrize("dof", [2.2, 4.0, 30.0, 199.0])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
def test_student_t_is_the_negative_log_density(dof, scale):
    """The value is -log f of SciPy's t to 1e-10."""
    target = np.linspace(-40, 40, 81)[None]
    outputs = student_t.LOSS.outputs_for(np.array([0.2]), np.array([scale]), np.array([dof]))
    outputs = np.broadcast_to(outputs[..., None], (3, 1, 81))
    expected = -stats.t.logpdf(target, dof, 0.2, scale)
    np.testing.assert_allclose(student_t.LOSS.value(outputs, target), expected, rtol=0, atol=1e-10)


def test_student_t_bounds():
    """Scales stay within e^±8, degrees of freedom within 2.05 and 200, whatever the outputs."""
    law = student_t.LOSS.law(np.array([[[0.0, 0.0]], [[-1e9, 1e9]], [[-1e9, 1e9]]]))
    np.testing.assert_allclose(np.log(law.scale), [[-8, 8]])
    np.testing.assert_array_equal(law.dof, [[2.05, 200.0]])
    gradient = student_t.LOSS.gradient(np.array([[[0.0]], [[9.0]], [[0.0]]]), np.ones((1, 1)))
    assert gradient[1] == 0


@pytest.mark.parametrize(
    ("error", "value", "slope"),
    [
        (0.0, 0.0, 0.0),
        (1.0, 0.5, 1.0),
        (-1.0, 0.5, -1.0),
        (1.345, 0.9045125, 1.345),
        (2.345, 0.9045125 + 1.345, 1.345),
        (-11.345, 0.9045125 + 13.45, -1.345),
    ],
)
def test_huber_table(error, value, slope):
    """e²/2 up to 1.345; beyond, 1.345 more for each unit."""
    outputs, target = np.array([[[error + 0.25]]]), np.array([[0.25]])
    assert huber.LOSS.value(outputs, target).item() == pytest.approx(value, abs=1e-12)
    assert huber.LOSS.gradient(outputs, target).item() == pytest.approx(slope, abs=1e-12)


def test_mean_squared_is_half_the_square():
    """(3 - 1)² / 2 = 2, and its slope is 3 - 1."""
    loss = LOSSES.get("mse")
    assert loss.value(np.full((1, 1, 1), 3.0), np.ones((1, 1))).item() == 2
    assert loss.gradient(np.full((1, 1, 1), 3.0), np.ones((1, 1))).item() == 2
