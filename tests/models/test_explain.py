"""What a forecast rests on, in words and numbers, by loss and target."""

import numpy as np
import pytest

from lstmfin.errors import UsageError
from lstmfin.models.explain import explain


@pytest.mark.parametrize(
    ("changes", "part", "said"),
    [
        ({}, "auto", "log width"),
        ({}, "centre", "daily volatilities"),
        ({"loss": "mse"}, "auto", "daily volatilities"),
        ({"loss": "quantile"}, "auto", "daily volatilities"),
        ({"target": "volatility"}, "auto", "log variance"),
        ({"target": "direction"}, "auto", "log odds"),
    ],
)
def test_what_is_explained(trained, series, changes, part, said):
    """The width where there is one, else the centre; it adds up to what the networks say."""
    forecaster = trained(members=2, **changes)
    found = explain(forecaster, series(), 120, part)
    assert found.unit == said
    assert found.attribution.is_complete
    assert found.attribution.values.shape == (6, len(found.inputs))
    origin = np.array([120])
    outlook, seen = forecaster.outlook(series(), origin), forecaster.seen(series(), origin)
    volatility = seen.windows.volatility[seen.rows]
    forecast = found.attribution.forecast
    if said == "log width":
        scales = [np.log(law.scale[0, 0] / volatility) for law in outlook.members]
        assert forecast == pytest.approx(np.mean(scales), abs=1e-4)
    if said == "log variance":
        ratios = [np.log(one[0, 0] / volatility**2) for one in outlook.variances]
        levels = [np.log(member.level[0]) for member in forecaster.members]
        assert forecast == pytest.approx(np.mean(ratios) - np.mean(levels), abs=1e-4)
    if said == "log odds":
        chances = [1 - law.cdf(np.zeros((1, 3)))[0, 0] for law in outlook.members]
        odds = np.mean([np.log(p / (1 - p)) for p in chances])
        assert forecast == pytest.approx(odds, abs=1e-4)


def test_no_width_is_explained_that_is_not_trained(trained, series):
    """One sentence, with what may be asked."""
    with pytest.raises(UsageError, match="trains no width; choose --explain centre"):
        explain(trained(loss="mse"), series(), 120, "width")
