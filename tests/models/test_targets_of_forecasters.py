"""What a forecaster makes of each target: variances in their unit, chances that hold."""

from dataclasses import replace

import numpy as np
import pytest

from lstmfin.data.target import cumulative_returns
from lstmfin.data.variance import mean_variance_ahead, realised_variance
from lstmfin.data.windows import make_windows
from lstmfin.engine.loss import Law as Answer
from lstmfin.errors import DataError, UsageError
from lstmfin.metrics.fit import fit_student_t
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.forecasts import make_forecast
from lstmfin.models.samples import Samples
from lstmfin.models.settle import LEAST_SCALE, _bounds_reached
from lstmfin.models.view import training_blocks
from lstmfin.registry import LOSSES, TARGETS

ORIGINS = np.array([60, 61, 90, 120])


def windows_of(prices, config):
    windows = make_windows(
        prices,
        features=config.features,
        window=config.window,
        horizon=config.horizon,
        target=config.target,
    )
    return windows, *training_blocks(config, windows, [prices])


def test_ranges_of_a_volatility_are_as_wide_as_returns_were(trained, series):
    """The law is about no return, and as wide as the root of the variance times a fitted spread."""
    forecaster = trained(target="volatility")
    law = forecaster.predict(series(), ORIGINS)
    variance = forecaster.predict_variance(series(), ORIGINS)
    np.testing.assert_array_equal(law.median, 0)
    width = np.sqrt(variance * np.arange(1, 4))
    np.testing.assert_allclose(law.scale, forecaster.residual[0] * width, rtol=1e-12)
    assert (law.dof == forecaster.residual[1]).all()


def test_the_spread_is_that_of_returns_on_the_validation_block(series, small):
    """It is fitted to the returns in units of the root of the variance that was forecast."""
    prices, forecaster = series(), Forecaster(replace(small, target="volatility"))
    forecaster.fit(prices)
    windows, _, rows = windows_of(prices, forecaster.config)
    variance = forecaster.predict_variance(prices, windows.origins[rows])
    z = cumulative_returns(prices, 3)[windows.origins[rows]] / np.sqrt(variance * [1, 2, 3])
    for h in range(3):
        scale, dof = fit_student_t(z[:, h])
        assert forecaster.residual[0][h] == pytest.approx(scale, rel=1e-6)
        assert 1 / forecaster.residual[1][h] == pytest.approx(1 / dof, abs=1e-4)


@pytest.mark.parametrize("loss", ["mse", "huber", "student-t", "quantile"])
def test_losses_of_a_log_are_set_right_in_the_mean(series, small, loss):
    """Where the loss is of the logarithm, variances agree with the realised in the mean."""
    prices = series(400)
    forecaster = Forecaster(replace(small, target="volatility", loss=loss))
    forecaster.fit(prices)
    windows, _, rows = windows_of(prices, forecaster.config)
    forecast = forecaster.predict_variance(prices, windows.origins[rows])
    ahead = mean_variance_ahead(realised_variance(prices), 3)[windows.origins[rows]]
    np.testing.assert_allclose((ahead / forecast).mean(axis=0), 1, rtol=1e-4)


def test_a_chance_of_a_rise_holds_in_the_law(trained, series):
    """The law's chance of a rise is what the network says; its width is the naive one."""
    forecaster = trained(target="direction")
    law = forecaster.predict(series(), ORIGINS)
    windows, rows = forecaster._at(series(), ORIGINS)
    x, _ = Samples(windows, forecaster.scaler, rows).batch(np.arange(4))
    outputs = forecaster.network.forward(x.transpose(1, 2, 0)).astype(float).T
    np.testing.assert_allclose(1 - law.cdf(0.0), 1 / (1 + np.exp(-outputs)), rtol=1e-9)
    assert len(np.unique(outputs)) == 12
    np.testing.assert_array_equal(law.scale, forecaster.predict_naive(series(), ORIGINS).scale)
    rows = make_forecast(forecaster, series()).rows()
    for row in rows:
        assert (row["chance_of_rise"] > 0.5) == (row["q50"] > row["last_close"])


def test_expected_moves_are_in_prices(trained, series):
    """The expected move is the mean size of the move over the law, in the unit of the close."""
    forecast = make_forecast(trained(target="volatility", members=2, epochs=1), series())
    p = (np.arange(20_000) + 0.5) / 20_000
    exact = np.abs(np.expm1(forecast.law[:, None].quantile(p))).mean(axis=1) * forecast.last_close
    np.testing.assert_allclose(forecast.expected_moves(), exact, rtol=0.005)
    row = forecast.rows()[0]
    assert row["daily_volatility"] == pytest.approx(float(forecast.volatility[0]))
    assert 0 < row["expected_move"] < row["q95"] - row["q05"]


def test_what_comes_in_waves_is_foreseen(series, small):
    """Where volatility goes up and down as a wave, QLIKE out of sample is far below that at first."""
    prices = series(1800, closes_only=True)
    rng, t = np.random.default_rng(0), np.arange(1800)
    returns = 0.01 * np.exp(np.sin(2 * np.pi * t / 24)) * rng.standard_normal(1800)
    close = 100 * np.exp(np.cumsum(returns))
    prices = replace(prices, bars=prices.bars.assign(close=close, adj_close=close))
    config = replace(small, target="volatility", hidden=8, window=22, horizon=1, epochs=8)
    config = replace(config, learning_rate=0.01)
    learned, new = (
        Forecaster(replace(config, **changes))
        for changes in ({}, {"epochs": 1, "learning_rate": 1e-12})
    )
    origins = np.arange(1300, 1790)
    truth = realised_variance(prices)[origins + 1]
    scores = []
    for forecaster in (learned, new):
        forecaster.fit(prices.slice(1300))
        ratio = truth / forecaster.predict_variance(prices, origins)[:, 0]
        scores.append(np.mean(ratio - np.log(ratio) - 1))
    assert scores[0] < 0.9 * scores[1]


@pytest.mark.parametrize("target", TARGETS.names())
def test_losses_that_do_not_fit_are_refused(small, target):
    """Each target takes the losses that say so; the message names them."""
    for loss in LOSSES.names():
        if target in LOSSES.get(loss).targets:
            assert Forecaster(replace(small, target=target, loss=loss)).config.loss == loss
        else:
            with pytest.raises(UsageError, match=f"--loss {loss} does not fit --target {target}; "):
                Forecaster(replace(small, target=target, loss=loss))
    assert Forecaster(replace(small, target=target)).config.loss == TARGETS.get(target).loss


@pytest.mark.parametrize("target", TARGETS.names())
def test_prices_that_do_not_move_are_refused(series, small, target):
    """A constant series names itself; one that rests most of the time has no law."""
    prices = series(closes_only=True)
    flat = replace(prices, bars=prices.bars.assign(close=5.0, adj_close=5.0))
    with pytest.raises(DataError, match="GARCH: zero variance"):
        Forecaster(replace(small, target=target)).fit(flat)
    close = np.repeat(prices.column("close")[::5], 5)
    rests = replace(prices, bars=prices.bars.assign(close=close, adj_close=close))
    with pytest.raises(DataError, match="GARCH: no Student t law fits"):
        Forecaster(replace(small, target=target, horizon=1)).fit(rests)


def test_estimators_that_cannot_be_carried_are_refused(series, small):
    """Without a range the message names what can be had."""
    forecaster = Forecaster(replace(small, target="volatility", variance="parkinson"))
    with pytest.raises(DataError, match=r"GARCH has no open.*--variance close"):
        forecaster.fit(series(closes_only=True))


def test_fits_at_their_bounds_are_told(trained):
    """Degrees of freedom at the bound, and ranges without width, are put into words."""
    member = replace(trained(loss="mse").members[0])
    shape = np.ones((5, 3))
    sound = Answer(shape, shape, 5 * shape)
    member.residual = None
    assert _bounds_reached(member, sound) == []
    (text,) = _bounds_reached(member, Answer(shape, shape, 2.051 * shape))
    assert "degrees of freedom are at their bound, 2.05" in text
    (text,) = _bounds_reached(member, Answer(shape, LEAST_SCALE / 2 * shape, 5 * shape))
    assert "no width" in text
    member.residual = (np.ones(3), np.array([5.0, 2.1, 9.0]))
    (text,) = _bounds_reached(member, Answer(shape))
    assert "2.1 degrees of freedom" in text


def test_wild_errors_are_told_of_in_training(series, small):
    """A few sessions that outweigh all others leave a warning, and a model."""
    prices = series(300, closes_only=True)
    returns = prices.log_returns()
    returns[0] = 0
    returns[10::60] *= 60
    close = 100 * np.exp(np.cumsum(returns))
    wild = replace(prices, bars=prices.bars.assign(close=close, adj_close=close))
    forecaster = Forecaster(replace(small, loss="mse", horizon=1))
    forecaster.fit(wild)
    assert any(
        "GARCH: the tails of the errors are at their bound" in w for w in forecaster.warnings
    )
