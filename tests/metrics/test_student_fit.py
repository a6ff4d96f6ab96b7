import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lstmfin.errors import DataError
from lstmfin.metrics.fit import MIN_DOF, fit_student_t


def draw(dof, n, seed=3):
    rng = np.random.default_rng(seed)
    return 0.01 * rng.standard_normal(n) / np.sqrt(rng.chisquare(dof, n) / dof)


@pytest.mark.parametrize(("dof", "n"), [(2.5, 4000), (4.0, 300), (4.0, 2500), (12.0, 2500)])
def test_agrees_with_scipy(dof, n):
    """scipy's general optimiser finds the same maximum, and no greater likelihood."""
    sample = draw(dof, n)
    scale, found = fit_student_t(sample)
    with np.errstate(all="ignore"):
        reference, _, reference_scale = stats.t.fit(sample, floc=0.0)
        gain = stats.t.logpdf(sample, reference, 0, reference_scale).sum()
        gain -= stats.t.logpdf(sample, found, 0, scale).sum()
    assert scale == pytest.approx(reference_scale, rel=1e-4)
    assert found == pytest.approx(reference, rel=1e-3)
    assert gain < 1e-6


def test_light_tails_are_called_normal():
    """Where the likelihood still grows at 200 dof, dof is infinite and the scale is the rms."""
    sample = np.tanh(np.random.default_rng(0).standard_normal(500))
    scale, dof = fit_student_t(sample)
    assert dof == math.inf
    assert scale == pytest.approx(np.sqrt(np.mean(sample**2)), rel=1e-12)


def test_heaviest_tails_stop_at_a_finite_variance():
    """Cauchy draws end at the bound, not beyond it."""
    assert fit_student_t(draw(1.0, 500))[1] == pytest.approx(MIN_DOF, rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(1e-8, 1e8), seed=st.integers(0, 99))
def test_scale_is_in_the_unit_of_the_sample(factor, seed):
    """A factor on the sample, or its mirror image, is a factor on the scale and nothing else."""
    sample = draw(4.0, 60, seed)
    scale, dof = fit_student_t(sample)
    for changed in (factor * sample, -factor * sample):
        other_scale, other_dof = fit_student_t(changed)
        assert other_scale == pytest.approx(factor * scale, rel=1e-5)
        assert other_dof == pytest.approx(dof, rel=1e-3)


def test_location_is_taken_off_and_nan_left_out():
    """The centre is given, not estimated; what is missing does not count."""
    sample = draw(4.0, 200)
    around = np.concatenate((sample + 0.5, [np.nan]))
    assert fit_student_t(around, location=0.5) == pytest.approx(fit_student_t(sample), rel=1e-6)


def test_a_wild_value_and_many_zeros_do_no_harm():
    """One print of a thousand times the rest, or half of the sessions without trade, still fit."""
    sample = draw(4.0, 300)
    usual = fit_student_t(sample)[0]
    assert fit_student_t(np.append(sample, 10.0))[0] == pytest.approx(usual, rel=0.2)
    scale, dof = fit_student_t(np.where(np.arange(300) % 2, 0.0, sample))
    assert 0 < scale < usual
    assert dof == pytest.approx(MIN_DOF)


@pytest.mark.parametrize(
    ("sample", "match"),
    [
        ([], "3 finite values"),
        ([0.1, -0.1, np.nan], "3 finite values"),
        ([0.1, -0.1, np.inf], "3 finite values"),
        (np.zeros(50), "50 of 50 values do not move"),
        ([0.0, 0.0, 0.0, 0.01], "3 of 4 values do not move"),
    ],
)
def test_refuses_what_no_law_fits(sample, match):
    """Too few values, infinite ones, or a price that hardly ever moves."""
    with pytest.raises(DataError, match=match):
        fit_student_t(sample)
