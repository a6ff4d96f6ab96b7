"""The walk-forward backtest: who sees what, and what comes together."""

from dataclasses import replace

import numpy as np
import pytest

from lstmfin.backtest import fold as folds
from lstmfin.backtest import walkforward
from lstmfin.backtest.walkforward import BUY_AND_HOLD
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.errors import UsageError
from lstmfin.metrics.distribution import StudentT
from lstmfin.models.calibration import calibrate
from lstmfin.models.forecaster import Forecaster
from lstmfin.registry import CELLS

HORIZON = 2


class Spy:
    """Writes down what it is fitted on and asked for; says the number of its fit."""

    made = ()

    def __init__(self, config, *, stream_names=()):
        self.horizon = config.horizon
        self.stream_names = stream_names
        self.weights = np.zeros((1, 0))
        self.asked = []
        Spy.made += (self,)

    def fit(self, prices, *, tick=None):
        self.seen = prices

    def predict(self, prices, origins):
        self.asked.append(origins)
        shape = (len(origins), self.horizon)
        return StudentT(np.full(shape, float(len(Spy.made))), np.ones(shape))


class Restless(Forecaster):
    """A network whose weights are moved: one that learned nothing would not look at its windows."""

    def fit(self, prices, *, tick=lambda: None):
        super().fit(prices, tick=tick)
        weights = self.network.params.flat
        weights += 0.3 * np.random.default_rng(0).standard_normal(weights.size).astype(np.float32)


@pytest.fixture
def spies(monkeypatch):
    """Put the spy in the place of the network, without baselines; return those made, in order."""
    monkeypatch.setattr(folds, "Forecaster", Spy)
    monkeypatch.setattr(BacktestConfig, "baseline_names", lambda _self: ())
    monkeypatch.setattr(Spy, "made", ())
    return lambda: Spy.made


def _parameters(law):
    """Return what a calibrated Student-t law is made of."""
    return law.base.location, law.base.scale, law.base.dof, law.below, law.above


@pytest.mark.parametrize("rolling", [False, True])
@pytest.mark.parametrize("purge", [None, 2, 9])
def test_models_see_what_is_before_the_test_block(prices, run, spies, purge, rolling):
    """They are fitted on the training block and its targets, and on nothing of the test block."""
    result, gap = run(prices, purge=purge, rolling=rolling), purge or HORIZON
    starts = list(range(100 + gap, 228, 45))
    assert len(spies()) == len(starts) == len(result.folds)
    for number, (spy, start) in enumerate(zip(spies(), starts, strict=True)):
        last_seen = start - gap - 1 + HORIZON
        first_seen = start - gap - 100 if rolling else 0
        np.testing.assert_array_equal(
            spy.seen.sessions, prices.sessions[first_seen : last_seen + 1]
        )
        assert last_seen < start
        assert spy.seen.sessions[-1] < prices.sessions[start]
        (asked,) = spy.asked
        np.testing.assert_array_equal(asked, np.arange(start, min(start + 45, 228)))
        assert spy.stream_names == (f"fold {number}",)


def test_folds_tell_their_sessions(prices, run, spies):
    """Each record names first and last session of its blocks; together they are what was tested."""
    result = run(prices, test=50)
    blocks = [(102, 151), (152, 201), (202, 227)]
    for fold, (first, last) in zip(result.folds, blocks, strict=True):
        said = [fold.train_first, fold.train_last, fold.test_first, fold.test_last]
        positions = [0, first - HORIZON - 1, first, last]
        assert said == [str(prices.sessions[position]) for position in positions]
    np.testing.assert_array_equal(result.sessions, prices.sessions[102:228])


@pytest.mark.parametrize(
    ("refit", "refitted"),
    [
        (None, [True, True, True, True, True]),
        (30, [True, True, True, True, True]),
        (60, [True, False, True, False, True]),
        (45, [True, False, True, False, True]),
        (1000, [True, False, False, False, False]),
    ],
)
def test_models_are_fitted_as_often_as_asked(prices, run, spies, refit, refitted):
    """A model serves until so many sessions have gone by; the records tell when it was made."""
    result = run(prices, test=30, refit=refit)
    assert [fold.refitted for fold in result.folds] == refitted
    assert len(spies()) == sum(refitted)
    made = np.cumsum(refitted)
    said = result.laws["lstm"].median[:, 0]
    np.testing.assert_array_equal(said, np.repeat(made, 30)[: len(said)])


@pytest.mark.parametrize(("purge", "refused"), [(0, True), (1, True), (2, False), (3, False)])
def test_a_purge_below_the_horizon_is_refused(prices, run, spies, purge, refused):
    """Targets would reach into the test block; the message names the horizon."""
    if refused:
        with pytest.raises(UsageError, match=f"--purge {purge} is below the horizon of 2"):
            run(prices, purge=purge)
    else:
        assert run(prices, purge=purge).sessions[0] == prices.sessions[100 + purge]


def test_too_short_a_series_is_refused(prices, run, spies):
    """A series without a test block is refused; one origin is enough, with the exit after it."""
    with pytest.raises(UsageError, match="leave no test block in the 102 sessions"):
        run(prices.slice(104))
    assert len(run(prices.slice(105)).sessions) == 1
    with pytest.raises(UsageError, match="in the 0 sessions"):
        run(prices.slice(1))


def test_a_horizon_beyond_the_test_block_is_refused(prices, run, spies):
    """A block must hold the whole of what is forecast from its first origin."""
    with pytest.raises(UsageError, match="horizon of 2 sessions is longer than a test block of 1"):
        run(prices, test=1)
    assert run(prices, test=2).sessions[0] == prices.sessions[102]


@pytest.mark.parametrize("method", ["aci", "split", "none"])
def test_all_models_are_calibrated_alike(prices, run, result, method):
    """Network and baselines are stretched by what was known at each origin, over all folds."""
    done = run(prices, calibration=method)
    said = run(prices, calibration="none").laws
    for name, law in done.laws.items():
        expected = calibrate(said[name], done.realised, method=method)
        for p in (0.05, 0.3, 0.95):
            np.testing.assert_array_equal(law.quantile(p), expected.quantile(p))
        if method == "aci":
            np.testing.assert_array_equal(law.quantile(0.05), result.laws[name].quantile(0.05))
            assert (law.quantile(0.05)[2:] != said[name].quantile(0.05)[2:]).any()


def test_progress_is_told(prices, run, spies):
    """Progress begins at none and ends at all."""
    told = []
    walkforward.backtest(
        prices,
        train_config=TrainConfig(horizon=2),
        config=walkforward.BacktestConfig(train=100, test=50),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_what_the_verdict_needs_is_always_tested():
    """The last price and the drift, whatever else is asked for."""
    names = BacktestConfig(baselines=("har-rv",)).baseline_names()
    assert names == ("drift", "har-rv", "zero-return")


def test_what_comes_together(result, prices):
    """One law and one position for each model and tested origin, network first; all finite."""
    n = 228 - 102
    assert (result.symbol, result.model) == ("GARCH", "lstm")
    assert list(result.laws) == ["lstm", *BacktestConfig().baseline_names()]
    assert list(result.positions) == [*result.laws, BUY_AND_HOLD]
    for law in result.laws.values():
        assert law.shape == (n, HORIZON)
        assert all(np.isfinite(part).all() for part in _parameters(law)[:2])
        assert (law.below > 0).all()
    assert (result.positions[BUY_AND_HOLD] == 1).all()
    drift = result.laws["drift"].median
    np.testing.assert_array_equal(result.positions["drift"], np.sign(drift[:, 1] - drift[:, 0]))
    np.testing.assert_array_equal(result.earned_on, prices.sessions[104:230])
    close, origins = prices.column("adj_close"), np.arange(102, 228)
    for h in (1, 2):
        expected = np.log(close[origins + h] / close[origins])
        np.testing.assert_allclose(result.realised[:, h - 1], expected, atol=1e-12)
    expected = close[origins + 2] / close[origins + 1] - 1  # its opens are the closes before
    np.testing.assert_allclose(result.held, expected, rtol=1e-14)


def test_targets_not_yet_known_are_nan(prices, run, spies):
    """Beyond the end nothing is realised; the next session always is."""
    result = run(prices, network=TrainConfig(horizon=4))
    unknown = np.isnan(result.realised)
    assert not unknown[:, :2].any()
    assert unknown.sum(axis=0).tolist() == [0, 0, 1, 2]


def test_buy_and_hold_buys_once(result):
    """It pays for getting in, and earns what the series does; gross pays nothing."""
    expected = result.held.copy()
    np.testing.assert_allclose(result.gross(BUY_AND_HOLD), expected, rtol=1e-14)
    expected[0] -= 5e-4
    np.testing.assert_allclose(result.net(BUY_AND_HOLD), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("cell", "rolling"), [*((cell, False) for cell in CELLS.names()), ("lstm", True)]
)
def test_the_future_does_not_reach_the_past(prices, run, monkeypatch, cell, rolling):
    """Noise in the place of all bars from the second fold on leaves the first fold's laws, bit by bit.

    Laws of the second fold change with its inputs, so that the test would see a leak.
    """
    monkeypatch.setattr(folds, "Forecaster", Restless)
    network = TrainConfig(cell=cell, hidden=2, window=5, horizon=2, epochs=1)
    rng, bars = np.random.default_rng(0), prices.bars.copy()
    for name in ("open", "high", "low", "close", "adj_close"):
        bars.loc[bars.index[147:], name] *= 1.7
    bars.loc[bars.index[147:], "volume"] *= np.exp(rng.normal(size=len(bars) - 147))
    results = [
        run(one, network=network, rolling=rolling) for one in (prices, replace(prices, bars=bars))
    ]
    assert len(np.unique(results[0].laws[cell].base.scale[:45])) == 90
    for name in results[0].laws:
        one, other = (result.laws[name] for result in results)
        for a, b in zip(_parameters(one), _parameters(other), strict=True):
            np.testing.assert_array_equal(a[:45], b[:45])
        if name == "har-rv":  # it looks back on a month
            assert (one.base.scale[45:67] != other.base.scale[45:67]).all()
        elif name != "historical":  # it says the same of every origin
            assert (one.base.scale[45:] != other.base.scale[45:]).all()
        assert (one.above[46:] != other.above[46:]).any()


def test_unfinished_sessions_are_not_tested(prices, run, spies):
    """A last bar whose session is not over is no truth."""
    final = np.arange(230) < 229
    open_ended = run(replace(prices, bars=prices.bars.assign(final=final)))
    np.testing.assert_array_equal(open_ended.sessions, run(prices.slice(229)).sessions)


def test_same_seed_same_bits(prices, run, result):
    """The same prices and seed give the same laws, bit by bit; so does a series that ends later."""
    again, shorter = run(prices), run(prices.slice(200))
    for name, law in result.laws.items():
        for a, b, c in zip(
            *map(_parameters, (law, again.laws[name], shorter.laws[name])), strict=True
        ):
            np.testing.assert_array_equal(a, b)
            np.testing.assert_array_equal(a[:90], c[:90])
