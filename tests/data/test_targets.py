"""The contract of every target, walked over the registry."""

import numpy as np
import pytest
from made_prices import build_prices

from lstmfin.data.prices import drop_range
from lstmfin.data.target import Quantity, Question
from lstmfin.data.variance import realised_variance
from lstmfin.data.volatility import price_volatility
from lstmfin.data.windows import carried_features, joined, make_windows
from lstmfin.errors import DataError
from lstmfin.registry import FEATURES, LOSSES, TARGETS

NAMES = TARGETS.names()
H = 5


def answers(prices, name, **changes):
    return TARGETS.get(name).compute(prices, price_volatility(prices), Question(H, **changes))


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_is_there_as_soon_as_it_is_known(name, prices):
    """The answer for h sessions is known at t + h and not before, and then never changes."""
    whole = answers(prices, name)
    assert whole.shape == (200, H)
    for h in range(1, H + 1):
        assert np.isfinite(whole[20 : 200 - h, h - 1]).all()
        assert np.isnan(whole[200 - h :, h - 1]).all()
    cut = answers(prices.slice(150), name)
    known = np.isfinite(cut)
    np.testing.assert_array_equal(cut[known], whole[:150][known])
    assert not known[145:, H - 1].any()


@pytest.mark.parametrize("name", NAMES)
def test_answers_do_not_know_the_currency(name, prices):
    """Prices a thousand times as large have the same answers."""
    bars = prices.bars.copy()
    bars[["open", "high", "low", "close", "adj_close"]] *= 1000
    other = type(prices)("TEST", bars)
    np.testing.assert_allclose(answers(other, name)[20:], answers(prices, name)[20:], rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_every_target_has_inputs_and_a_loss(name):
    """The default loss and features are there, and closes alone carry some of them."""
    target = TARGETS.get(name)
    assert isinstance(target.quantity, Quantity)
    assert target.help
    assert target.loss in LOSSES.names()
    assert set(target.features) <= set(FEATURES.names())
    bare = drop_range(build_prices(volume=np.nan))
    assert carried_features(bare, target=name)
    both = carried_features([bare, build_prices()], target=name)
    assert both == carried_features(bare, target=name)


def test_volatility_against_a_loop(prices):
    """The log of the mean variance of the next h sessions, over the variance at the origin."""
    variance, sigma = realised_variance(prices), price_volatility(prices)
    got = answers(prices, "volatility")
    for t in (30, 100, 190):
        for h in range(1, H + 1):
            expected = np.log(variance[t + 1 : t + h + 1].mean() / sigma[t] ** 2)
            assert got[t, h - 1] == pytest.approx(expected, rel=1e-8)


def test_direction_is_a_rise_or_none():
    """A higher close is 1; a lower one and the same are 0."""
    close = np.r_[build_prices(40).column("close"), 100, 101, 101, 99]
    bare = dict.fromkeys(("open", "high", "low"), np.nan)
    prices = build_prices(44, close=close, adj_close=close, **bare)
    np.testing.assert_array_equal(answers(prices, "direction")[40:43, 0], [1, 0, 0])


def test_a_target_that_cannot_be_carried_names_what_can():
    """Estimators of a range need one."""
    bare = drop_range(build_prices())
    for name in ("parkinson", "garman-klass", "rogers-satchell", "yang-zhang"):
        assert np.isfinite(answers(build_prices(), "volatility", estimator=name)[20:190]).all()
        with pytest.raises(DataError, match=rf"'{name}' needs them; choose --variance close"):
            answers(bare, "volatility", estimator=name)


def test_joined_windows_keep_to_their_series():
    """Windows of many series are those of each, one after another; the matrix is not multiplied."""
    series = [build_prices(n, seed=n, symbol=f"S{n}") for n in (120, 90, 150)]
    parts = [make_windows(one, window=30, horizon=H, target="volatility") for one in series]
    whole = joined(parts)
    assert len(whole) == sum(map(len, parts))
    assert len(whole.matrix) == sum(len(part.matrix) for part in parts)
    start = 0
    for part in parts:
        at = np.arange(len(part))
        np.testing.assert_array_equal(whole.batch(start + at), part.batch(at))
        for name in ("target", "sessions", "ends", "volatility", "origins"):
            np.testing.assert_array_equal(
                getattr(whole, name)[start : start + len(part)], getattr(part, name)
            )
        start += len(part)


def test_windows_know_when_their_answer_is_known(prices):
    """The end of a window is the session of its last answer, and not a date where that is ahead."""
    windows = make_windows(prices, window=30, horizon=H)
    np.testing.assert_array_equal(windows.sessions, prices.sessions[windows.origins])
    known = windows.known
    np.testing.assert_array_equal(windows.ends[known], prices.sessions[windows.origins[known] + H])
    assert np.isnat(windows.ends[known[-1] + 1 :]).all()
