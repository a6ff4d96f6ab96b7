"""A replay from its beginning, and one that goes on from what a model kept, give one range."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.data.target import cumulative_returns
from lstmfin.models import replay as module
from lstmfin.models.artifact import from_folder, to_files
from lstmfin.models.calibration import calibrate
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.replay import keep, replay

N_KNOWN = 160


@pytest.fixture(scope="module")
def whole(series):
    """Forty sessions more than the forecaster was trained on."""
    return series(N_KNOWN + 40)


@pytest.fixture(scope="module")
def forecaster(whole, small, move):
    forecaster = Forecaster(small)
    forecaster.fit(whole.slice(N_KNOWN))
    move(forecaster, whole.slice(N_KNOWN))
    return forecaster


def assert_calibrated_since(first, forecaster, prices, ahead=3):
    """The range is that of all sessions since the first, gone through in order."""
    origins = np.arange(first, len(prices))
    law = forecaster.predict(prices, origins)[:, :ahead]
    expected = calibrate(law, cumulative_returns(prices, ahead)[origins])[-1]
    found = replay(forecaster, prices, ahead=ahead, method="aci")[1]
    for p in (0.05, 0.25, 0.95):
        np.testing.assert_allclose(found.quantile(p), expected.quantile(p), rtol=1e-6)


def begins(forecaster, prices):
    """Return the first session that no weight was trained on."""
    return np.searchsorted(prices.sessions, np.datetime64(forecaster.provenance.validated_from))


@given(n_new=st.integers(0, 40), ahead=st.integers(1, 3), most=st.integers(1, 60))
def test_what_was_kept_is_what_would_be_found(forecaster, whole, n_new, ahead, most):
    """Whatever came since, however short the horizon, however far a replay looks back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "REPLAY", most)
        patch.setattr(forecaster, "kept", {"GARCH": keep(forecaster, whole.slice(N_KNOWN))})
        first = max(begins(forecaster, whole), N_KNOWN - most)
        assert_calibrated_since(first, forecaster, whole.slice(N_KNOWN + n_new), ahead)


@pytest.mark.parametrize(
    "why", ["nothing kept", "an earlier origin", "another symbol", "a session taken back"]
)
def test_from_the_beginning_where_nothing_fits(forecaster, whole, monkeypatch, why):
    """Then the last sessions up to the origin are gone through, as many as a replay may see."""
    monkeypatch.setattr(module, "REPLAY", 11)
    prices = whole.slice(N_KNOWN + 7)
    if why == "nothing kept":
        monkeypatch.setattr(forecaster, "kept", {})
    elif why == "an earlier origin":
        prices = whole.slice(N_KNOWN - 1)
    elif why == "another symbol":
        prices = replace(prices, symbol="NEW")
    else:
        prices = replace(prices, bars=prices.bars.drop(prices.bars.index[N_KNOWN - 1]))
    assert_calibrated_since(len(prices) - 11, forecaster, prices)


def test_training_keeps_what_each_series_came_to(whole, small):
    """Of each series of a panel its own, which is not that of another."""
    series = [replace(whole, symbol="A"), replace(whole.slice(N_KNOWN), symbol="B")]
    forecaster = Forecaster(replace(small, panel=True))
    forecaster.fit(series)
    assert list(forecaster.kept) == ["A", "B"]
    for prices in series:
        found, expected = forecaster.kept[prices.symbol], keep(forecaster, prices)
        assert found.session == str(prices.sessions[-1])
        np.testing.assert_array_equal(found.calibrator.log_factor, expected.calibrator.log_factor)
    one, other = (forecaster.kept[name].calibrator.log_factor for name in "AB")
    assert (one != other).any()


def test_no_session_that_was_trained_on_is_gone_through(forecaster, whole, monkeypatch):
    """Not of a series that ended before the validation block and goes on, nor where none is left."""
    first = np.datetime64(forecaster.provenance.validated_from)
    at = int(np.searchsorted(whole.sessions, first))
    ended = whole.slice(at - 3)
    monkeypatch.setattr(forecaster, "kept", {"GARCH": keep(forecaster, ended)})
    assert (forecaster.kept["GARCH"].calibrator.log_factor == 0).all()
    seen = spied(monkeypatch)
    for method in ("aci", "split"):
        replay(forecaster, ended, ahead=3, method=method)  # nothing to learn from
        replay(forecaster, whole, ahead=3, method=method)
        assert seen == [1, len(whole) - at]
        seen.clear()


def spied(monkeypatch):
    """Return a list that how many windows are asked for is put into."""
    seen, outlook = [], Forecaster.outlook_last
    monkeypatch.setattr(
        Forecaster,
        "outlook_last",
        lambda self, prices, n: seen.append(n) or outlook(self, prices, n),
    )
    return seen


def test_few_windows_are_seen(forecaster, whole, monkeypatch):
    """Of 500 sessions before it, a saved model sees again but those whose errors are to come."""
    seen = spied(monkeypatch)
    replay(forecaster, whole.slice(N_KNOWN + 2), ahead=3, method="aci")
    assert seen == [3 + 2]


def test_what_is_kept_is_saved(forecaster, tmp_path):
    """A model that is read again goes on from the same state."""
    for name, content in to_files(forecaster).items():
        (tmp_path / name).write_bytes(content)
    (symbol, kept), *others = from_folder(tmp_path).kept.items()
    own = forecaster.kept["GARCH"]
    assert (symbol, kept.session, others) == ("GARCH", own.session, [])
    np.testing.assert_array_equal(kept.calibrator.log_factor, own.calibrator.log_factor)
    assert (own.calibrator.log_factor != 0).all()
