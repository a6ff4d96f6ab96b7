"""What every baseline holds to, and what the simple ones say."""

import numpy as np
import pytest

from lstmfin.data.windows import cumulative_returns
from lstmfin.metrics.fit import fit_student_t
from lstmfin.models.model import stream
from lstmfin.registry import BASELINES

H = 3
ORIGINS = np.array([60, 61, 90, 120])


def _fitted(name, prices, horizon=H):
    model = BASELINES.get(name)(horizon)
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
    if name == "historical":  # whatever comes, it says the same
        _assert_same_bits(changed, expected)
    else:
        assert (changed.scale[1:] != expected.scale[1:]).all()


def check_the_past_is_learned(name, series, poison):
    """What comes before the end of the prices it is fitted on changes what it says."""
    prices = series()
    law = _fitted(name, prices.slice(100)).predict(prices, ORIGINS)
    other = _fitted(name, poison(prices, 50).slice(100)).predict(prices, ORIGINS)
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


CHECKS = [check for label, check in list(globals().items()) if label.startswith("check_")]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        pytest.param(name, check, id=f"{name}:{check.__name__.removeprefix('check_')}")
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
        np.testing.assert_array_equal(law.scale[:, h], scale)
        np.testing.assert_array_equal(law.dof[:, h], dof)
    assert not law.location.any()
