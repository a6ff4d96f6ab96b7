"""The forecaster: what it learns from, what it says, and what it must not see."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.config import TrainConfig
from lstmfin.data.windows import carried_features, make_windows
from lstmfin.errors import DataError
from lstmfin.metrics.fit import fit_student_t
from lstmfin.models.artifact import to_files
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.samples import Samples
from lstmfin.models.view import LEAST_WINDOWS, training_blocks
from lstmfin.registry import CELLS, LOSSES, TARGETS

ORIGINS = np.array([60, 61, 90, 120])


def _parameters(law):
    return law.location, law.scale, law.dof


def _assert_same_bits(one, other):
    for a, b in zip(_parameters(one), _parameters(other), strict=True):
        np.testing.assert_array_equal(a, b)


KINDS = [{"cell": cell} for cell in CELLS.names()]
KINDS += [
    {"loss": loss, "target": target}
    for loss in LOSSES.names()
    for target in sorted(LOSSES.get(loss).targets)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind.values()))
def test_every_cell_loss_and_target_learns(trained, series, kind):
    """From prices to a law (N, H), finite and with a width, and to a variance."""
    forecaster = trained(**kind, layers=2)
    law = forecaster.predict(series(), ORIGINS)
    assert law.shape == (4, 3)
    quantiles = law[..., None].quantile([0.05, 0.5, 0.95])
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles) > 0).all()
    variance = forecaster.predict_variance(series(), ORIGINS)
    assert variance.shape == (4, 3)
    assert (np.isfinite(variance) & (variance > 0)).all()
    trains_spread = LOSSES.get(forecaster.config.loss).n_parameters > 1
    by_errors = {"returns": not trains_spread, "volatility": True, "direction": False}
    assert (forecaster.residual is not None) == by_errors[forecaster.config.target]
    assert len(forecaster.history.validation_loss) == len(forecaster.history.train_loss) + 1
    assert forecaster.n_weights == forecaster.network.params.flat.size > 0


@pytest.mark.parametrize("closes_only", [False, True])
@pytest.mark.parametrize("target", TARGETS.names())
def test_the_future_is_not_seen(series, poison, small, move, closes_only, target):
    """What comes after an origin does not change its law by a bit."""
    prices = series(closes_only=closes_only)
    forecaster = Forecaster(replace(small, target=target))
    forecaster.fit(prices.slice(120))
    move(forecaster, prices.slice(120))
    assert len(np.unique(forecaster.predict(prices, ORIGINS).std)) == 12
    for predict in (forecaster.predict, forecaster.predict_naive):
        expected = predict(prices, ORIGINS)
        _assert_same_bits(predict(poison(prices, ORIGINS[-1]), ORIGINS), expected)
        _assert_same_bits(predict(prices.slice(ORIGINS[-1] + 1), ORIGINS), expected)
        changed = predict(poison(prices, ORIGINS[1]), ORIGINS)
        _assert_same_bits(changed[:2], expected[:2])
        assert (changed.scale[2:] != expected.scale[2:]).all()


def test_one_origin_or_many(trained, series):
    """A forecast does not depend on what else is forecast with it, but for rounding."""
    forecaster = trained()
    together = forecaster.predict(series(), ORIGINS)
    for n, origin in enumerate(ORIGINS):
        alone = forecaster.predict(series(), np.array([origin]))
        for a, b in zip(_parameters(alone), _parameters(together), strict=True):
            np.testing.assert_allclose(a[0], b[n], rtol=1e-5, atol=1e-8)


def test_same_seed_same_bytes(series, small):
    """The same prices, configuration and names give the same files; another seed or name others."""
    prices, files = series(), []
    for seed, names in ((0, ()), (0, ()), (1, ()), (0, ("fold 1",))):
        forecaster = Forecaster(replace(small, seed=seed), stream_names=names)
        forecaster.fit(prices)
        files.append(to_files(forecaster))
    assert files[0] == files[1]
    weights = [one["weights.npz"] for one in files[1:]]
    assert len(set(weights)) == 3


def test_another_symbol_draws_other_weights(series, small):
    """The stream depends on the symbol, so that two series are never trained by one draw."""
    prices, drawn = series(), []
    for symbol in ("A", "B"):
        forecaster = Forecaster(replace(small, epochs=1, learning_rate=1e-12))
        forecaster.fit(replace(prices, symbol=symbol))
        drawn.append(forecaster.network.params["layer0.A"].copy())
    assert np.abs(drawn[0] - drawn[1]).max() > 0.1


def _blocks(n_known, *, horizon, validation, n_lost=25):
    """Return the blocks of a series with so many known targets, and so many sessions without."""
    days = np.datetime64("2020-01-01") + np.arange(n_known + 2 * horizon)
    windows = SimpleNamespace(
        known=np.arange(n_known),
        sessions=days[: n_known + horizon],
        ends=np.r_[days[horizon : n_known + horizon], np.full(horizon, np.datetime64("NaT"))],
    )
    prices = type("Sized", (), {"symbol": "TEST", "__len__": lambda _: n_known + n_lost})()
    config = TrainConfig(horizon=horizon, validation=validation)
    return training_blocks(config, windows, [prices])


@given(
    n_known=st.integers(0, 800),
    horizon=st.integers(1, 40),
    validation=st.floats(0.01, 0.5),
)
def test_validation_comes_after_training_with_a_gap(n_known, horizon, validation):
    """No training target reaches a validation origin, nothing else is lost; or there is too little.

    Where there is too little, both numbers are told, and the one asked for is enough.
    """
    try:
        train, held_out = _blocks(n_known, horizon=horizon, validation=validation)
    except DataError as error:
        words = str(error).replace(":", "").split()
        assert words[:3] == ["TEST", "has", str(n_known + 25)]
        needed = int(words[words.index("need") + 1])
        assert needed > n_known + 25
        _blocks(needed - 25, horizon=horizon, validation=validation)
        return
    assert held_out[0] - train[-1] - 1 == horizon
    assert train[-1] + horizon < held_out[0]
    np.testing.assert_array_equal(train, np.arange(len(train)))
    np.testing.assert_array_equal(held_out, np.arange(held_out[0], n_known))
    assert len(held_out) == pytest.approx(validation * n_known, abs=0.51)
    assert len(train) >= LEAST_WINDOWS
    assert len(held_out) >= LEAST_WINDOWS / 10


def test_too_short_a_series_names_both_numbers(series, small):
    """The error says how many sessions there are and how many are needed; so many are enough."""
    with pytest.raises(DataError, match=r"GARCH has 60 sessions; .* need (\d+)") as caught:
        Forecaster(small).fit(series(60))
    needed = int(str(caught.value).split(" need ")[1].split(":")[0])
    Forecaster(small).fit(series(needed))
    with pytest.raises(DataError, match="GARCH has 10 finished sessions; a window of 6 needs 26"):
        Forecaster(small).fit(series(10))


@pytest.fixture
def fitted(series, small):
    """Return prices, a forecaster fitted on them, its windows, and the rows it trained on."""
    prices, forecaster = series(), Forecaster(small)
    forecaster.fit(prices)
    windows = make_windows(prices, window=small.window, horizon=small.horizon)
    return prices, forecaster, windows, training_blocks(forecaster.config, windows, [prices])[0]


def test_scaler_is_that_of_the_training_windows(fitted):
    """Mean and spread are those of the training windows and of no other."""
    _, forecaster, windows, rows = fitted
    x = windows.batch(rows).astype(float)
    np.testing.assert_allclose(forecaster.scaler.mean, x.mean(axis=(0, 1)), rtol=1e-9)
    np.testing.assert_allclose(forecaster.scaler.std, x.std(axis=(0, 1)), rtol=1e-9)
    scaled, target = Samples(windows, forecaster.scaler, rows).batch(np.arange(len(rows)))
    np.testing.assert_array_equal(target, windows.target[rows])
    np.testing.assert_allclose(scaled.mean(axis=(0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(scaled.std(axis=(0, 1)), 1, atol=1e-4)


def test_a_feature_that_never_moves_is_not_divided_by_zero(series, small):
    """A constant input is centred and left."""
    prices = series()
    calm = replace(prices, bars=prices.bars.assign(volume=1000.0))
    forecaster = Forecaster(replace(small, features=("volume", "log-return")))
    forecaster.fit(calm)
    assert forecaster.scaler.std[0] == 1
    assert np.isfinite(forecaster.predict(calm, ORIGINS).scale).all()


def test_naive_law_is_fitted_on_training_targets(fitted):
    """The law to compare with is that of the training targets about zero, horizon by horizon."""
    prices, forecaster, windows, rows = fitted
    scale, dof = forecaster.naive
    for h in range(3):
        assert (scale[h], dof[h]) == fit_student_t(windows.target[rows, h])
    law = forecaster.predict_naive(prices, windows.origins[-2:])
    root = np.sqrt(np.arange(1, 4))
    np.testing.assert_allclose(law.scale[1], windows.volatility[-1] * root * scale, rtol=1e-13)
    assert not law.location.any()


def test_nothing_of_the_validation_block_is_learned(fitted, poison, small):
    """Scaler and naive law do not change by a bit when all after the training targets is noise."""
    prices, forecaster, windows, rows = fitted
    other = Forecaster(small)
    other.fit(poison(prices, int(windows.origins[rows[-1]]) + small.horizon))
    np.testing.assert_array_equal(other.scaler.mean, forecaster.scaler.mean)
    np.testing.assert_array_equal(other.scaler.std, forecaster.scaler.std)
    np.testing.assert_array_equal(other.naive, forecaster.naive)
    assert other.history.train_loss[0] == forecaster.history.train_loss[0]
    assert other.history.validation_loss[0] != forecaster.history.validation_loss[0]


def test_a_new_network_says_the_naive_law(series, small):
    """Before it has learned anything, a Student t network is the naive law."""
    forecaster = Forecaster(replace(small, epochs=1, learning_rate=1e-12))
    forecaster.fit(series())
    law, naive = (f(series(), ORIGINS) for f in (forecaster.predict, forecaster.predict_naive))
    np.testing.assert_allclose(law.scale, naive.scale, rtol=1e-5)
    np.testing.assert_allclose(law.location, 0, atol=1e-9)
    np.testing.assert_allclose(1 / law.dof, 1 / naive.dof, atol=1 / 199)


def test_residual_law_is_that_of_the_validation_errors(series, small):
    """Losses that train a location take their width from the errors on the validation block."""
    prices, forecaster = series(), Forecaster(replace(small, loss="mse"))
    forecaster.fit(prices)
    windows = make_windows(prices, window=small.window, horizon=small.horizon)
    rows = training_blocks(forecaster.config, windows, [prices])[1]
    unit = windows.volatility[rows, None] * np.sqrt(np.arange(1, 4))
    law = forecaster.predict(prices, windows.origins[rows])
    errors = windows.target[rows] - law.location / unit
    for h in range(3):
        scale, dof = fit_student_t(errors[:, h])
        assert forecaster.residual[0][h] == pytest.approx(scale, rel=1e-6)
        np.testing.assert_allclose(law.scale[:, h], scale * unit[:, h], rtol=1e-6)
        np.testing.assert_allclose(1 / law.dof[:, h], 1 / dof, atol=1e-4)


def test_features_are_those_the_series_carries(series, small):
    """Without a choice all that the series carries is used, and kept in the configuration."""
    for closes_only in (False, True):
        prices, forecaster = series(closes_only=closes_only), Forecaster(small)
        forecaster.fit(prices)
        assert forecaster.config.features == carried_features(prices)
        assert forecaster.network.architecture.n_inputs == len(carried_features(prices))
    with pytest.raises(DataError, match="'range'"):
        Forecaster(replace(small, features=("range",))).fit(prices)


def test_unfinished_sessions_are_not_learned_from(series, small):
    """A last bar whose session is not over changes nothing."""
    prices, files = series(), []
    final = np.arange(200) < 199
    for one in (replace(prices, bars=prices.bars.assign(final=final)), prices.slice(199)):
        forecaster = Forecaster(small)
        forecaster.fit(one)
        files.append(to_files(forecaster))
    assert files[0] == files[1]


def test_provenance_is_that_of_the_prices(fitted):
    """What it was trained on is told: symbol, source, digest, dates and number of sessions."""
    prices, forecaster, *_ = fitted
    about = forecaster.provenance
    assert (about.symbol, about.source, about.digest) == ("GARCH", "synthetic", prices.digest())
    assert (about.first, about.last) == (str(prices.sessions[0]), "2024-12-31")
    assert about.n_sessions == 200


def test_origins_without_a_window_are_refused(trained, series):
    """The first origins and those beyond the end are refused; the message says which there are."""
    forecaster = trained()
    first = 20 + 6 - 1
    assert forecaster.predict(series(), np.array([first, 199])).shape == (2, 3)
    for origin in (first - 1, 0, 200):
        with pytest.raises(DataError, match=f"session {first + 1} to 200 of its 200"):
            forecaster.predict(series(), np.array([60, origin]))


def test_steps_are_announced(series, small):
    """The bar is told of as many steps as were announced, when training runs to its end."""
    ticks, forecaster = [], Forecaster(replace(small, patience=100))
    assert forecaster.n_weights == 0
    announced = forecaster.n_steps(series())
    forecaster.fit(series(), tick=lambda: ticks.append(1))
    assert len(ticks) == announced > 0


def test_what_can_be_forecast_is(series):
    """On a sine without noise, errors are a fraction of the naive range."""
    prices = series(700, "SINE")
    config = TrainConfig(
        hidden=8, window=20, horizon=2, epochs=12, learning_rate=0.02, dropout=0.0,
        features=("log-return",),
    )  # fmt: skip
    forecaster = Forecaster(config)
    forecaster.fit(prices.slice(500))
    origins = np.arange(500, 690)
    truth = np.log(prices.column("close")[origins + 1] / prices.column("close")[origins])
    error = truth - forecaster.predict(prices, origins).location[:, 0]
    assert np.sqrt(np.mean(error**2)) < 0.3 * np.sqrt(np.mean(truth**2))
