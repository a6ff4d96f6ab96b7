"""The poison test: every part passes it, and every leak is named."""

from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from lstmfin.backtest import audit as auditing
from lstmfin.backtest import fold as folds
from lstmfin.backtest.audit import audit, audit_column, audit_lag, poisoned
from lstmfin.backtest.panel import plan_panel
from lstmfin.backtest.walkforward import plan_backtest
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.data import panel_variance
from lstmfin.data.closes import last_known
from lstmfin.data.feature import Feature, Scaling, always
from lstmfin.data.prices import drop_range
from lstmfin.data.windows import cumulative_returns
from lstmfin.metrics.distribution import StudentT
from lstmfin.models import forecaster
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.samples import fit_scaler
from lstmfin.models.view import windows_of
from lstmfin.registry import BASELINES, CELLS, FEATURES, SOURCES

FOLDS = BacktestConfig(train=150, test=40)
BASELINES_HERE = tuple(
    name for name in BASELINES.names() if name not in {"garch", "gjr"} or find_spec("arch")
)
"""All, but for those of an extra that is not there."""

NETWORK = TrainConfig(hidden=2, window=5, horizon=2, epochs=2, batch=64)


@pytest.fixture(scope="module")
def plan(prices):
    return plan_backtest(prices, network=NETWORK, config=FOLDS)


def _leaks(checks):
    return {check.subject for check in checks if not check.ok}


@pytest.mark.parametrize("kind", ["nan", "noise", "shift", "cut"])
def test_poison_is_all_that_comes_after(prices, kind):
    """Bars up to t are the same bits; each one after it is something else, or gone."""
    other = poisoned(prices, 99, kind)
    for name in ("open", "high", "low", "close", "adj_close", "volume"):
        np.testing.assert_array_equal(other.column(name)[:100], prices.column(name)[:100])
        if (kind, name) == ("nan", "high"):
            continue  # whether there is a range is for the source to say
        rest = other.column(name)[100:]
        assert len(rest) == (0 if kind == "cut" else 130)
        assert not (rest == prices.column(name)[100 : 100 + len(rest)]).any()


@pytest.mark.parametrize("name", FEATURES.names())
def test_every_feature_passes(prices, name):
    """No input knows what comes."""
    assert audit_column(name, prices, FEATURES.get(name).compute).ok


def test_the_target_is_known_when_it_has_come(prices):
    """A return over three sessions, looked at three sessions later; looked at before, it leaks."""
    known = lambda p: np.vstack([np.full((3, 3), np.nan), cumulative_returns(p, 3)[:-3]])  # noqa: E731
    assert audit_column("target", prices, known).ok
    assert not audit_column("target", prices, lambda p: cumulative_returns(p, 3)).ok


@pytest.mark.parametrize("cell", CELLS.names())
def test_every_cell_and_baseline_passes(prices, cell):
    """Scaler, weights, forecasts and positions of each cell, and of every baseline beside it."""
    network = replace(NETWORK, cell=cell, epochs=1, features=("log-return",))
    named = BASELINES_HERE if cell == "lstm" else FOLDS.baselines
    config = replace(FOLDS, baselines=named)
    checks = list(audit(plan_backtest(prices, network=network, config=config)))
    assert _leaks(checks) == set()
    subjects = {check.subject for check in checks}
    assert {"scaler", "validation", "weights", "training windows", "volatility"} <= subjects
    assert {f"forecasts of {name}" for name in (cell, *named)} <= subjects
    assert {f"positions of {name}" for name in (cell, *named)} <= subjects


@pytest.mark.parametrize("target", ["returns", "volatility", "direction"])
def test_every_target_passes_beside_another_series(prices, target):
    """With its own features, and a series that ends on other days; that one is poisoned, too."""
    whole = SOURCES.get("synthetic").fetch("RANDOM-WALK", start=None, end=None, options=None)
    beside = replace(whole, bars=whole.bars.iloc[-240:-1:2])
    network = replace(NETWORK, target=target, epochs=1, exog=("RANDOM-WALK",))
    both = replace(prices, others=(beside,))
    checks = list(audit(plan_backtest(both, network=network, config=FOLDS)))
    assert _leaks(checks) == set()
    assert {"scaler", "weights", "forecasts of lstm"} <= {check.subject for check in checks}
    after = poisoned(both, 99, "noise").others[0]
    same = after.column("close") == beside.column("close")
    np.testing.assert_array_equal(same, beside.sessions <= prices.sessions[99])
    assert len(poisoned(both, 99, "cut").others[0]) == same.sum()
    assert len(poisoned(both, -1, "cut").others[0]) == 0  # before the first session


def test_a_look_at_tomorrow_of_another_series_is_named(prices, monkeypatch):
    """Its bar of the session after is in the inputs; nothing of the series itself leaks."""
    whole = SOURCES.get("synthetic").fetch("RANDOM-WALK", start=None, end=None, options=None)
    beside = replace(whole, bars=whole.bars.iloc[-230:])

    class Early(Forecaster):
        def predict(self, prices, origins):
            law = super().predict(prices, origins)
            ahead = np.minimum(origins + 1, 229)
            return law.affine(0.1 * prices.others[0].log_returns()[ahead][:, None])

    monkeypatch.setattr(folds, "Forecaster", Early)
    network = replace(NETWORK, epochs=1, exog=("RANDOM-WALK",), features=("log-return",))
    both = replace(prices, others=(beside,))
    found = _leaks(audit(plan_backtest(both, network=network, config=FOLDS)))
    assert "forecasts of lstm" in found


def test_an_audit_of_what_is_no_network_fails_loudly(plan, monkeypatch):
    """Without scaler and weights there is nothing to compare, and that is no passing."""

    class Bare(Forecaster):
        def fit(self, prices, *, tick=lambda: None, checkpoint=None):
            super().fit(prices, tick=tick)
            self.scaler = None

        def predict(self, prices, origins):
            return StudentT(np.zeros((len(origins), 2)), np.ones((len(origins), 2)))

        def predict_variance(self, prices, origins):
            return np.ones((len(origins), 2))

    monkeypatch.setattr(folds, "Forecaster", Bare)
    with pytest.raises(AssertionError):
        list(audit(plan))


def _feature(compute):
    return Feature("leaks", Scaling.NONE, always, compute)


def _shifted(prices):
    returns = prices.log_returns()
    return np.r_[returns[1:], 0.0]


def _filled_backward(prices):
    values = prices.log_returns().copy()
    values[::7] = np.nan
    gaps = np.flatnonzero(np.isnan(values))
    for gap in gaps[::-1]:
        values[gap] = values[gap + 1] if gap + 1 < len(values) else 0.0
    return values


def _of_all(prices):
    values = prices.column("close")
    return (values - np.nanmean(values)) / np.nanstd(values)


@pytest.mark.parametrize("compute", [_shifted, _filled_backward, _of_all])
def test_a_leaking_feature_is_named(plan, monkeypatch, compute):
    """Shifted by one, filled backward, or scaled by the whole series."""
    real = FEATURES.get
    leaky = lambda self, name: _feature(compute) if name == "volume" else real(name)  # noqa: E731
    monkeypatch.setattr(type(FEATURES), "get", leaky)
    monkeypatch.setattr(auditing, "audit_folds", lambda *_: iter(()))
    monkeypatch.setattr(auditing, "audit_validation", lambda *_: auditing.Check("x", True, ""))
    network = replace(plan.network, features=("log-return", "volume"))
    named = replace(plan, folds=(replace(plan.folds[0], network=network),))
    assert _leaks(audit(named)) == {"feature volume"}


class ScaledByAll(Forecaster):
    """Learns its scaler anew from whatever it is asked about."""

    def outlook(self, prices, origins):
        windows = windows_of(self.config, prices)
        self.scaler = fit_scaler(windows, np.arange(len(windows)))
        return super().outlook(prices, origins)


def test_a_scaler_on_the_whole_series_is_named(plan, monkeypatch):
    """It changes with the test block, and the forecasts with it."""
    monkeypatch.setattr(folds, "Forecaster", ScaledByAll)
    assert "scaler" in _leaks(audit(plan))


class ValidatedByTest(Forecaster):
    """Stops early by what it is to be tested on."""

    later = None

    def fit(self, prices, *, tick=lambda: None, checkpoint=None):
        super().fit(ValidatedByTest.later.slice(len(prices) + 30), tick=tick)


def test_the_test_block_as_validation_is_named(plan, monkeypatch):
    """Validation losses change with the test block, and the scaler does not."""
    monkeypatch.setattr(folds, "Forecaster", ValidatedByTest)
    monkeypatch.setattr(
        forecaster, "training_blocks", lambda _config, w, _series: (w.known[:120], w.known[141:])
    )

    def fitted(every):
        ValidatedByTest.later = every[0].prices
        return folds_fitted(every)

    folds_fitted = folds.fitted_network
    monkeypatch.setattr(auditing, "fitted_network", fitted)
    monkeypatch.setattr(auditing, "audit_validation", lambda *_: auditing.Check("x", True, ""))
    found = _leaks(audit(plan))
    assert "validation" in found
    assert "scaler" not in found


def test_shuffled_windows_are_named(plan, monkeypatch):
    """What is learned from overlapping windows hangs on the validation block."""
    real = forecaster.training_blocks

    def shuffled(config, windows, series):
        train, validation = real(config, windows, series)
        rows = np.random.default_rng(0).permutation(np.r_[train, validation])
        return np.sort(rows[: len(train)]), np.sort(rows[len(train) :])

    monkeypatch.setattr(forecaster, "training_blocks", shuffled)
    assert _leaks(audit(plan)) == {"training windows"}


@pytest.fixture(scope="module")
def panel(prices):
    """A panel of the series and a walk that trades on other days."""
    whole = SOURCES.get("synthetic").fetch("RANDOM-WALK", start=None, end=None, options=None)
    other = replace(whole, bars=whole.bars.iloc[-len(prices) - 3 : -3])
    network = replace(NETWORK, panel=True, target="volatility", epochs=1)
    return plan_panel([prices, other], network=network, config=FOLDS)


def test_a_panel_passes(panel):
    """All series are poisoned at once: what is learned, and what is said of each of them."""
    checks = list(audit(panel))
    assert _leaks(checks) == set()
    subjects = {check.subject for check in checks}
    assert {"scaler", "linear part", "validation", "weights", "training windows"} <= subjects
    for prices in (plan.prices for plan in panel.plans):
        of = f" of {prices.symbol}"
        assert {f"{name}{of}" for name in ("forecasts of lstm", "volatility", "lstm")} <= {
            subject.removeprefix("lag of ") for subject in subjects
        }


@pytest.fixture(scope="module")
def closes(panel):
    """The same of closes alone, each seen with the other."""
    series = [drop_range(replace(plan.prices, panel=())) for plan in panel.plans]
    network = replace(NETWORK, panel=True, target="volatility", epochs=1, features=())
    return plan_panel(series, network=network, config=FOLDS)


def test_a_panel_of_closes_passes(closes):
    """What is seen of the other series is poisoned with it."""
    checks = list(audit(closes))
    assert _leaks(checks) == set()
    seen = {check.subject for check in checks if "feature panel-" in check.subject}
    assert len(seen) == 3 * len(closes.plans)


def test_a_series_that_is_seen_too_early_is_named(closes, monkeypatch):
    """The other's next session; of no time zone, that of the day before is the last known."""
    early = lambda looks, seen: np.minimum(last_known(looks, seen) + 2, len(seen) - 1)  # noqa: E731
    monkeypatch.setattr(panel_variance, "last_known", early)
    found = _leaks(audit(closes))
    for name in ("day", "week", "month"):
        assert any(one.startswith(f"feature panel-{name} of") for one in found)
    assert any(one.startswith("forecasts of lstm") for one in found)


@pytest.fixture(scope="module")
def zones(closes):
    """The same of two markets, the second of which closes after the first."""
    east, west = (
        replace(plan.prices, panel=(), timezone=zone)
        for plan, zone in zip(closes.plans, ("Asia/Tokyo", "America/New_York"), strict=True)
    )
    network = replace(NETWORK, panel=True, target="volatility", epochs=1, features=())
    return plan_panel([east, west], network=network, config=FOLDS)


def test_a_close_of_the_same_day_that_comes_later_is_of_the_future(zones, monkeypatch):
    """Tokyo must not see New York's close of its day; the other way round it may."""
    assert _leaks(audit(zones)) == set()
    by_date = lambda looks, seen: (  # noqa: E731
        np.searchsorted(seen.sessions, looks.sessions, side="right") - 1
    )
    monkeypatch.setattr(panel_variance, "last_known", by_date)
    east, west = (plan.prices.symbol for plan in zones.plans)
    found = {one for one in _leaks(audit(zones)) if one.startswith("feature")}
    assert found == {f"feature panel-{name} of {east}" for name in ("day", "week", "month")}
    assert west not in found


class LearnsAhead(Forecaster):
    """Learns from all there is of the second series."""

    later = None

    def fit(self, series, *, tick=lambda: None, checkpoint=None):
        super().fit([series[0], LearnsAhead.later], tick=tick)


def test_a_panel_that_learns_from_the_future_of_another_is_named(panel, monkeypatch):
    """The one series is told by the weights what becomes of the other."""

    def fitted(every):
        LearnsAhead.later = every[1].prices
        return folds_fitted(every)

    folds_fitted = folds.fitted_network
    monkeypatch.setattr(folds, "Forecaster", LearnsAhead)
    monkeypatch.setattr(auditing, "fitted_network", fitted)
    found = _leaks(audit(panel))
    assert {"weights", "linear part"} <= found


class Repeats(Forecaster):
    """Says that yesterday's return comes again."""

    def predict(self, prices, origins):
        law = super().predict(prices, origins)
        return law.affine(prices.log_returns()[origins][:, None])


class Peeks(Forecaster):
    """Looks one bar ahead where there is one."""

    def predict(self, prices, origins):
        law = super().predict(prices, origins)
        ahead = np.minimum(origins + 1, len(prices) - 1)
        return law.affine(0.1 * prices.log_returns()[ahead][:, None])


def test_yesterday_in_disguise_is_named(plan, monkeypatch):
    """It sees no future, and is told all the same."""
    monkeypatch.setattr(folds, "Forecaster", Repeats)
    assert _leaks(audit(plan)) == {"lag of lstm"}


def test_a_forecast_that_peeks_is_named(plan, monkeypatch):
    """Its forecasts change with what comes after."""
    monkeypatch.setattr(folds, "Forecaster", Peeks)
    assert "forecasts of lstm" in _leaks(audit(plan))


def test_a_calibration_that_peeks_is_named(plan, monkeypatch):
    """Errors that are counted a session before they are known show, though no forecast changes."""

    def peeking(said, realised, *, method):
        early = np.r_[realised[1:], realised[-1:]]  # what is known one session later
        return real(said, early, method=method)

    real = auditing.calibrated
    monkeypatch.setattr(auditing, "calibrated", peeking)
    named = _leaks(audit(plan))
    assert "calibrated ranges of lstm" in named
    assert "forecasts of lstm" not in named


def test_lags():
    """A forecast that leads is none that repeats; nor is one that says nothing, or noise."""
    rng = np.random.default_rng(0)
    returns = 0.01 * rng.standard_normal(400)
    origins = np.arange(50, 350)
    assert audit_lag("x", returns[origins + 1], returns, origins).ok
    assert audit_lag("x", np.full(300, 0.001), returns, origins).ok
    assert audit_lag("x", 0.01 * rng.standard_normal(300), returns, origins).ok
    late = audit_lag("x", returns[origins - 2], returns, origins)
    assert not late.ok
    assert "peaks -3 sessions from the target, at +1.00" in late.text


def test_forecaster_is_the_one_that_is_audited():
    """The leaks above are planted in the class that backtests use."""
    assert folds.Forecaster is forecaster.Forecaster
