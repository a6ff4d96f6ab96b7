"""States that are carried from window to window: a forecast does not hang on what else is asked."""

import numpy as np
import pytest

from lstmfin.config import TrainConfig
from lstmfin.models.forecaster import Forecaster


@pytest.mark.parametrize("cell", ["lstm", "lstm1997"])
def test_any_origins_in_any_order(series, cell):
    """One by one, every third, or backwards: what is said of an origin is the same."""
    prices = series(200)
    config = TrainConfig(
        cell=cell, hidden=4, window=10, horizon=2, epochs=2, batch=8, stateful=True, patience=9
    )
    forecaster = Forecaster(config)
    forecaster.fit(prices)
    weights = forecaster.network.params.flat
    weights += 0.3 * np.random.default_rng(0).standard_normal(weights.size).astype(np.float32)
    origins = np.arange(len(prices) - 40, len(prices))
    whole = forecaster.predict(prices, origins)
    for some in (origins[::3], origins[::-1], origins[-1:], origins[[5, 2, 30]]):
        law = forecaster.predict(prices, some)
        at = some - origins[0]
        np.testing.assert_allclose(law.location, whole.location[at], rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(law.scale, whole.scale[at], rtol=1e-4)
