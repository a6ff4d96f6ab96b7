"""What a network's outputs stand for, as laws of returns."""

import numpy as np
import pytest

from lstmfin.engine.loss import Law as Said
from lstmfin.engine.losses.quantile import LEVELS
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.fit import fit_student_t
from lstmfin.models.laws import fit_spread, law_of_returns, law_of_variance

UNIT = np.array([[0.01, 0.02], [0.03, 0.04], [0.05, 0.06]])


def test_location_scale_and_tails():
    """Location and scale are in units of the target."""
    said = Said(np.full((3, 2), 0.1), np.full((3, 2), 2.0), np.full((3, 2), 5.0))
    law = law_of_returns(said, unit=UNIT)
    np.testing.assert_allclose(law.quantile(0.9), UNIT * StudentT(0.1, 2.0, 5.0).quantile(0.9))


def test_a_location_takes_the_spread_of_its_errors():
    """A loss that trains no spread is given one, horizon by horizon."""
    spread = np.array([1.0, 3.0]), np.array([4.0, np.inf])
    law = law_of_returns(Said(np.zeros((3, 2))), unit=UNIT, spread=spread)
    np.testing.assert_allclose(law.scale, UNIT * [1, 3])
    np.testing.assert_array_equal(law.dof[0], [4, np.inf])


def test_quantiles():
    """Quantiles (Q, N, H), as training hands them on, are those of the law."""
    rising = np.cumsum(np.full((len(LEVELS), 3, 2), 0.3), axis=0)
    law = law_of_returns(Said(rising[6], quantiles=rising), unit=UNIT)
    for k in (0, 6, 12):
        np.testing.assert_allclose(law.quantile(LEVELS[k]), rising[k] * UNIT)


def test_variance():
    """Without a direction, as wide as the variance and the spread of past returns in its units."""
    law = law_of_variance(UNIT**2, spread=(np.array([0.8, 0.9]), np.array([4.0, 6.0])))
    np.testing.assert_array_equal(law.median, 0)
    np.testing.assert_allclose(law.scale, UNIT * [0.8, 0.9])


def test_spread_leaves_out_what_is_not_known():
    """Each column by itself."""
    errors = np.random.default_rng(0).standard_t(5, (300, 2))
    errors[250:, 1] = np.nan
    scale, dof = fit_spread(errors)
    assert (scale[1], dof[1]) == pytest.approx(fit_student_t(errors[:250, 1]))
