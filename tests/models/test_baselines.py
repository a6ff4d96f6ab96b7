"""What every baseline holds to, and what the simple ones say."""

import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lstmfin.data.variance import realised_variance
from lstmfin.data.volatility import price_volatility
from lstmfin.data.windows import cumulative_returns, make_windows
from lstmfin.errors import DataError, UsageError
from lstmfin.metrics.fit import fit_student_t
from lstmfin.models.model import stream
from lstmfin.registry import BASELINES

H = 3
WINDOW = 8
NEEDS_ARCH = ("garch", "gjr")
without_arch = pytest.mark.skipif(find_spec("arch") is None, reason="the extra stats is not there")
ORIGINS = np.array([60, 61, 90, 120])


def _fitted(name, prices, horizon=H):
    model = BASELINES.get(name)(horizon, window=WINDOW)
    model.fit(prices)
    return model


def _parameters(law):
    return law.location, law.scale, law.dof


def _assert_same_bits(one, other):
    for a, b in zip(_parameters(one), _parameters(other), strict=True):
        np.testing.assert_array_equal(a, b)


def check_shapes(name, series, poison):
    """A law (N, H) of finite location and positive finite scale comes back, also for one origin."""
    model = _fitted(name, series().slice(100))
    assert model.horizon == H
    for origins in (ORIGINS, ORIGINS[:1]):
        law = model.predict(series(), origins)
        assert law.shape == (len(origins), H)
        assert np.isfinite(law.location).all()
        assert (np.isfinite(law.scale) & (law.scale > 0)).all()
        assert (law.dof > 2).all()
        variance = model.predict_variance(series(), origins)
        assert variance.shape == law.shape
        assert (np.isfinite(variance) & (variance > 0)).all()


def check_one_session_ahead(name, series, poison):
    """A horizon of one session is a horizon."""
    assert _fitted(name, series().slice(100), 1).predict(series(), ORIGINS).shape == (4, 1)


def check_the_last_origin(name, series, poison):
    """A forecast can be made from the very last session."""
    prices = series()
    law = _fitted(name, prices).predict(prices, np.array([len(prices) - 1]))
    assert np.isfinite(law.scale).all()


def check_the_future_is_not_seen(name, series, poison):
    """What comes after an origin, be it noise or nothing, does not change its law by a bit."""
    prices = series()
    model = _fitted(name, prices.slice(100))
    expected = model.predict(prices, ORIGINS)
    _assert_same_bits(model.predict(poison(prices, ORIGINS[-1]), ORIGINS), expected)
    _assert_same_bits(model.predict(prices.slice(ORIGINS[-1] + 1), ORIGINS), expected)
    changed = model.predict(poison(prices, ORIGINS[0]), ORIGINS)
    _assert_same_bits(changed[:1], expected[:1])
    at_first = (
        model.predict_variance(one, ORIGINS)[0] for one in (prices, poison(prices, ORIGINS[0]))
    )
    np.testing.assert_array_equal(*at_first)
    if name == "historical":  # whatever comes, it says the same
        _assert_same_bits(changed, expected)
    else:
        assert (changed.scale[1:] != expected.scale[1:]).all()


def check_the_past_is_learned(name, series, poison):
    """What comes before the end of the prices it is fitted on changes what it says."""
    prices = series()
    law = _fitted(name, prices.slice(100)).predict(prices, ORIGINS)
    other = _fitted(name, poison(prices, 50).slice(100)).predict(prices, ORIGINS)
    if name == "ewma":  # it was published, and is not fitted
        _assert_same_bits(law, other)
    else:
        assert (law.scale != other.scale).all()


def check_same_bits_again(name, series, poison):
    """The same prices give the same laws, and fitting anew forgets what was learned before."""
    prices = series()
    expected = _fitted(name, prices.slice(100)).predict(prices, ORIGINS)
    model = _fitted(name, poison(prices, 20))
    model.fit(prices.slice(100))
    _assert_same_bits(model.predict(prices, ORIGINS), expected)


def check_closes_are_enough(name, series, poison):
    """A series of closes alone can be forecast."""
    prices = series(closes_only=True)
    law = _fitted(name, prices.slice(100)).predict(prices, ORIGINS)
    assert np.isfinite(law.scale).all()


def check_no_warning_on_ordinary_prices(name, series, poison):
    """A sound fit says nothing; fitted anew, it forgets what it said before."""
    model = _fitted(name, series())
    model.warnings.append("of old")
    model.fit(series())
    assert "of old" not in model.warnings


CHECKS = [check for label, check in list(globals().items()) if label.startswith("check_")]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        pytest.param(
            name,
            check,
            id=f"{name}:{check.__name__.removeprefix('check_')}",
            marks=[without_arch] if name in NEEDS_ARCH else [],
        )
        for name in BASELINES.names()
        for check in CHECKS
    ],
)
def test_baseline(name, check, series, poison):
    """Every baseline passes every check."""
    check(name, series, poison)


def test_zero_return_expects_none(series):
    """The last price is the median of every horizon."""
    law = _fitted("zero-return", series()).predict(series(), ORIGINS)
    assert not law.location.any()


def test_drift_is_the_mean_return(series):
    """The drift grows with the horizon by the mean log return of the sessions fitted on."""
    prices = series().slice(100)
    law = _fitted("drift", prices).predict(prices, ORIGINS[:1])
    close = prices.column("adj_close")
    daily = np.log(close[-1] / close[0]) / (len(close) - 1)
    np.testing.assert_allclose(law.location[0], daily * np.arange(1, H + 1), rtol=1e-12)


def test_scaled_laws_are_fitted_in_units_of_volatility(series):
    """Scale and tails of each horizon are those of past returns over σ_t √h, by a plain loop."""
    prices = series().slice(120)
    model = _fitted("zero-return", prices)
    close, returns = prices.column("adj_close"), prices.log_returns()
    variance = {20: np.mean(returns[1:21] ** 2)}
    for t in range(21, 120):
        variance[t] = 0.94 * variance[t - 1] + 0.06 * returns[t] ** 2
    for h in range(1, H + 1):
        errors = [
            np.log(close[t + h] / close[t]) / np.sqrt(variance[t] * h) for t in range(20, 120 - h)
        ]
        scale, dof = fit_student_t(errors)
        law = model.predict(prices, np.array([70]))
        assert law.scale[0, h - 1] == pytest.approx(scale * np.sqrt(variance[70] * h), rel=1e-8)
        assert law.dof[0, h - 1] == pytest.approx(dof, rel=1e-6)


def test_streams_are_told_apart_by_seed_and_names():
    """A stream depends on its seed and its names in their order, and on nothing drawn before."""
    keys = [(0,), (1,), (0, "A"), (0, "B"), (0, "A", "B"), (0, "B", "A"), (0, "AB")]
    first = [stream(*key).random(4).tolist() for key in keys]
    assert len({tuple(draws) for draws in first}) == len(keys)
    assert [stream(*key).random(4).tolist() for key in reversed(keys)] == first[::-1]


def test_historical_is_the_law_of_the_past(series):
    """It is fitted to the returns themselves, for each horizon, whatever the market does of late."""
    prices = series()
    model = _fitted("historical", prices)
    law = model.predict(prices, np.array([30, 60]))
    for h in range(law.shape[1]):
        known = cumulative_returns(prices, law.shape[1])[:, h]
        scale, dof = fit_student_t(known[np.isfinite(known)])
        np.testing.assert_allclose(law.scale[:, h], scale, rtol=1e-6)
        np.testing.assert_allclose(law.dof[:, h], dof, rtol=1e-5)
    assert not law.location.any()


def test_ewma_is_riskmetrics(series):
    """A normal law with h times the trailing variance, whatever it was fitted on."""
    law = _fitted("ewma", series()).predict(series(), ORIGINS)
    assert np.isinf(law.dof).all()
    assert not law.location.any()
    unit = price_volatility(series())[ORIGINS, None] * np.sqrt(np.arange(1, H + 1))
    np.testing.assert_allclose(law.scale, unit, rtol=1e-12)


def test_ar1_by_a_plain_loop(series):
    """Least squares of a return on the one before, run forward step by step."""
    prices = series()
    model = _fitted("ar1", prices)
    returns = prices.log_returns()[1:]
    slope, intercept = np.polyfit(returns[:-1], returns[1:], 1)
    for n, origin in enumerate(ORIGINS):
        last, total = prices.log_returns()[origin], 0.0
        for h in range(H):
            last = intercept + slope * last
            total += last
            at = model.predict(prices, ORIGINS).location[n, h]
            assert at == pytest.approx(total, rel=1e-9, abs=1e-15)


def test_ar1_says_when_returns_look_like_prices(series):
    """Returns that never come back are at the bound, and that is said."""
    prices = series()
    trend = np.exp(np.cumsum(np.cumsum(np.linspace(0, 1e-4, len(prices)))))
    bars = prices.bars.assign(adj_close=trend, close=trend, open=np.nan, high=np.nan, low=np.nan)
    model = BASELINES.get("ar1")(1)
    model.learn(replace(prices, bars=bars))
    assert model.memory == 0.99
    assert "memory of ar1 is at its bound" in model.warnings[0]


@pytest.mark.parametrize("closes_only", [False, True])
def test_har_is_least_squares(series, closes_only):
    """Log variances of a day, a week and a month by scikit-learn, horizon by horizon."""
    prices = series(closes_only=closes_only)
    model, variance = _fitted("har-rv", prices), realised_variance(prices)
    said, n = model.predict_variance(prices, ORIGINS), len(prices)

    def inputs(t):
        parts = [variance[max(t - k + 1, 1) : t + 1] for k in (1, 5, 22)]
        return [np.log(p.mean()) if closes_only else np.log(p).mean() for p in parts]

    for h in range(1, H + 1):
        rows = np.arange(1, n - h)
        x = np.array([inputs(t) for t in rows])
        y = np.log([variance[t + 1 : t + h + 1].mean() for t in rows])
        line = LinearRegression().fit(x, y)
        smear = np.exp(y - line.predict(x)).mean()
        expected = np.exp(line.predict([inputs(t) for t in ORIGINS])) * smear
        expected = np.clip(expected, np.exp(y.min()), np.exp(y.max()))
        np.testing.assert_allclose(said[:, h - 1], expected, rtol=1e-7)


def test_heavy_tails_at_the_bound_are_told(series):
    """A series of rests and leaps has a fit that is no fit, and it is said."""
    prices = series()
    rng = np.random.default_rng(0)
    steps = 1e-4 * rng.standard_normal(len(prices))
    steps[rng.random(len(prices)) < 0.1] *= 3000
    bars = prices.bars.copy()
    for name in ("open", "high", "low", "close", "adj_close"):
        bars[name] = np.exp(np.cumsum(steps))
    model = _fitted("historical", replace(prices, bars=bars))
    assert "the tails of Historical are at their bound of 2.1" in model.warnings[0]


def test_ridge_is_scikit_learns_on_the_windows(series):
    """The location is the ridge regression of the scaled returns on the flat window."""
    prices = series()
    model = _fitted("ridge", prices)
    windows = make_windows(prices, window=WINDOW, horizon=H)
    known = np.flatnonzero(np.isfinite(windows.target).all(axis=1))
    n_validation = round(0.2 * len(known))
    train, judged = known[: len(known) - n_validation - H], known[-n_validation:]

    def flat(rows):
        return windows.batch(rows).reshape(len(rows), -1).astype(float)

    pipes = [
        make_pipeline(StandardScaler(), Ridge(alpha=10.0**k)).fit(
            flat(train), windows.target[train]
        )
        for k in range(7)
    ]
    errors = [np.mean((windows.target[judged] - p.predict(flat(judged))) ** 2) for p in pipes]
    best = pipes[int(np.argmin(errors))]
    rows = ORIGINS - windows.origins[0]
    unit = windows.volatility[rows, None] * np.sqrt(np.arange(1, H + 1))
    law = model.predict(prices, ORIGINS)
    np.testing.assert_allclose(law.location, best.predict(flat(rows)) * unit, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("name", ["ridge", "random-forest"])
def test_regressions_say_what_they_need(series, name):
    """Too few windows to learn from, and origins without a window, are named."""
    model = BASELINES.get(name)(H, window=60)
    with pytest.raises(DataError, match="windows of 60 sessions with a known target; a regression"):
        model.fit(series(110))
    with pytest.raises(DataError, match="session 11 has no window of 8"):
        _fitted(name, series()).predict(series(), np.array([10]))


def test_regressions_see_the_features_they_are_told_of(series):
    """A feature more is another forecast."""
    laws = []
    for features in ((), ("log-return",)):
        model = BASELINES.get("ridge")(H, window=WINDOW, features=features)
        model.fit(series())
        laws.append(model.predict(series(), ORIGINS))
    assert (laws[0].location != laws[1].location).any()


@pytest.mark.parametrize("name", NEEDS_ARCH)
def test_without_the_extra_it_is_named(series, name, monkeypatch):
    """The sentence says what to install."""
    monkeypatch.setitem(sys.modules, "arch", None)
    with pytest.raises(
        UsageError, match=r"need arch; install it with: pip install 'lstmfin\[stats\]'"
    ):
        _fitted(name, series())
