"""Short series, and a small network trained on one."""

from dataclasses import replace

import numpy as np
import pytest

from lstmfin.config import TrainConfig
from lstmfin.data.prices import Prices, drop_range
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.replay import keep
from lstmfin.registry import SOURCES

SMALL = TrainConfig(hidden=4, window=6, horizon=3, epochs=2, batch=32, patience=2)


@pytest.fixture(scope="session")
def series():
    """Return the last n sessions of a simulated series; on demand without range and volume."""
    whole = {}

    def take(n=200, symbol="GARCH", *, closes_only=False, end=None) -> Prices:
        if symbol not in whole:
            source = SOURCES.get("synthetic")
            whole[symbol] = source.fetch(symbol, start=None, end=None, options=None)
        stop = len(whole[symbol]) if end is None else end
        bars = whole[symbol].bars.iloc[stop - n : stop]
        prices = replace(whole[symbol], bars=bars.assign(volume=np.nan) if closes_only else bars)
        return drop_range(prices) if closes_only else prices

    return take


@pytest.fixture(scope="session")
def poison():
    """Return prices whose bars after a position are noise a hundred times as large."""

    def poisoned(prices, position, seed=0) -> Prices:
        rng, bars = np.random.default_rng(seed), prices.bars.copy()
        n = len(bars) - position - 1
        factor = np.ones(len(bars))
        factor[position + 1 :] = np.exp(rng.standard_normal(n))
        for name in ("open", "high", "low", "close", "adj_close"):
            bars[name] *= factor
        bars.iloc[position + 1 :, bars.columns.get_loc("volume")] *= np.exp(rng.normal(size=n) * 5)
        return replace(prices, bars=bars)

    return poisoned


@pytest.fixture(scope="session")
def move():
    """Return what adds noise to the weights of a forecaster of some series, always the same."""

    def moved(forecaster, *series):
        rng = np.random.default_rng(0)
        for member in forecaster.members:
            weights = member.network.params.flat
            weights += 0.3 * rng.standard_normal(weights.size).astype(np.float32)
        forecaster.kept = {one.symbol: keep(forecaster, one) for one in series}

    return moved


@pytest.fixture(scope="session")
def small():
    """The smallest configuration that trains."""
    return SMALL


@pytest.fixture(scope="session")
def trained(series, move):
    """Return a small forecaster trained on 160 sessions, made once for each choice of options.

    Its weights are moved: one that learned nothing would say the same of every window.
    """
    made = {}

    def train(symbol="GARCH", **changes) -> Forecaster:
        key = (symbol, tuple(sorted(changes.items())))
        if key not in made:
            made[key] = Forecaster(SMALL.evolve(**changes))
            made[key].fit(series(160, symbol))
            move(made[key], series(160, symbol))
        return made[key]

    return train
