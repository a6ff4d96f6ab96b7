"""Sharpe ratios, searches and splits beside other libraries, live, on fresh draws."""

import empyrical
import numpy as np
import pandas as pd
import pytest
import quantstats.stats
from arch.bootstrap import MCS, SPA, StationaryBootstrap, optimal_block_length
from skfolio.model_selection import CombinatorialPurgedCV
from statsmodels.stats.multitest import multipletests

from lstmfin.backtest.splits import combinatorial_purged
from lstmfin.metrics import returns
from lstmfin.metrics.bootstrap import block_length
from lstmfin.metrics.selection import confidence_set, holm, superior_ability
from lstmfin.metrics.sharpe import probabilistic_sharpe, sharpe_bootstrap_interval

pytestmark = pytest.mark.parametrize("seed", range(5))


@pytest.fixture
def rng(seed):
    return np.random.default_rng(seed)


@pytest.fixture
def r(rng):
    return 0.0005 + 0.011 * rng.standard_t(4, 600)


def test_figures_of_returns(r, rng, agreement):
    """Sortino, Calmar, tail ratio and beta of empyrical; probabilistic Sharpe of quantstats."""
    series = pd.Series(r, index=pd.bdate_range("2020-01-01", periods=600))
    market = series.sample(frac=1, random_state=1).set_axis(series.index)
    pairs = {
        "empyrical sortino": (returns.sortino(r), empyrical.sortino_ratio(series)),
        "empyrical calmar": (returns.calmar(r), empyrical.calmar_ratio(series)),
        "empyrical tail_ratio": (returns.tail_ratio(r), empyrical.tail_ratio(series)),
        "empyrical beta": (returns.alpha_beta(r, market)[1], empyrical.beta(series, market)),
        "quantstats psr": (
            probabilistic_sharpe(r),
            quantstats.stats.probabilistic_sharpe_ratio(series, periods=252),
        ),
    }
    for name, (ours, theirs) in pairs.items():
        agreement(name, abs(ours / theirs - 1))
        assert ours == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("decay", [0.3, 0.6, 0.9])
def test_block_length(rng, decay, agreement):
    """That of arch; its correlations end a value earlier, so that another bandwidth is possible."""
    x = np.zeros(500)
    for t, shock in enumerate(rng.standard_normal(499), 1):
        x[t] = decay * x[t - 1] + shock
    theirs = optimal_block_length(x).iloc[0]["stationary"]
    agreement("arch optimal_block_length", abs(block_length(x) / theirs - 1))
    assert block_length(x) == pytest.approx(theirs, rel=1e-8)


def test_bootstrap_interval(r, seed, agreement):
    """The streams differ: equal within the error of 10,000 samples."""
    draws = StationaryBootstrap(block_length(r), r, seed=seed)
    theirs = draws.conf_int(
        lambda s: np.array([s.mean() / s.std(ddof=1) * np.sqrt(252)]),
        reps=10000,
        method="percentile",
    )[:, 0]
    ours = sharpe_bootstrap_interval(r, rng=np.random.default_rng(seed), n_samples=10000)
    agreement("arch StationaryBootstrap", np.max(np.abs(ours - theirs)))
    np.testing.assert_allclose(ours, theirs, atol=0.05)


def test_searches(rng, seed, agreement):
    """SPA and MCS are arch's own; Holm is statsmodels'."""
    losses = rng.standard_normal((150, 8)) ** 2
    spa = SPA(losses[:, 0], losses[:, 1:], reps=500, seed=seed)
    spa.compute()
    ours = superior_ability(losses[:, 0], losses[:, 1:], seed=seed, n_samples=500)
    assert ours == spa.pvalues["consistent"]
    mcs = MCS(losses, size=0.1, reps=500, seed=seed)
    mcs.compute()
    assert confidence_set(losses, seed=seed, n_samples=500) == tuple(sorted(mcs.included))
    p = rng.random(20) ** 4
    theirs = multipletests(p, method="holm")[1]
    agreement("statsmodels holm", np.max(np.abs(holm(p) - theirs)))
    np.testing.assert_allclose(holm(p), theirs, rtol=1e-12)


def test_combinatorial_splits(rng):
    """Every split of skfolio's, for sizes at random."""
    n, n_folds = int(rng.integers(40, 120)), int(rng.integers(3, 8))
    n_test = int(rng.integers(2, n_folds))
    purge, embargo = (int(one) for one in rng.integers(0, 3, 2))
    theirs = CombinatorialPurgedCV(
        n_folds=n_folds, n_test_folds=n_test, purged_size=purge, embargo_size=embargo
    )
    ours = combinatorial_purged(
        n, n_folds=n_folds, n_test_folds=n_test, purge=purge, embargo=embargo
    )
    for (train, tests), (train_too, tests_too) in zip(
        ours, theirs.split(np.zeros((n, 1))), strict=True
    ):
        np.testing.assert_array_equal(train, train_too)
        for one, other in zip(tests, tests_too, strict=True):
            np.testing.assert_array_equal(one, other)
