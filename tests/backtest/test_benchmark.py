"""Returns of a benchmark over the sessions of a backtest."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lstmfin.backtest.benchmark import benchmark_returns
from lstmfin.backtest.scores import score
from lstmfin.data.prices import Prices, make_bars
from lstmfin.errors import DataError


@pytest.fixture
def tested(handmade):
    return handmade(0.01 * np.random.default_rng(0).standard_normal(60), np.full(60, 0.001))


def _benchmark(sessions, close):
    return Prices("MARKET", make_bars(sessions, close=close))


def test_returns_are_from_close_to_close(tested):
    """Between the sessions of the backtest, over the benchmark's holidays."""
    close = 100 * np.exp(0.01 * np.random.default_rng(1).standard_normal(60).cumsum())
    whole = benchmark_returns(_benchmark(tested.earned_on, close), tested)
    assert np.isnan(whole[0])
    np.testing.assert_allclose(whole[1:], close[1:] / close[:-1] - 1)
    open_days = np.arange(60) != 30
    gaps = benchmark_returns(_benchmark(tested.earned_on[open_days], close[open_days]), tested)
    assert gaps[30] == 0
    np.testing.assert_allclose(gaps[31], close[31] / close[29] - 1)
    early = benchmark_returns(_benchmark(tested.earned_on[:40], close[:40]), tested)
    assert np.isnan(early[40:]).all()


@pytest.mark.parametrize("start", ["1990-01-01", "2035-01-01"])
def test_one_that_does_not_overlap_is_refused(tested, start):
    """With the dates of both."""
    days = pd.bdate_range(start, periods=100)
    with pytest.raises(
        DataError, match=r"MARKET .* does not overlap .* choose another --benchmark"
    ):
        benchmark_returns(_benchmark(days, np.linspace(1, 2, 100)), tested)


def test_alpha_and_beta_are_against_it(tested):
    """Of a strategy that is half the benchmark and 4 bp a session."""
    market = 0.01 * np.random.default_rng(2).standard_normal(60)
    own = replace(tested, positions={**tested.positions, "lstm": np.ones(60)})
    own = replace(own, held=0.5 * market + 4e-4)
    market[:3] = np.nan
    scores = score(own, market)[0]
    assert scores.beta == pytest.approx(0.5)
    assert scores.alpha == pytest.approx(4e-4 * 252)
    assert scores.exposure == 1.0
    alone = score(own)[0]
    assert (alone.beta, alone.alpha) == (pytest.approx(1.0, abs=0.02), pytest.approx(0.0, abs=0.05))
