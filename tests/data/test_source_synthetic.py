"""Simulated series follow the law that their docstring states."""

import numpy as np
import pytest

from lstmfin.registry import SOURCES


def load(symbol, options):
    return SOURCES.get("synthetic").fetch(symbol, start=None, end=None, options=options)


def correlation(x, lag=1):
    return np.corrcoef(x[:-lag], x[lag:])[0, 1]


@pytest.mark.parametrize("symbol", SOURCES.get("synthetic").symbols())
def test_shape(symbol, options):
    """2500 business days up to a fixed date, with range and volume."""
    prices = load(symbol, options)
    assert len(prices) == 2500
    assert str(prices.sessions[-1]) == "2024-12-31"
    assert prices.has_range
    assert prices.has_volume


@pytest.mark.parametrize("symbol", ["RANDOM-WALK", "GARCH", "AR1"])
def test_daily_volatility(symbol, options):
    """Returns have a standard deviation of about 1 % a day: 2 % for AR1's feedback, more for GARCH."""
    returns = load(symbol, options).log_returns()[1:]
    assert returns.std() == pytest.approx(0.01, rel=0.2)


def test_what_can_be_forecast(options):
    """The direction in AR1, the size in GARCH, neither in a random walk; 0.06 is three deviations."""
    returns = {
        name: load(name, options).log_returns()[1:] for name in ("AR1", "GARCH", "RANDOM-WALK")
    }
    direction = {name: correlation(r) for name, r in returns.items()}
    size = {name: correlation(np.abs(r)) for name, r in returns.items()}
    assert direction["AR1"] == pytest.approx(0.2, abs=0.06)
    assert direction["RANDOM-WALK"] == pytest.approx(0, abs=0.06)
    assert direction["GARCH"] == pytest.approx(0, abs=0.08)
    assert size["GARCH"] > 0.1
    assert size["RANDOM-WALK"] == pytest.approx(0, abs=0.06)


def test_the_range_says_what_the_returns_say(options):
    """Parkinson's estimate from the range agrees with 1 %, less what 26 steps a day miss."""
    prices = load("RANDOM-WALK", options)
    spread = np.log(prices.column("high") / prices.column("low"))
    assert np.sqrt(np.mean(spread**2) / (4 * np.log(2))) == pytest.approx(0.0088, rel=0.05)


def test_sine_is_the_sine(options):
    """Without noise: the log price is the sine to rounding."""
    close = load("SINE", options).column("close")
    expected = 0.1 * np.sin(2 * np.pi * np.arange(1, 2501) / 50)
    np.testing.assert_allclose(np.log(close / 100), expected, atol=1e-9)


def test_another_path_of_the_same_law(options):
    """A number after the law gives another path."""
    paths = {load(symbol, options).digest() for symbol in ("GARCH", "GARCH-1", "GARCH-2")}
    assert len(paths) == 3
    assert load("GARCH-1", options).symbol == "GARCH-1"
