"""Rows, sources and ages of forecasts, and the width of those that train a location alone."""

from dataclasses import replace

import numpy as np
import pytest

from lstmfin.data.windows import make_windows
from lstmfin.errors import DataError
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.forecasts import LEVELS, make_forecast
from lstmfin.models.settle import ERRORS_A_STEP
from lstmfin.models.view import LEAST_WINDOWS, training_blocks


def test_rows_have_one_set_of_names_in_order(trained, series):
    """Names stand in the order of the levels, the model's before the naive."""
    assert list(LEVELS) == sorted(LEVELS)
    np.testing.assert_allclose(np.add(LEVELS, LEVELS[::-1]), 1)
    forecast = make_forecast(trained(), series())
    q = ["q05", "q25", "q50", "q75", "q95"]
    names = ["origin", "horizon", "session", "last_close", *q, "chance_of_rise"]
    names += ["daily_volatility", "expected_move"]
    last = ["naive_daily_volatility", "members", "not_seen"]
    for row in forecast.rows():
        assert list(row) == [*names, *(f"naive_{name}" for name in q), *last]
        assert row["naive_q50"] == pytest.approx(row["last_close"], rel=1e-14)
        assert 0 < row["chance_of_rise"] < 1
    np.testing.assert_array_equal(forecast.prices((0.75, 0.25)), forecast.prices()[:, [3, 1]])


def test_rows_are_in_the_unit_of_the_close(trained, series):
    """Prices a thousand times as large give rows a thousand times as large, and no other chance."""
    prices = series()
    bars = prices.bars.copy()
    columns = ["open", "high", "low", "close", "adj_close"]
    bars[columns] = bars[columns] * 1024.0
    one, other = (make_forecast(trained(), p).rows() for p in (prices, replace(prices, bars=bars)))
    for row, large in zip(one, other, strict=True):
        for name, value in row.items():
            if name.startswith(("q", "naive_q", "last", "expected")):
                assert large[name] == pytest.approx(1024 * value, rel=1e-5)
        assert large["chance_of_rise"] == pytest.approx(row["chance_of_rise"], abs=1e-4)


def test_prices_of_another_source_are_refused(trained, series):
    """The message names both sources and the command that helps; currency is carried."""
    prices = replace(series(), currency="CHF")
    assert make_forecast(trained(), prices).currency == "CHF"
    with pytest.raises(DataError, match=r"from synthetic, .* are from csv; .*lstmfin train GARCH"):
        make_forecast(trained(), replace(prices, source="csv"))


def test_prices_that_fill_no_window_are_refused(trained, series):
    """As many sessions as the warm-up and a window make one forecast; one fewer makes none."""
    assert len(make_forecast(trained(), series(26)).rows()) == 3
    with pytest.raises(DataError, match="has 25 finished sessions"):
        make_forecast(trained(), series(25))


def test_age_is_that_of_finished_sessions(trained, series):
    """Neither prices that end before the training did nor an open session make a model older."""
    whole = series(200, end=2400)
    made = Forecaster(trained().config)
    made.__dict__.update(vars(trained()))
    made.provenance = replace(trained().provenance, last=str(whole.sessions[149]))
    assert make_forecast(made, whole).stale_sessions == 50
    assert make_forecast(made, whole.slice(100)).stale_sessions == 0
    final = np.arange(200) < 199
    opened = replace(whole, bars=whole.bars.assign(final=final))
    assert make_forecast(made, opened).stale_sessions == 49
    made.provenance = None
    assert make_forecast(made, whole).stale_sessions == 0


@pytest.mark.parametrize("horizon", [3, 5])
@pytest.mark.parametrize("loss", ["mse", "huber"])
def test_few_errors_leave_the_naive_width(series, small, loss, horizon):
    """Below ten errors a session ahead, and thirty in all, the width is that of the targets."""
    least = max(LEAST_WINDOWS, ERRORS_A_STEP * horizon)
    for n_errors in (least - 1, least):
        prices = series(5 * n_errors + 25 + horizon)
        forecaster = Forecaster(replace(small, loss=loss, horizon=horizon))
        forecaster.fit(prices)
        windows = make_windows(prices, window=small.window, horizon=horizon)
        assert len(training_blocks(forecaster.config, windows, [prices])[1]) == n_errors
        is_naive = n_errors < least
        assert np.array_equal(forecaster.residual, forecaster.naive) == is_naive
        origins = windows.origins[-3:]
        law, naive = (f(prices, origins) for f in (forecaster.predict, forecaster.predict_naive))
        assert np.array_equal(law.scale, naive.scale) == is_naive
        np.testing.assert_array_equal(law.dof, np.tile(forecaster.residual[1], (3, 1)))


def test_a_law_of_its_own_needs_no_errors(trained):
    """Where the loss trains a width, none is taken from the validation block, many or few."""
    assert trained().residual is None
