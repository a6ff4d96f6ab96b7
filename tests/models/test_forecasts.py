"""A forecast as people read it."""

from dataclasses import replace

import numpy as np
import pytest

from lstmfin.data.target import cumulative_returns
from lstmfin.errors import UsageError
from lstmfin.metrics.distribution import StudentT
from lstmfin.models.calibration import calibrate
from lstmfin.models.forecasts import LEVELS, make_forecast


@pytest.fixture
def prices(series):
    return series()


@pytest.fixture
def forecast(trained, prices):
    return make_forecast(trained(), prices)


def test_all_that_was_trained_for_is_forecast(forecast, prices):
    """One law and one date a session ahead, from the last session that is known."""
    assert (forecast.symbol, forecast.source) == ("GARCH", "synthetic")
    assert forecast.origin == prices.sessions[-1] == np.datetime64("2024-12-31")
    assert forecast.law.shape == forecast.naive.shape == (3,)
    expected = np.array(["2025-01-01", "2025-01-02", "2025-01-03"], "datetime64[D]")
    np.testing.assert_array_equal(forecast.sessions, expected)


def test_prices_are_in_the_unit_of_the_last_close(forecast, trained, prices):
    """Quantiles are the raw close times e to the return's quantile, whatever the adjustment."""
    for quantiles, law in (
        (forecast.prices(), forecast.law),
        (forecast.naive_prices(), forecast.naive),
    ):
        assert quantiles.shape == (3, len(LEVELS))
        assert (np.diff(quantiles, axis=1) > 0).all()
        for k, level in enumerate(LEVELS):
            expected = forecast.last_close * np.exp(law.quantile(level))
            np.testing.assert_allclose(quantiles[:, k], expected, rtol=1e-14)
    assert forecast.last_close == prices.column("close")[-1]
    halved = replace(prices, bars=prices.bars.assign(adj_close=prices.column("close") / 2))
    again = make_forecast(trained(), halved)
    np.testing.assert_allclose(again.prices(), forecast.prices(), rtol=1e-5)


def test_naive_prices_are_centred_on_the_last_close(forecast):
    """The last price is the median of who expects nothing; its range widens with the horizon."""
    naive = forecast.naive_prices()
    np.testing.assert_allclose(naive[:, 2], forecast.last_close, rtol=1e-14)
    assert (np.diff(naive[:, -1] - naive[:, 0]) > 0).all()


def test_fewer_sessions_ahead_are_the_first_of_all(forecast, trained, prices):
    """A shorter horizon gives the first rows of the whole."""
    short = make_forecast(trained(), prices, horizon=2)
    np.testing.assert_array_equal(short.prices(), forecast.prices()[:2])
    np.testing.assert_array_equal(short.naive_prices(), forecast.naive_prices()[:2])
    np.testing.assert_array_equal(short.sessions, forecast.sessions[:2])


def test_more_than_was_trained_for_is_refused(trained, prices):
    """The message names both horizons and the command that helps."""
    with pytest.raises(
        UsageError, match=r"--horizon 4 is beyond the 3 .*train GARCH .*--horizon 4 "
    ):
        make_forecast(trained(), prices, horizon=4)


def test_the_range_is_calibrated_by_what_came_before(trained, prices):
    """The law is the last of all since the first session that was not trained on, calibrated."""
    forecaster = trained()
    first = np.searchsorted(prices.sessions, np.datetime64(forecaster.provenance.validated_from))
    assert 0 < first < len(prices) - 20
    origins = np.arange(first, len(prices))
    realised = cumulative_returns(prices, 3)[origins]
    said = forecaster.predict(prices, origins)
    for method in ("aci", "split", "none"):
        law = make_forecast(forecaster, prices, calibration=method).law
        expected = calibrate(said, realised, method=method)[-1]
        for p in (0.05, 0.25, 0.95):
            np.testing.assert_allclose(law.quantile(p), expected.quantile(p), rtol=1e-6)
    own = make_forecast(forecaster, prices).law.quantile(0.05)
    assert (own != make_forecast(forecaster, prices, calibration="none").law.quantile(0.05)).all()


def test_a_stranger_is_calibrated_from_its_first_window(trained, series):
    """A series that begins after the validation block did has a forecast all the same."""
    late = series(60)
    forecaster, kept = trained(), trained().provenance
    forecaster.provenance = replace(kept, validated_from="2024-01-02")
    try:
        assert str(late.sessions[0]) > forecaster.provenance.validated_from
        assert make_forecast(forecaster, late).law.shape == (3,)
    finally:
        forecaster.provenance = kept


def test_members_are_moved_as_their_mixture_is(trained, prices):
    """The calibrated law is that of the members' values, each carried to where it comes to lie."""
    forecast = make_forecast(trained(members=3, epochs=1), prices)
    levels = (np.arange(4000) + 0.5) / 4000
    carried = forecast._returns
    values = np.concatenate([carried(law, levels) for law in forecast.members], axis=1)
    values = np.sort(values, axis=1)
    for p in (0.05, 0.5, 0.9):
        found = values[:, int(p * values.shape[1])]
        width = forecast.law.quantile(0.95) - forecast.law.quantile(0.05)
        assert (np.abs(found - forecast.law.quantile(p)) < 2e-3 * width).all()


def test_an_unfinished_session_is_no_origin(trained, prices):
    """A bar whose session is not over is neither origin nor input."""
    final = np.arange(len(prices)) < len(prices) - 1
    open_ended = replace(prices, bars=prices.bars.assign(final=final))
    forecast, expected = (
        make_forecast(trained(), one) for one in (open_ended, prices.slice(len(prices) - 1))
    )
    assert forecast.origin == prices.sessions[-2]
    assert forecast.last_close == prices.column("close")[-2]
    np.testing.assert_array_equal(forecast.prices(), expected.prices())


@pytest.mark.parametrize("shift", [-0.01, 0.01])
def test_rows_are_plain_and_rise(forecast, shift):
    """Rows hold plain values: quantiles that rise, and a chance that agrees with the median."""
    forecast = replace(forecast, law=StudentT(shift, forecast.law.base.scale, 5.0))
    rows = forecast.rows()
    assert [row["horizon"] for row in rows] == [1, 2, 3]
    for h, row in enumerate(rows):
        assert row["not_seen"] == []
        assert {type(value) for value in row.values()} == {str, int, float, list}
        quantiles = [row[name] for name in ("q05", "q25", "q50", "q75", "q95")]
        np.testing.assert_array_equal(quantiles, forecast.prices()[h])
        np.testing.assert_array_equal(
            [row[f"naive_{name}"] for name in ("q05", "q95")], forecast.naive_prices()[h][[0, -1]]
        )
        assert row["chance_of_rise"] == pytest.approx(1 - float(forecast.law.cdf(0.0)[h]))
        assert (row["chance_of_rise"] > 0.5) == (row["q50"] > row["last_close"]) == (shift > 0)
        assert (row["origin"], row["session"]) == ("2024-12-31", str(forecast.sessions[h]))


def test_staleness_is_counted_in_sessions(trained, series):
    """Sessions since the last one trained on are counted."""
    forecaster = trained()
    assert make_forecast(forecaster, series(160)).stale_sessions == 0
    earlier = replace(forecaster.provenance, last=str(series(160).sessions[-8]), n_sessions=153)
    kept, forecaster.provenance = forecaster.provenance, earlier
    try:
        assert make_forecast(forecaster, series(160)).stale_sessions == 7
    finally:
        forecaster.provenance = kept
