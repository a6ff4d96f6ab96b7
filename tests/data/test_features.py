"""The contract of every feature, walked over the registry."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from made_prices import build_prices

from lstmfin.data.feature import Scaling
from lstmfin.data.features.volume import LEAST
from lstmfin.data.panel import beside
from lstmfin.data.prices import Prices, drop_range
from lstmfin.data.variance import realised_variance, yang_zhang
from lstmfin.data.volatility import WARM_UP, price_volatility
from lstmfin.data.windows import make_windows
from lstmfin.errors import DataError
from lstmfin.registry import FEATURES

NAMES = FEATURES.names()
NEED_A_RANGE = {"range", "parkinson", "garman-klass", "rogers-satchell", "yang-zhang"}
OF_PANEL = {"panel-day", "panel-week", "panel-month"}
PRICE_COLUMNS = ["open", "high", "low", "close", "adj_close"]


def seen_by(name, prices):
    """Return the prices as a feature asks for them: of a panel, closes beside another's."""
    if not FEATURES.get(name).of_panel:
        return prices
    return beside(drop_range(prices), [drop_range(build_prices(seed=1, symbol="OTHER"))])


def poisoned(prices, t, how):
    """Return the prices with everything after t replaced."""
    bars = prices.bars.copy()
    after = bars.index[t + 1 :]
    columns = [*PRICE_COLUMNS, "volume"]
    if how == "scaled":
        bars.loc[after, columns] *= 1e6
    elif how == "flat":
        bars.loc[after, PRICE_COLUMNS] = 1.0
        bars.loc[after, "volume"] = 0.0
    elif how == "shifted":
        bars.loc[after, columns] = bars.loc[after, columns].to_numpy()[::-1]
    else:
        bars = bars.iloc[: t + 1]
    return Prices("TEST", bars)


@pytest.mark.parametrize("how", ["scaled", "flat", "shifted", "cut off"])
@pytest.mark.parametrize("t", [25, 100, 198])
@pytest.mark.parametrize("name", NAMES)
def test_no_future_in_any_value(name, t, how, prices):
    """Whatever comes after t, values up to t keep every bit."""
    compute = FEATURES.get(name).compute
    before = compute(seen_by(name, prices))[: t + 1]
    after = compute(seen_by(name, poisoned(prices, t, how)))[: t + 1]
    np.testing.assert_array_equal(before.view(np.int64), after.view(np.int64))


@pytest.mark.parametrize("t", [90, 150])
def test_no_future_in_any_window(t, prices):
    """Whatever comes after its origin, a window and its volatility keep every bit."""
    before = make_windows(prices, window=30, horizon=5)
    for how in ["scaled", "flat", "shifted", "cut off"]:
        after = make_windows(poisoned(prices, t, how), window=30, horizon=5)
        at = np.flatnonzero(before.origins <= t)
        np.testing.assert_array_equal(before.batch(at), after.batch(at))
        np.testing.assert_array_equal(before.volatility[at], after.volatility[at])


@pytest.mark.parametrize("name", NAMES)
def test_warm_up_is_short_and_then_all_is_finite(name, prices):
    """A value for every session, finite after the warm-up."""
    values = FEATURES.get(name).compute(seen_by(name, prices))
    assert values.shape == (len(prices),)
    assert values.dtype == np.float64
    assert np.isfinite(values[WARM_UP:]).all()
    assert np.ptp(values[WARM_UP:]) > 0


@pytest.mark.parametrize("name", NAMES)
def test_windows_do_not_know_the_currency(name, prices):
    """Prices times 1000 give the same scaled windows."""
    bars = prices.bars.copy()
    bars[PRICE_COLUMNS] *= 1000
    windows, scaled = (
        make_windows(seen_by(name, one), features=(name,), window=30, horizon=5)
        for one in (prices, replace(prices, bars=bars))
    )
    every = np.arange(len(windows))
    np.testing.assert_allclose(windows.batch(every), scaled.batch(every), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_scaling_by_the_origin(name, prices):
    """A window is scaled by its origin's volatility, centred on its origin, or left alone."""
    feature, prices = FEATURES.get(name), seen_by(name, prices)
    windows = make_windows(prices, features=(name,), window=30, horizon=5)
    at = 7
    raw = feature.compute(prices)[windows.origins[at] - 29 : windows.origins[at] + 1]
    expected = {
        Scaling.VOLATILITY: raw / windows.volatility[at],
        Scaling.CENTRED: raw - raw[-1],
        Scaling.LOG_VARIANCE: raw - 2 * np.log(windows.volatility[at]),
        Scaling.NONE: raw,
    }[feature.scaling]
    got = windows.batch(np.array([at]))[0, :, 0]
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_how_each_feature_is_scaled():
    """What moves with the price is measured in volatilities; a level is seen from its origin."""
    scaled = {
        kind: {name for name in NAMES if FEATURES.get(name).scaling is kind} for kind in Scaling
    }
    returns = {"log-return", "absolute-return", "return-week", "return-month"}
    assert scaled == {
        Scaling.VOLATILITY: {*returns, "range", "drawdown"},
        Scaling.CENTRED: {"volatility"},
        Scaling.LOG_VARIANCE: {"variance-day", "variance-week", "variance-month"}
        | (NEED_A_RANGE - {"range"})
        | OF_PANEL,
        Scaling.NONE: {"volatility-ratio", "volume", "weekday", "month-end"},
    }


def test_what_a_series_carries():
    """A close alone carries returns and volatility; range and volume need their columns."""
    bare = drop_range(build_prices(volume=np.nan))
    carried = {name for name in NAMES if FEATURES.get(name).carried_by(bare)}
    assert carried == {*NAMES} - NEED_A_RANGE - OF_PANEL - {"volume"}
    assert all(FEATURES.get(one).carried_by(seen_by(one, build_prices())) for one in NAMES)


def test_features_against_loops(prices):
    """Lagged returns, mean variances, drawdown and the calendar, each by its definition."""
    close, variance = np.log(prices.column("adj_close")), realised_variance(prices)
    usual = price_volatility(prices)
    for t in (60, 150, 199):
        session = prices.bars.index[t]
        month = pd.bdate_range(session, session + pd.offsets.MonthEnd(0))
        weights = (249 / 251) ** np.arange(t - 19)[::-1]
        expected = {
            "absolute-return": abs(close[t] - close[t - 1]),
            "return-week": (close[t] - close[t - 5]) / np.sqrt(5),
            "return-month": (close[t] - close[t - 21]) / np.sqrt(21),
            "variance-day": np.log(variance[t]),
            "variance-week": np.log(variance[t - 4 : t + 1]).mean(),
            "variance-month": np.log(variance[t - 21 : t + 1]).mean(),
            "garman-klass": np.log(variance[t]),
            "parkinson": np.log(realised_variance(prices, "parkinson")[t]),
            "rogers-satchell": np.log(realised_variance(prices, "rogers-satchell")[t]),
            "yang-zhang": np.log(yang_zhang(prices)[t]),
            "drawdown": (close[t] - close[: t + 1].max()) / np.sqrt(250),
            "volatility-ratio": np.log(usual[t] / np.average(usual[20 : t + 1], weights=weights)),
            "weekday": (session.day_of_week - 2) / 2,
            "month-end": 1 / len(month),
        }
        for name, value in expected.items():
            got = FEATURES.get(name).compute(prices)[t]
            assert got == pytest.approx(value, rel=1e-9, abs=1e-12), name


def test_volume_of_zero_has_a_floor():
    """A session without volume is a low value, not minus infinity; a start without any is zero."""
    volume = np.r_[np.zeros(30), np.nan, np.full(69, 100.0), np.zeros(100)]
    values = FEATURES.get("volume").compute(build_prices(volume=volume))
    np.testing.assert_array_equal(values[:31], 0)
    np.testing.assert_array_equal(values[31:100], 0)
    np.testing.assert_allclose(values[100:159], np.log(LEAST))
    assert np.isfinite(values).all()


def test_range_needs_prices_above_zero():
    """A low of zero or less is refused by session."""
    low = build_prices().column("low").copy()
    low[5] = 0
    with pytest.raises(DataError, match="TEST: the low of 2020-01-08 is 0"):
        FEATURES.get("range").compute(build_prices(low=low))
