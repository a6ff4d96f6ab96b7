"""Networks of many seeds: what they say together, and that each is what it would be alone."""

from dataclasses import replace

import numpy as np
import pytest

from lstmfin.metrics.mixture import Mixture
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.forecasts import OUTER, make_forecast

ORIGINS = np.array([60, 61, 90, 120])


def weights(member):
    return member.network.params.flat


def test_the_forecast_is_the_mixture_of_its_members(trained, series):
    """In equal shares; a member of three is to the bit what it is among two or alone."""
    three = trained(members=3, epochs=1)
    laws = three.outlook(series(), ORIGINS).members
    law = three.predict(series(), ORIGINS)
    assert isinstance(law, Mixture)
    expected = np.mean([one.cdf(0.01) for one in laws], axis=0)
    np.testing.assert_allclose(law.cdf(0.01), expected, rtol=1e-12)
    assert not isinstance(trained(epochs=1).predict(series(), ORIGINS), Mixture)


def test_a_member_does_not_depend_on_how_many_there_are(series, small):
    """Streams go by the number of the member, and no two are the same."""
    fitted = []
    for members in (1, 3):
        fitted.append(Forecaster(replace(small, members=members, epochs=1)))
        fitted[-1].fit(series())
    (alone,), (first, second, third) = (one.members for one in fitted)
    np.testing.assert_array_equal(weights(alone), weights(first))
    assert alone.history == first.history
    assert not np.array_equal(weights(first), weights(second))
    assert not np.array_equal(weights(second), weights(third))
    assert fitted[1].n_weights == weights(first).size
    assert fitted[1].n_steps(series()) == 3 * fitted[0].n_steps(series())


@pytest.mark.parametrize("target", ["returns", "volatility"])
def test_variances_of_members_are_one_forecast(trained, series, target):
    """The variance is that of the mixture, or the mean of those that the networks say."""
    forecaster = trained(members=3, epochs=1, target=target)
    variance = forecaster.predict_variance(series(), ORIGINS)
    steps = np.arange(1, 4)
    if target == "returns":
        expected = forecaster.predict(series(), ORIGINS).std ** 2 / steps
    else:
        laws = forecaster.outlook(series(), ORIGINS).members
        pairs = zip(laws, forecaster.members, strict=True)
        widths = [law.scale / member.residual[0] for law, member in pairs]
        expected = np.mean(np.square(widths), axis=0) / steps
    np.testing.assert_allclose(variance, expected, rtol=1e-12)


def test_the_spread_over_seeds_is_told(trained, series):
    """Rows hold the lowest and highest of each outer quantile; the forecast lies between them."""
    rows = make_forecast(trained(members=3, epochs=1), series()).rows()
    for row in rows:
        assert row["members"] == 3
        for level in OUTER:
            name = f"q{round(100 * level):02d}"
            low, high = row[f"seeds_{name}_low"], row[f"seeds_{name}_high"]
            assert low < high or level == 0.5  # where no median is believed, all are the last close
            assert low <= row[name] <= high
    alone = make_forecast(trained(), series()).rows()[0]
    assert alone["members"] == 1
    assert not [name for name in alone if name.startswith("seeds")]
