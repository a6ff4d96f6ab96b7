"""Series whose law is known, to see whether a forecaster finds what is there, and nothing else.

``RANDOM-WALK``
    r = σ ε with ε ~ N(0, 1) and σ = 1 % a day. Neither direction nor size can be forecast.
``GARCH``
    r = σ_t ε and σ_t² = ω + 0.08 r² + 0.90 σ², both of the day before; ω makes the mean variance
    (1 %)². The size can be forecast, the direction cannot. Bollerslev (1986), *Generalized
    autoregressive conditional heteroskedasticity*, eq. 1 and 2.
``AR1``
    r = 0.2 r + 1 % ε, the first r of the day before. The direction can be forecast.
``SINE``
    log price = 0.1 sin(2π t / 50), without noise. Everything can be forecast.

A number may follow, ``GARCH-7``, for another path of the same law. The seed is derived from the
symbol, so that a path never changes. Days are simulated in 26 steps of equal variance, which gives
open, high and low; volume is log-normal and rises with the size of the day's return.
"""

import datetime as dt
import hashlib
import itertools
import re
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmfin.data.prices import Prices, make_bars
from lstmfin.data.source import Source, SourceOptions, in_range, unknown_symbol

Floats = NDArray[np.float64]

N_SESSIONS = 2500
LAST_SESSION = "2024-12-31"
STEPS_PER_DAY = 26
DAILY_VOLATILITY = 0.01
ALPHA, BETA = 0.08, 0.90
PHI = 0.2
PERIOD, AMPLITUDE = 50, 0.1
FIRST_PRICE = 100.0
MEAN_VOLUME = 1e6


class SyntheticSource:
    """Simulated series with a documented law."""

    canary = None

    def fetch(
        self, symbol: str, *, start: dt.date | None, end: dt.date | None, options: SourceOptions
    ) -> Prices:
        """Return the path of a law that the symbol names."""
        del options
        law = _LAWS.get(re.sub(r"-\d+$", "", symbol))
        if law is None:
            raise unknown_symbol("synthetic", symbol, self.symbols())
        rng = np.random.default_rng(int.from_bytes(hashlib.sha256(symbol.encode()).digest()[:8]))
        prices = Prices(
            symbol,
            _bars(law(rng), rng),
            source="synthetic",
            label=f"simulated {symbol}",
        )
        return in_range(prices, start, end)

    def symbols(self) -> tuple[str, ...]:
        """Return the names of the laws."""
        return tuple(_LAWS)


SOURCE: Source = SyntheticSource()


def _random_walk(rng: np.random.Generator) -> Floats:
    return _steps(rng) * DAILY_VOLATILITY


def _garch(rng: np.random.Generator) -> Floats:
    steps = _steps(rng)
    variance = DAILY_VOLATILITY**2
    omega = variance * (1 - ALPHA - BETA)
    for day in steps:
        day *= np.sqrt(variance)
        variance = omega + ALPHA * day.sum() ** 2 + BETA * variance
    return steps


def _ar1(rng: np.random.Generator) -> Floats:
    steps = _steps(rng) * DAILY_VOLATILITY
    for yesterday, day in itertools.pairwise(steps):
        day += PHI * yesterday.sum() / STEPS_PER_DAY
    return steps


def _sine(_: np.random.Generator) -> Floats:
    time = np.arange(N_SESSIONS * STEPS_PER_DAY + 1) / STEPS_PER_DAY
    steps: Floats = np.diff(AMPLITUDE * np.sin(2 * np.pi * time / PERIOD)).reshape(
        N_SESSIONS, STEPS_PER_DAY
    )
    return steps


_LAWS: dict[str, Callable[[np.random.Generator], Floats]] = {
    "RANDOM-WALK": _random_walk,
    "GARCH": _garch,
    "AR1": _ar1,
    "SINE": _sine,
}


def _steps(rng: np.random.Generator) -> Floats:
    """Return normal steps, (days, steps), whose sum over a day has variance one."""
    return rng.standard_normal((N_SESSIONS, STEPS_PER_DAY)) / float(np.sqrt(STEPS_PER_DAY))


def _bars(steps: Floats, rng: np.random.Generator) -> pd.DataFrame:
    path = FIRST_PRICE * np.exp(np.cumsum(steps)).reshape(steps.shape)  # (days, steps)
    close = path[:, -1]
    opening = np.concatenate([[FIRST_PRICE], close[:-1]])
    size = np.abs(steps.sum(axis=1)) / DAILY_VOLATILITY
    volume = MEAN_VOLUME * np.exp(0.2 * size + 0.3 * rng.standard_normal(len(steps)))
    return make_bars(
        pd.bdate_range(end=LAST_SESSION, periods=len(steps)),
        open=opening,
        high=np.maximum(opening, path.max(axis=1)),
        low=np.minimum(opening, path.min(axis=1)),
        close=close,
        volume=np.round(volume),
    )
