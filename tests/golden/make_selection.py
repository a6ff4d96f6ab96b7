"""Make selection.json: what other libraries answer about Sharpe ratios, searches and splits.

    python -m venv oracle && oracle/bin/pip install arch==8.0.0 empyrical-reloaded==0.7.1 \
        quantstats==0.0.86 skfolio==1.12.2 statsmodels==0.15.0
    oracle/bin/python tests/golden/make_selection.py

The inputs are stored beside the answers, so that nothing hangs on a random stream.
"""

import json
from importlib.metadata import version
from pathlib import Path

import empyrical
import numpy as np
import pandas as pd
import quantstats.stats as qs
import statsmodels.api as sm
from arch.bootstrap import MCS, SPA, StationaryBootstrap, optimal_block_length
from scipy.fft import dct
from scipy.stats import t as student
from skfolio.model_selection import CombinatorialPurgedCV
from statsmodels.stats.multitest import multipletests

LIBRARIES = ("arch", "empyrical-reloaded", "quantstats", "skfolio", "statsmodels")
rng = np.random.default_rng(5)

r = np.round(0.0006 + 0.011 * rng.standard_t(4, 500), 6)
b = np.round(0.0003 + 0.5 * r + 0.008 * rng.standard_normal(500), 6)
series, market = (pd.Series(one, index=pd.bdate_range("2020-01-01", periods=500)) for one in (r, b))
line = sm.OLS(r, sm.add_constant(b)).fit()

noise = rng.standard_normal(600)
wander = np.zeros(600)
for t in range(1, 600):
    wander[t] = 0.6 * wander[t - 1] + noise[t]
wander = np.round(wander, 6)


def block(x):
    return float(optimal_block_length(x).iloc[0]["stationary"])


def bootstrap_interval(x):
    """Percentiles over another stream: to be compared within the error of so many samples."""
    draws = StationaryBootstrap(block(x), x, seed=1)
    low, high = draws.conf_int(
        lambda s: np.array([s.mean() / s.std(ddof=1) * np.sqrt(252)]),
        reps=20000,
        method="percentile",
    )[:, 0]
    return [float(low), float(high)]


losses = np.round(rng.standard_normal((200, 6)) ** 2 + 0.3 * (np.arange(6) == 5), 6)
benchmark = np.round(rng.standard_normal(200) ** 2 + 0.4, 6)
spa = SPA(benchmark, losses, reps=1000, seed=7)
spa.compute()
mcs = MCS(losses, size=0.1, reps=1000, seed=7)
mcs.compute()

difference = np.round(0.1 + np.convolve(rng.standard_normal(154), np.ones(5) / 5, "valid"), 6)
n = len(difference)
n_cosines = int(0.41 * n ** (2 / 3))
# By the discrete cosine transform, orthonormal: sqrt(2/n) sum x cos(pi j (t - 1/2) / n).
waves = dct(difference, type=2, norm="ortho")[1 : n_cosines + 1]
ewc = float(np.sqrt(n) * difference.mean() / np.sqrt(np.mean(waves**2)))

p_values = np.round(rng.random(12) ** 3, 6)

splits = []
for folds, test_folds, purge, embargo in ((6, 2, 2, 1), (5, 2, 0, 0), (6, 3, 3, 2), (7, 2, 1, 4)):
    cv = CombinatorialPurgedCV(
        n_folds=folds, n_test_folds=test_folds, purged_size=purge, embargo_size=embargo
    )
    splits.append(
        {
            "n": 61,
            "folds": folds,
            "test_folds": test_folds,
            "purge": purge,
            "embargo": embargo,
            "splits": [
                [train.tolist(), [one.tolist() for one in tests]]
                for train, tests in cv.split(np.zeros((61, 1)))
            ],
        }
    )

golden = {
    "made_with": {name: version(name) for name in LIBRARIES},
    "returns": r.tolist(),
    "market": b.tolist(),
    "empyrical": {
        "sortino": float(empyrical.sortino_ratio(series)),
        "calmar": float(empyrical.calmar_ratio(series)),
        "tail_ratio": float(empyrical.tail_ratio(series)),
        "beta": float(empyrical.beta(series, market)),
    },
    "ols": {"alpha_per_session": float(line.params[0]), "beta": float(line.params[1])},
    "quantstats": {
        "probabilistic_sharpe": float(
            qs.probabilistic_sharpe_ratio(series, rf=0.0, periods=252, annualize=False)
        ),
        "win_rate": float(qs.win_rate(series)),
    },
    "wander": wander.tolist(),
    "block_length": {"returns": block(r), "wander": block(wander)},
    "bootstrap_interval": bootstrap_interval(r),
    "losses": losses.tolist(),
    "benchmark": benchmark.tolist(),
    "spa": float(spa.pvalues["consistent"]),
    "mcs": [int(one) for one in sorted(mcs.included)],
    "difference": difference.tolist(),
    "ewc": {
        "statistic": ewc,
        "n_cosines": n_cosines,
        "p_value": float(2 * student.sf(abs(ewc), n_cosines)),
    },
    "p_values": p_values.tolist(),
    "holm": multipletests(p_values, method="holm")[1].tolist(),
    "splits": splits,
}
Path(__file__).with_name("selection.json").write_text(json.dumps(golden) + "\n")
