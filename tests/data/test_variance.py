"""Variances of sessions from their bars."""

from dataclasses import replace

import numpy as np
import pytest
from made_prices import build_prices

from lstmfin.config.train import VARIANCES
from lstmfin.data.prices import Prices, drop_range, make_bars
from lstmfin.data.variance import (
    ESTIMATORS,
    FLOOR,
    mean_variance_ahead,
    realised_variance,
    yang_zhang,
)
from lstmfin.errors import DataError

NAMES = [*ESTIMATORS, "auto"]


def test_the_option_knows_every_estimator():
    """What can be chosen is what there is."""
    assert {"auto", *ESTIMATORS} == set(VARIANCES)


def by_hand(prices, t, name):
    """Return a variance as the papers write it, from raw prices of one session."""
    o, h, low, c = (prices.column(k)[t] for k in ("open", "high", "low", "close"))
    gap = np.log(o / prices.column("close")[t - 1])
    k = 0.34 / (1.34 + 23 / 21)
    rs = np.log(h / c) * np.log(h / o) + np.log(low / c) * np.log(low / o)
    session = {
        "parkinson": np.log(h / low) ** 2 / (4 * np.log(2)),
        "garman-klass": 0.5 * np.log(h / low) ** 2 - (2 * np.log(2) - 1) * np.log(c / o) ** 2,
        "rogers-satchell": rs,
        "yang-zhang": k * np.log(c / o) ** 2 + (1 - k) * rs,
    }
    if name == "close":
        return np.log(c / prices.column("close")[t - 1]) ** 2
    return gap**2 + session["garman-klass" if name == "auto" else name]


@pytest.mark.parametrize("name", NAMES)
def test_estimators_are_the_papers(name):
    """Each session's variance is the published formula of its own bar, and the gap squared."""
    prices = build_prices()
    variance = realised_variance(prices, name)
    assert np.isnan(variance[0])
    for t in (1, 50, 199):
        expected = max(by_hand(prices, t, name), FLOOR * np.nanmean(variance[1 : t + 1]))
        assert variance[t] == pytest.approx(expected, rel=1e-5)


def walk(n, *, drift=0.0, night=0.3, seed=0):
    """Return n sessions of a fine walk of unit variance a day, a part of it by night."""
    rng, steps = np.random.default_rng(seed), 2000
    daily = 0.01
    gaps = daily * np.sqrt(night) * rng.standard_normal(n)
    day = daily * np.sqrt((1 - night) / steps) * rng.standard_normal((n, steps))
    path = np.concatenate([np.zeros((n, 1)), np.cumsum(day + drift * daily / steps, axis=1)], 1)
    start = np.cumsum(gaps + np.r_[0, path[:-1, -1]])
    price = 100 * np.exp(start[:, None] + path)
    sessions = np.busday_offset("2000-01-03", np.arange(n))
    bars = make_bars(
        sessions, open=price[:, 0], high=price.max(1), low=price.min(1), close=price[:, -1]
    )
    return Prices("WALK", bars)


@pytest.mark.parametrize("name", NAMES)
def test_estimators_find_the_variance_of_a_walk(name):
    """Over many sessions of a walk with nights all find its variance, and ranges are sharper."""
    prices = walk(1500)
    variance = realised_variance(prices, name)[1:]
    assert variance.mean() == pytest.approx(1e-4, rel=0.07)
    if name != "close":
        assert variance.std() < 0.7 * realised_variance(prices, "close")[1:].std()


def test_drift_fools_those_that_the_papers_say():
    """Under a strong drift Rogers-Satchell and Yang-Zhang stand, squares of closes do not."""
    prices = walk(1500, drift=1.0, night=0.0)
    found = {name: realised_variance(prices, name)[1:].mean() / 1e-4 for name in NAMES}
    assert found["rogers-satchell"] == pytest.approx(1, abs=0.08)
    assert found["close"] > 1.7
    assert np.nanmean(yang_zhang(prices)) / 1e-4 == pytest.approx(1, abs=0.08)


def test_yang_zhang_against_a_loop():
    """The windowed estimator is eq. 7 of the paper over each window."""
    prices = build_prices()
    o, h, low, c = (np.log(prices.column(k)) for k in ("open", "high", "low", "close"))
    got, w = yang_zhang(prices, 10), 10
    for t in (10, 57, 199):
        span = slice(t - w + 1, t + 1)
        gap = o[span] - c[t - w : t]
        day = c[span] - o[span]
        rs = (h - c) * (h - o) + (low - c) * (low - o)
        k = 0.34 / (1.34 + (w + 1) / (w - 1))
        expected = gap.var(ddof=1) + k * day.var(ddof=1) + (1 - k) * rs[span].mean()
        assert got[t] == pytest.approx(expected, rel=1e-9)
    assert np.isnan(got[:5]).all()
    assert np.isfinite(got[6:]).all()


def test_days_without_a_move_have_a_floor():
    """A session that rests has a thousandth of the mean variance so far; no move yet, none."""
    close = np.r_[np.full(10, 100.0), build_prices(60).column("close"), np.full(30, 90.0)]
    bare = dict.fromkeys(("open", "high", "low"), np.nan)
    prices = build_prices(100, close=close, adj_close=close, **bare)
    variance = realised_variance(prices)
    raw = np.diff(np.log(close)) ** 2
    assert np.isnan(variance[:10]).all()
    for t in (71, 99):
        assert variance[t] == pytest.approx(FLOOR * raw[:t].mean(), rel=1e-9)
    assert (variance[10:] > 0).all()


def test_splits_are_no_moves():
    """A split changes raw prices and no variance."""
    prices = build_prices()
    bars = prices.bars.copy()
    bars.loc[bars.index[100:], ["open", "high", "low", "close"]] /= 4
    for name in NAMES:
        np.testing.assert_allclose(
            realised_variance(replace(prices, bars=bars), name),
            realised_variance(prices, name),
            rtol=1e-6,
        )


def test_what_the_prices_cannot_carry_is_refused():
    """Without a range the message names what can be had; auto falls back on closes."""
    bare = drop_range(build_prices())
    for name in ("parkinson", "garman-klass", "rogers-satchell", "yang-zhang"):
        with pytest.raises(DataError, match=rf"TEST has no open.*'{name}'.*--variance close"):
            realised_variance(bare, name)
    np.testing.assert_array_equal(realised_variance(bare), realised_variance(bare, "close"))
    low = build_prices().column("low").copy()
    low[5] = 0
    with pytest.raises(DataError, match="TEST: the low of 2020-01-08 is 0"):
        realised_variance(build_prices(low=low))


def test_mean_ahead_against_a_loop():
    """The mean of the next h variances, NaN where the last is not known."""
    variance = np.r_[np.full(6, np.nan), realised_variance(build_prices(50))[6:]]
    ahead = mean_variance_ahead(variance, 4)
    for t in range(50):
        for h in range(1, 5):
            expected = variance[t + 1 : t + h + 1].mean() if t + h < 50 else np.nan
            np.testing.assert_allclose(ahead[t, h - 1], expected, rtol=1e-9)
