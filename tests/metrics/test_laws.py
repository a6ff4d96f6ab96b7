"""What every law holds to, whatever its shape."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from lstmfin.errors import DataError
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.law import concatenate
from lstmfin.metrics.mixture import Mixture
from lstmfin.metrics.quantiles import Quantiles
from lstmfin.metrics.stretched import Stretched

LEVELS = np.array([0.01, 0.1, 0.3, 0.5, 0.8, 0.99])
P = np.array([1e-6, 0.01, 0.05, 0.3, 0.5, 0.500001, 0.8, 0.95, 0.999])


def _student(rng, shape):
    dof = np.where(rng.random(shape) < 0.3, np.inf, 4.2 + 8 * rng.random(shape))
    return StudentT(rng.normal(size=shape), np.exp(rng.normal(size=shape)), dof)


def _quantiles(rng, shape):
    steps = 0.05 + rng.gamma(1.0, size=(*shape, len(LEVELS)))
    return Quantiles(np.cumsum(steps, axis=-1) - 3 + rng.normal(size=shape)[..., None], LEVELS)


def _stretched(rng, shape):
    below, above = np.exp(0.5 * rng.normal(size=(2, *shape)))
    return Stretched(_student(rng, shape), below=below, above=above)


MAKE = {
    "student": _student,
    "quantiles": _quantiles,
    "mixture": lambda rng, shape: Mixture([_student(rng, shape) for _ in range(3)]),
    "mixture-of-two-kinds": lambda rng, shape: Mixture([_student(rng, shape), _quantiles(rng, shape)]),
    "stretched": _stretched,
    "stretched-mixture": lambda rng, shape: Stretched(
        Mixture([_student(rng, shape), _student(rng, shape)]), below=0.7, above=1.4
    ),
    "stretched-quantiles": lambda rng, shape: Stretched(_quantiles(rng, shape), below=0.7, above=1.4),
}  # fmt: skip
EXACT = ("student", "quantiles", "mixture", "stretched")


@pytest.fixture(params=list(MAKE))
def name(request):
    return request.param


@pytest.fixture
def law(name):
    return MAKE[name](np.random.default_rng(3), (4, 3))


def _assert_same(one, other, **tolerance):
    for p in (0.03, 0.5, 0.9):
        np.testing.assert_allclose(one.quantile(p), other.quantile(p), **tolerance)


def test_shapes(law):
    """Parameters have one shape; levels may stand on an axis of their own."""
    assert law.shape == (4, 3)
    for values in (law.mean, law.std, law.median, law.cdf(0.0), law.quantile(0.1), law.crps(0.0)):
        assert values.shape == (4, 3)
        assert np.isfinite(values).all()
    assert law[..., None].quantile(P).shape == law[..., None].cdf(P).shape == (4, 3, len(P))
    assert law[:, 0].shape == (4,)
    assert law[-1].shape == (3,)
    assert law[1, 2].shape == ()


@pytest.mark.parametrize(
    "index", [1, (2, 1), slice(1, 3), (slice(None), 0), [3, 0], np.array([True, False, True, True])]
)
def test_indexing_picks_laws(law, index):
    """The law at an index says what the array of laws says there."""
    np.testing.assert_allclose(law[index].quantile(0.9), law.quantile(0.9)[index], rtol=1e-9)
    np.testing.assert_allclose(law[index].crps(0.3), law.crps(0.3)[index], rtol=1e-9)


def test_concatenation_undoes_slicing(law):
    """Parts joined along the first axis are the whole."""
    _assert_same(concatenate([law[:1], law[1:]]), law, rtol=1e-9)


def test_quantile_undoes_cdf(law):
    """F(Q(p)) = p, from a millionth to the far side."""
    np.testing.assert_allclose(
        law[..., None].cdf(law[..., None].quantile(P)),
        np.broadcast_to(P, (4, 3, len(P))),
        rtol=1e-8,
    )
    np.testing.assert_allclose(law.cdf(law.median), 0.5, rtol=1e-9)


def test_quantiles_rise_and_end(law):
    """Quantiles rise with their levels, to the ends of the line; outside of levels there are none."""
    assert (np.diff(law[..., None].quantile(P), axis=-1) > 0).all()
    for p, end in ((0.0, -np.inf), (1.0, np.inf), (-0.1, np.nan), (1.1, np.nan), (np.nan, np.nan)):
        np.testing.assert_equal(law.quantile(p), np.full((4, 3), end))


def test_affine(law):
    """offset + factor X has its quantiles, and its score, where they belong."""
    moved = law.affine(0.5, 2.0)
    for p in (0.03, 0.5, 0.9):
        np.testing.assert_allclose(moved.quantile(p), 0.5 + 2 * law.quantile(p), rtol=1e-9)
    np.testing.assert_allclose(moved.crps(1.1), 2 * law.crps(0.3), rtol=1e-7)
    np.testing.assert_allclose(moved.logpdf(1.1), law.logpdf(0.3) - np.log(2), rtol=1e-9)
    np.testing.assert_allclose(law.affine().crps(0.3), law.crps(0.3))
    by_element = law.affine(np.arange(12.0).reshape(4, 3), np.arange(1.0, 4.0))
    np.testing.assert_allclose(
        by_element.median, np.arange(12.0).reshape(4, 3) + np.arange(1.0, 4) * law.median, rtol=1e-9
    )


@pytest.mark.parametrize("at", [(0, 0), (3, 2)])
def test_density_mean_and_score_are_the_integrals_they_stand_for(name, law, at):
    """Density to distribution, mean, variance and CRPS, by SciPy's quadrature of the definitions."""
    one = law[at]
    with np.errstate(all="ignore"):
        knots = [float(one.quantile(p)) for p in (1e-7, *LEVELS, 1 - 1e-7)]

        def integral(function, lower=-np.inf, upper=np.inf):
            inside = sorted(k for k in [*knots, float(one.median)] if lower < k < upper)
            cuts = [lower, *inside, upper]
            return sum(
                integrate.quad(function, a, b, epsabs=1e-11, epsrel=1e-9, limit=400)[0]
                for a, b in pairwise(cuts)
            )

        def cdf(x):
            return float(one.cdf(x))

        mean = integral(lambda x: 1 - cdf(x), 0.0) - integral(cdf, upper=0.0)
        probability = integral(lambda x: np.exp(float(one.logpdf(x))), upper=0.4)
        scores = [
            integral(lambda x: cdf(x) ** 2, upper=y) + integral(lambda x: (1 - cdf(x)) ** 2, y)
            for y in (-4.0, 0.2, 3.0)
        ]
    exact = name in EXACT
    assert probability == pytest.approx(cdf(0.4), rel=1e-6 if exact else 1e-4)
    assert float(one.mean) == pytest.approx(mean, rel=1e-6 if exact else 1e-3)
    np.testing.assert_allclose(
        [one.crps(y) for y in (-4.0, 0.2, 3.0)], scores, rtol=2e-7 if exact else 1e-3
    )


def test_std_is_that_of_draws(law):
    """Standard deviation, against two thousand quantiles, which leave out a little of the tails."""
    draws = law[..., None].quantile((np.arange(2000) + 0.5) / 2000)
    np.testing.assert_allclose(law.std, draws.std(axis=-1), rtol=0.06)


def test_nan_stays_where_it_is(law):
    """A NaN truth has a NaN score, and its neighbours have theirs."""
    x = np.zeros((4, 3))
    x[1, 1] = np.nan
    for result in (law.cdf(x), law.logpdf(x), law.crps(x)):
        np.testing.assert_array_equal(np.isnan(result), np.isnan(x))


def test_far_values_have_finite_scores(law):
    """A value of 1e9 is scored by its distance, without a floating-point error."""
    x = np.where(np.arange(12).reshape(4, 3) % 2, 1e9, -1e9)
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        crps, logpdf = law.crps(x), law.logpdf(x)
    np.testing.assert_allclose(crps, 1e9, rtol=1e-6)
    assert np.isfinite(logpdf).all()


def test_laws_of_different_classes_are_not_joined():
    """A model does not change what it says from fold to fold."""
    student, quantiles = (
        MAKE[name](np.random.default_rng(0), (2, 2)) for name in ("student", "quantiles")
    )
    with pytest.raises(DataError, match=r"not of \['Quantiles', 'StudentT'\]"):
        concatenate([student, quantiles])
    with pytest.raises(DataError, match="none"):
        concatenate([])


def test_a_mixture_of_one_is_that_one():
    """And one of equals is any of them."""
    one = MAKE["student"](np.random.default_rng(5), (3, 2))
    for mixture in (Mixture([one]), Mixture([one, one, one])):
        for p in (1e-4, 0.5, 0.9):
            np.testing.assert_allclose(mixture.quantile(p), one.quantile(p), rtol=1e-12)
        np.testing.assert_allclose(mixture.crps(0.4), one.crps(0.4), rtol=1e-12)
        np.testing.assert_allclose(mixture.disagreement, 0, atol=1e-12)


def test_mixture_of_normals_has_its_score_in_closed_form():
    """Grimit et al. (2006), eq. 5: pairs of normals, far apart and of very different widths."""
    location, scale = np.array([-3.0, 0.1, 2.0]), np.array([0.02, 1.0, 5.0])

    def spread(mean, sd):
        z = mean / sd
        return 2 * sd * stats.norm.pdf(z) + mean * (2 * stats.norm.cdf(z) - 1)

    mixture = Mixture([StudentT(m, s) for m, s in zip(location, scale, strict=True)])
    pairs = spread(location[:, None] - location, np.hypot(scale[:, None], scale))
    for y in (-6.0, -3.0, 0.3, 9.0):
        expected = spread(y - location, scale).mean() - pairs.mean() / 2
        assert float(mixture.crps(y)) == pytest.approx(expected, rel=1e-7)


def test_mixture_of_normals_agrees_with_scoringrules():
    """CRPS and log score are theirs; tests/golden/make_laws.py asked for them."""
    file = Path(__file__).parents[1] / "golden" / "laws.json"
    table = json.loads(file.read_text(encoding="utf-8"))["mixture"]
    members = zip(table["location"], table["scale"], strict=True)
    mixture = Mixture([StudentT(m, s) for m, s in members])
    np.testing.assert_allclose(mixture.crps(table["truth"]), table["crps"], rtol=1e-7)
    np.testing.assert_allclose(-mixture.logpdf(table["truth"]), table["log_score"], rtol=1e-12)


def test_mixture_quantile_between_members_far_apart():
    """Where the distribution function lies flat between two members, the root is still found."""
    mixture = Mixture([StudentT(-100.0, 1e-3), StudentT(100.0, 1e-3)])
    p = np.array([1e-9, 0.25, 0.4999, 0.5001, 0.75, 1 - 1e-9])
    np.testing.assert_allclose(mixture.cdf(mixture.quantile(p)), p, rtol=1e-9)


def test_quantile_law_by_hand():
    """Straight lines inside, exponentials outside, at the rate of the outermost piece."""
    law = Quantiles([0.0, 1.0, 3.0], [0.1, 0.4, 0.8])
    np.testing.assert_allclose(law.cdf([0.0, 0.5, 1.0, 2.0, 3.0]), [0.1, 0.25, 0.4, 0.6, 0.8])
    low, high = 1 / np.log(4), 2 / np.log(3)
    np.testing.assert_allclose(law.cdf([-1.0, 4.0]), [0.1 / 4, 1 - 0.2 * np.exp(-1 / high)])
    np.testing.assert_allclose(
        np.exp(law.logpdf([-1.0, 0.5, 2.0, 4.0])),
        [0.1 / 4 / low, 0.3, 0.2, 0.2 * np.exp(-1 / high) / high],
    )


def test_quantile_law_between_many_levels_is_the_law_they_are_of():
    """With 199 quantiles of a t its scores are those of the t, and its tails nearly so."""
    levels = np.arange(1, 200) / 200
    student = StudentT(0.3, 2.0, 6.0)
    law = Quantiles(student.quantile(levels), levels)
    for y in (-4.0, 0.3, 1.0, 9.0):
        assert float(law.crps(y)) == pytest.approx(float(student.crps(y)), rel=2e-4)
    assert float(law.std) == pytest.approx(float(student.std), rel=0.02)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Quantiles([0.0, 1.0], [0.5, 0.5]), "levels must rise"),
        (lambda: Quantiles([0.0, 1.0], [0.0, 0.5]), "levels must rise"),
        (lambda: Quantiles([0.0, 1.0, 2.0], [0.1, 0.5]), "2 levels need as many quantiles"),
        (lambda: Quantiles([1.0, 1.0], [0.1, 0.5]), "quantiles must rise"),
        (lambda: Mixture([]), "not none"),
        (lambda: Mixture([StudentT(0, 1), StudentT([0, 1], 1)]), r"not \(\), \(2,\)"),
        (lambda: Stretched(StudentT(0, 1), below=0.0, above=1.0), "below the median must be positive"),
        (lambda: Stretched(StudentT(0, 1), below=1.0, above=-1.0), "above the median"),
    ],
)  # fmt: skip
def test_refuses_what_is_no_law(make, match):
    """Levels, quantiles, shapes and factors that cannot be are named."""
    with pytest.raises(DataError, match=match):
        make()


def test_members_and_levels_must_fit_to_be_joined():
    """Mixtures of as many members, quantiles of the same levels."""
    one = StudentT(np.zeros(2), 1.0)
    with pytest.raises(DataError, match="as many members"):
        Mixture.joined([Mixture([one]), Mixture([one, one])])
    with pytest.raises(DataError, match="same levels"):
        Quantiles.joined([Quantiles([[0, 1]], [0.1, 0.9]), Quantiles([[0, 1]], [0.2, 0.9])])
