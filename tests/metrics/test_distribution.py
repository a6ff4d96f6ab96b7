import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lstmfin.errors import DataError
from lstmfin.metrics.distribution import StudentT, _log_gamma_step

dofs = st.one_of(st.floats(2.01, 1e6), st.just(np.inf))
levels = st.floats(1e-6, 1 - 1e-6)
values = st.floats(-50, 50)


def test_cdf_logpdf_and_crps_hold_twelve_digits(golden):
    """From dof 2.01 to a million and from the centre to the far tail (mpmath, 40 digits)."""
    table = golden["student"]
    dof, z = (np.array([row[name] for row in table]) for name in ("dof", "z"))
    law = StudentT(0.0, 1.0, dof)
    for name in ("cdf", "logpdf", "crps"):
        expected = [row[name] for row in table]
        np.testing.assert_allclose(getattr(law, name)(z), expected, rtol=2e-12, err_msg=name)


def test_crps_is_the_integral_it_stands_for(golden):
    """The closed form is ∫ (F - step)² (mpmath quadrature of the definition)."""
    for row in golden["crps_integral"]:
        assert StudentT(0.0, 1.0, row["dof"]).crps(row["z"]) == pytest.approx(
            row["crps"], rel=1e-12
        )


def test_crps_agrees_with_scoringrules(golden):
    """Location and scale enter as they do there."""
    ours = [StudentT(0.001, 0.01, 4.5).crps(0.02), StudentT(0.001, 0.01).crps(0.02)]
    np.testing.assert_allclose(ours, golden["crps_scoringrules"], rtol=1e-12)


@given(location=values, scale=st.floats(1e-6, 1e3), dof=dofs, x=values)
def test_agrees_with_scipy(location, scale, dof, x):
    """scipy.stats.t answers the same, where it is accurate itself."""
    law, reference = StudentT(location, scale, dof), stats.t(dof, location, scale)
    with np.errstate(all="ignore"):
        expected = reference.cdf(x), reference.logpdf(x), reference.std()
    assert law.cdf(x) == pytest.approx(expected[0], rel=1e-9, abs=1e-300)
    assert law.logpdf(x) == pytest.approx(expected[1], rel=1e-9, abs=1e-6)
    assert law.std == pytest.approx(expected[2], rel=1e-12)


@given(location=values, scale=st.floats(1e-6, 1e3), dof=dofs, p=levels)
def test_quantile_undoes_cdf(location, scale, dof, p):
    """F(Q(p)) = p, and Q is symmetric about the location."""
    law = StudentT(0.0, scale, dof)
    assert law.cdf(law.quantile(p)) == pytest.approx(p, rel=1e-9)
    shifted = law.affine(location)
    pair = shifted.quantile(p) - location, location - shifted.quantile(1 - p)
    assert pair[0] == pytest.approx(pair[1], rel=1e-6, abs=1e-9 * (1 + abs(location)))


@given(dof=st.floats(2.01, 1e6), x=st.floats(-30, 30), factor=st.floats(0.1, 10))
def test_crps_scales_with_the_variable(dof, x, factor):
    """CRPS is never negative, even, and in the unit of the variable."""
    law = StudentT(0.0, 1.0, dof)
    assert law.crps(x) > 0
    assert law.crps(x) == law.crps(-x)
    assert law.affine(factor=factor).crps(factor * x) == pytest.approx(
        factor * law.crps(x), rel=1e-12
    )


def test_large_dof_runs_into_the_normal_law():
    """At a million dof every answer is the normal one to five digits, and inf is exact."""
    near, normal = StudentT(0.0, 1.0, 1e6), StudentT(0.0, 1.0)
    x = np.linspace(-4, 4, 9)
    for name in ("cdf", "logpdf", "crps"):
        np.testing.assert_allclose(getattr(near, name)(x), getattr(normal, name)(x), rtol=1e-4)
    np.testing.assert_allclose(normal.cdf(x), stats.norm.cdf(x), rtol=1e-14)


@pytest.mark.parametrize("dof", [2.01, 4.0, 1e6, np.inf])
def test_extreme_values_give_finite_scores(dof):
    """A value of 1e140 scales away is scored by its distance, with no floating-point error."""
    law = StudentT(0.0, 0.01, dof)
    x = np.array([-1e138, -1e9, 1e9, 1e138])
    with np.errstate(all="raise"):
        crps, logpdf, cdf = law.crps(x), law.logpdf(x), law.cdf(x)
    np.testing.assert_allclose(crps, np.abs(x), rtol=1e-6)
    assert np.isfinite(logpdf).all()
    np.testing.assert_allclose(cdf, [0, 0, 1, 1], atol=1e-11)


@pytest.mark.parametrize(
    ("p", "expected"),
    [(0.0, -np.inf), (1.0, np.inf), (0.5, 2.0), (-0.1, np.nan), (1.1, np.nan), (np.nan, np.nan)],
)
@pytest.mark.parametrize("dof", [3.0, np.inf])
def test_quantile_at_the_ends(p, expected, dof):
    """The ends are infinite, the middle is the location, outside there is nothing."""
    np.testing.assert_equal(float(StudentT(2.0, 1.0, dof).quantile(p)), expected)


@pytest.mark.parametrize(
    ("dof", "mean", "std", "crps"),
    [
        (0.9, np.nan, np.inf, np.inf),
        (1.5, 3.0, np.inf, 0.35),
        (4.0, 3.0, np.sqrt(2), 0.2637),
        (np.inf, 3.0, 1.0, 0.2337),
    ],
)
def test_moments_exist_where_they_should(dof, mean, std, crps):
    """Mean above one dof, variance above two; CRPS needs the mean."""
    law = StudentT(3.0, 1.0, dof)
    np.testing.assert_equal(float(law.mean), mean)
    assert law.std == pytest.approx(std)
    assert law.crps(3.0) == pytest.approx(crps, abs=0.05 if dof == 1.5 else 1e-4)


def test_shapes_broadcast_and_index():
    """Parameters share one shape; levels may stand on a last axis of their own."""
    law = StudentT(np.zeros((5, 1)), np.arange(1.0, 4.0), 4.0)
    assert law.shape == law.dof.shape == (5, 3)
    assert law[..., None].quantile([0.05, 0.5]).shape == (5, 3, 2)
    assert law[2].quantile(0.95)[1] == law.quantile(0.95)[2, 1]


def test_nan_stays_where_it_is():
    """NaN in one element leaves the others alone."""
    law = StudentT([0.0, np.nan, 0.0, 0.0], [1.0, 1.0, np.nan, 1.0], [4.0, 4.0, 4.0, np.nan])
    for result in (law.cdf(1.0), law.quantile(0.9), law.logpdf(1.0), law.crps(1.0)):
        np.testing.assert_array_equal(np.isnan(result), [False, True, True, True])


@pytest.mark.parametrize(
    ("location", "scale", "dof", "match"),
    [
        (0.0, 0.0, 4.0, "scale of a Student t law must be positive, not 0"),
        (0.0, [1.0, -1.0], 4.0, "scale"),
        (0.0, 1.0, -2.0, "dof"),
        (np.zeros(2), np.ones(3), 4.0, "do not broadcast"),
    ],
)
def test_refuses_what_is_no_law(location, scale, dof, match):
    """Scales and dof are positive, and shapes fit."""
    with pytest.raises(DataError, match=match):
        StudentT(location, scale, dof)


def test_gamma_step_has_no_seam():
    """log Γ(a + 3/2) - log Γ(a + 1) exceeds its neighbour by log((a + 1/2) / a), across a = 25 too."""
    a = np.array([1.0, 10.0, 24.5, 25.0, 40.0, 1e5])
    step = _log_gamma_step(a + 1) - _log_gamma_step(a)
    np.testing.assert_allclose(step, np.log((a + 0.5) / a), atol=4e-14, rtol=0)
