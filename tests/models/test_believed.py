"""The share of a point forecast that a validation block lets stand, from training to the file."""

import json

import numpy as np
import pytest

from lstmfin.errors import ModelFileError
from lstmfin.models.artifact import from_folder, to_files
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.shrinkage import shrinkage
from lstmfin.models.view import training_blocks, windows_of_all


def whole(forecaster, prices, origins):
    """Return the medians as the networks say them."""
    kept, forecaster.share = forecaster.share, np.ones(forecaster.horizon)
    try:
        return forecaster.predict(prices, origins).median
    finally:
        forecaster.share = kept


@pytest.fixture
def forecaster(small, series):
    """Return a forecaster of a long enough series, and its prices."""
    prices = series(600)
    made = Forecaster(small.evolve(horizon=2))
    made.fit(prices)
    return made, prices


def test_the_share_is_that_of_the_validation_block(forecaster):
    """As many medians and returns as the block has, in units of volatility; and no other."""
    made, prices = forecaster
    windows, returns = windows_of_all(made.config, [prices])
    _, rows = training_blocks(made.config, windows, [prices])
    assert made.provenance.validated_from == str(windows.sessions[rows[0]])
    medians = whole(made, prices, windows.origins[rows])
    unit = windows.volatility[rows, None] * np.sqrt([1, 2])
    expected = shrinkage(medians / unit, returns[rows])
    np.testing.assert_allclose(made.share, expected, atol=1e-6)


def test_forecasts_are_shrunk(forecaster):
    """Every median is the share of what the network says; the width is the network's own."""
    made, prices = forecaster
    origins = np.arange(300, 310)
    made.share = np.array([0.25, 0.0])
    said, law = whole(made, prices, origins), made.predict(prices, origins)
    np.testing.assert_allclose(law.median, said * [0.25, 0.0], atol=1e-18)
    made.share = np.ones(2)
    np.testing.assert_array_equal(law.std, made.predict(prices, origins).std)


def test_a_long_path_has_no_direction(small, series):
    """Beyond a tenth of the validation block nothing is believed: the median is the last price."""
    prices = series(700)
    made = Forecaster(small.evolve(horizon=60, epochs=1))
    made.fit(prices)
    assert (made.share[15:] == 0).all()
    assert (made.predict(prices, np.array([650, 699])).median[:, 15:] == 0).all()


@pytest.mark.parametrize("target", ["volatility", "direction"])
def test_other_targets_have_no_median_to_shrink(small, series, target):
    """A chance of a rise stays what it is; a law of the variance has no direction anyway."""
    made = Forecaster(small.evolve(target=target, epochs=1))
    made.fit(series(160))
    assert (made.share == 1).all()


def test_the_file_keeps_the_share(forecaster, tmp_path):
    """It comes back to the bit, and one that cannot be is refused."""
    made, _ = forecaster
    made.share = np.array([1 / 3, 0.0])
    files = to_files(made)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    np.testing.assert_array_equal(from_folder(tmp_path).share, made.share)
    for bad in ([0.5], [0.5, 1.5], [-0.1, 0.0], [None, 0.0], "x"):
        manifest = json.loads(files["manifest.json"]) | {"share": bad}
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(ModelFileError, match="does not describe a model"):
            from_folder(tmp_path)
