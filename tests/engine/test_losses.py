"""What every loss of the registry holds to, and the values of each."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import mean_pinball_loss

from lstmfin.engine.losses import bernoulli, gaussian, huber, qlike, quantile, student_t
from lstmfin.engine.losses._student import student_cdf, student_quantiles
from lstmfin.registry import LOSSES

HORIZONS, BATCH = 2, 6


def _ordinary(loss, rng):
    return rng.normal(size=(loss.n_parameters, HORIZONS, BATCH)), rng.normal(size=(HORIZONS, BATCH))


def _extremes(loss):
    """Far targets, and outputs far beyond what they are bounded to: every combination, or many."""
    far = [-1e6, -3.0, 0.0, 0.01, 1e6]
    beyond = [-1e3, -40.0, -8.0, -7.9, 0.0, 7.9, 8.0, 40.0, 1e3]
    location = [-1e6, 0.0, 0.3]
    axes = [far, location, *[beyond] * (loss.n_parameters - 1)]
    if loss.n_parameters <= 3:
        target, *outputs = (a.reshape(1, -1) for a in np.meshgrid(*axes))
    else:
        rng = np.random.default_rng(0)
        target, *outputs = (rng.choice(values, (1, 2000)) for values in axes)
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


def check_the_ends_of_float32_are_finite(loss):
    """Outputs as large as float32 holds, either sign, give finite values, gradients and laws."""
    end = np.finfo(np.float32).max
    outputs = np.random.default_rng(0).choice([-end, -1.0, 0.0, end], (loss.n_parameters, 1, 200))
    outputs = outputs.astype(np.float32)
    for target in (np.zeros((1, 200)), np.full((1, 200), 1e3), np.full((1, 200), -1e3)):
        assert np.isfinite(loss.value(outputs, target)).all()
        assert np.isfinite(loss.gradient(outputs, target)).all()
    law = loss.law(outputs)
    assert np.isfinite(law.location).all()
    assert law.scale is None or (law.scale > 0).all()


def check_gradient_at_extremes(loss):
    """The gradient agrees with differences there too, beside the kinks of its bounds."""
    outputs, target = _extremes(loss)
    smooth = ~(np.abs(np.abs(outputs[1:]) - 8) < 1e-3).any(axis=0)
    if (quantiles := loss.law(outputs).quantiles) is not None:
        smooth &= ~(np.abs(quantiles - target[..., None]) < 0.5).any(axis=-1)
    outputs, target = outputs[:, smooth][:, None], target[smooth][None]
    value = np.abs(loss.value(outputs, target))
    numeric = _numeric(loss, outputs, target, 1e-4)
    rounding = 1e-9 * (value + 1)
    gradient = loss.gradient(outputs, target)
    assert gradient.size > 10
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
    if loss.targets == {"direction"}:
        expected = stats.t.cdf(location / scale, dof)
        np.testing.assert_allclose(law.location[:, 0], expected, atol=2e-6)
        return
    np.testing.assert_allclose(law.location[:, 0], location, rtol=1e-12)
    assert law.has_spread == (loss.n_parameters > 1)
    if law.scale is not None:
        sd = [stats.t.std(v, 0, s) for v, s in zip(law.dof[:, 0], law.scale[:, 0], strict=True)]
        np.testing.assert_allclose(sd, stats.t.std(dof, 0, scale), rtol=1e-12)
    if law.quantiles is not None:
        expected = location[:, None] + scale[:, None] * stats.t.ppf(quantile.LEVELS, dof[:, None])
        np.testing.assert_allclose(law.quantiles[:, 0], expected, rtol=1e-4, atol=1e-3 * scale[0])


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
    """The location that is best for a symmetric sample is its centre: there the gradient is 0.

    Not so of QLIKE, whose best is the mean of the variances.
    """
    sample = np.array([[-2.0, -0.5, 0.5, 2.0]])
    target = 0.5 + sample / 4 if loss.targets == {"direction"} else sample + 0.3
    centre = np.array([0.0 if loss.targets == {"direction"} else 0.3])
    if isinstance(loss, qlike.Qlike):
        centre = np.log(np.exp(target).mean(axis=1))
    outputs = np.repeat(loss.outputs_for(centre, np.ones(1), np.array([4.0])), 4, axis=1)
    gradient = loss.gradient(outputs[:, None], target)[0].sum()
    assert gradient == pytest.approx(0, abs=1e-12)


def check_targets(loss):
    """It says which targets it fits, by names that there are."""
    assert loss.targets
    assert loss.targets <= {"returns", "volatility", "direction"}


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


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
def test_gaussian_is_the_negative_log_density(scale):
    """The value is -log f of SciPy's normal law; its law has its mean and deviation."""
    target = np.linspace(-40, 40, 81)[None]
    outputs = gaussian.LOSS.outputs_for(np.array([0.2]), np.array([scale]), np.array([1e9]))
    outputs = np.broadcast_to(outputs[..., None], (2, 1, 81))
    expected = -stats.norm.logpdf(target, 0.2, scale)
    np.testing.assert_allclose(gaussian.LOSS.value(outputs, target), expected, rtol=1e-8)
    assert np.isinf(gaussian.LOSS.law(outputs).dof).all()


def test_quantiles_never_cross():
    """Whatever the network says, quantiles rise with their levels."""
    rng = np.random.default_rng(0)
    outputs = rng.choice([-1e9, -40.0, 0.0, 3.0], (quantile.LOSS.n_parameters, 2, 500))
    law = quantile.LOSS.law(outputs)
    assert (np.diff(law.quantiles, axis=-1) > 0).all()
    np.testing.assert_array_equal(law.location, outputs[0])


def test_quantile_loss_is_the_mean_pinball_loss():
    """2 Σ w_k pinball, each by scikit-learn, with the share of levels that each speaks for."""
    rng = np.random.default_rng(1)
    outputs, target = rng.normal(size=(quantile.LOSS.n_parameters, 1, 1)), np.array([[0.4]])
    q = quantile.LOSS.law(outputs).quantiles[0, 0]
    edges = [0, *(quantile.LEVELS[1:] + quantile.LEVELS[:-1]) / 2, 1]
    expected = sum(
        2 * w * mean_pinball_loss([0.4], [one], alpha=level)
        for w, one, level in zip(np.diff(edges), q, quantile.LEVELS, strict=True)
    )
    assert quantile.LOSS.value(outputs, target).item() == pytest.approx(expected, rel=1e-12)


def test_quantiles_of_a_sample_are_what_training_finds():
    """Steepest descent on draws of a skewed law comes to its quantiles."""
    target = np.random.default_rng(2).gamma(2.0, size=(1, 4000))
    outputs = quantile.LOSS.outputs_for(np.array([1.0]), np.ones(1), np.array([5.0]))[:, None]
    step = 3.0
    for _ in range(3000):
        wide = np.broadcast_to(outputs, (len(outputs), 1, 4000))
        outputs = outputs - step * quantile.LOSS.gradient(wide, target).mean(axis=2, keepdims=True)
        step *= 0.999
    found, inner = quantile.LOSS.law(outputs).quantiles[0, 0], slice(2, -2)  # the ends are slow
    expected = np.quantile(target, quantile.LEVELS)
    np.testing.assert_allclose(found[inner], expected[inner], atol=0.06)


@pytest.mark.parametrize("logit", [-800.0, -3.0, 0.0, 0.7, 800.0])
def test_bernoulli_is_the_negative_log_mass(logit):
    """The value is -log of SciPy's mass where that is a number, and the log-odds beyond."""
    outputs, target = np.full((1, 1, 2), logit), np.array([[0.0, 1.0]])
    value = bernoulli.LOSS.value(outputs, target)[0]
    if abs(logit) < 100:
        p = 1 / (1 + np.exp(-logit))
        np.testing.assert_allclose(value, -stats.bernoulli.logpmf([0, 1], p), rtol=1e-12)
    else:
        np.testing.assert_allclose(sorted(value), [0, 800.0], atol=1e-300)


@pytest.mark.parametrize(
    ("log_ratio", "value", "slope"),
    [
        (0.0, 0.0, 0.0),
        (np.log(2), 2 - np.log(2) - 1, -1.0),
        (np.log(0.5), 0.5 + np.log(2) - 1, 0.5),
        (6.0, np.exp(6) - 7, 1 - np.exp(6)),
        (8.0, np.exp(6) * 3 - 9, 1 - np.exp(6)),
    ],
)
def test_qlike_table(log_ratio, value, slope):
    """y/f - log(y/f) - 1 of y/f = e^x; a straight line beyond e^6."""
    outputs, target = np.full((1, 1, 1), -9.0), np.full((1, 1), log_ratio - 9.0)
    assert qlike.LOSS.value(outputs, target).item() == pytest.approx(value, abs=1e-12)
    assert qlike.LOSS.gradient(outputs, target).item() == pytest.approx(slope, abs=1e-12)


@pytest.mark.parametrize("dof", [2.05, 3.0, 12.0, 200.0, np.inf])
def test_student_by_numpy(dof):
    """Quantiles and probabilities of T are SciPy's to five digits."""
    levels = np.array([0.001, 0.05, 0.5, 0.9, 0.999])
    expected = stats.t.ppf(levels, dof)
    np.testing.assert_allclose(student_quantiles(levels, dof), expected, rtol=2e-5, atol=1e-6)
    for x in (-9.0, 0.0, 1.3):
        assert student_cdf(x, dof) == pytest.approx(stats.t.cdf(x, dof), abs=1e-6)


def test_mean_squared_is_half_the_square():
    """(3 - 1)² / 2 = 2, and its slope is 3 - 1."""
    loss = LOSSES.get("mse")
    assert loss.value(np.full((1, 1, 1), 3.0), np.ones((1, 1))).item() == 2
    assert loss.gradient(np.full((1, 1, 1), 3.0), np.ones((1, 1))).item() == 2
