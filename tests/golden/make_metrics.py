"""Make metrics.json: what other libraries answer to the same questions.

    python -m venv oracle && oracle/bin/pip install dieboldmariano==1.1.0 empyrical-reloaded==0.7.1 \
        mpmath==1.4.1 quantstats==0.0.86 scoringrules==0.10.0 statsmodels==0.15.0
    oracle/bin/python tests/golden/make_metrics.py

The inputs are stored beside the answers, so that nothing hangs on a random stream.
"""

import json
from importlib.metadata import version
from pathlib import Path

import dieboldmariano
import empyrical
import mpmath as mp
import numpy as np
import pandas as pd
import quantstats.stats as qs
import scoringrules
from statsmodels.stats.diagnostic import pesaran_timmermann
from statsmodels.tsa.stattools import diebold_mariano_test

mp.mp.dps = 40
LIBRARIES = (
    "dieboldmariano",
    "empyrical-reloaded",
    "mpmath",
    "quantstats",
    "scoringrules",
    "statsmodels",
)
rng = np.random.default_rng(20)


def student(dof: float, z: float) -> dict[str, float]:
    """CDF, log density and CRPS of T at z, in 40 digits; the CRPS by its integral where that converges."""
    v, x = mp.mpf(dof), mp.mpf(z)
    low = mp.betainc(v / 2, 0.5, 0, v / (v + x * x), regularized=True) / 2
    if v > 1e4:  # the argument is too near to 1 for the lower tail: take the other one
        low = (1 - mp.betainc(0.5, v / 2, 0, x * x / (v + x * x), regularized=True)) / 2
    cdf = low if x < 0 else 1 - low
    logpdf = (
        mp.loggamma((v + 1) / 2)
        - mp.loggamma(v / 2)
        - mp.log(v * mp.pi) / 2
        - (v + 1) / 2 * mp.log1p(x * x / v)
    )
    spread = 2 * mp.sqrt(v) / (v - 1) * mp.beta(0.5, v - mp.mpf(1) / 2) / mp.beta(0.5, v / 2) ** 2
    crps = x * (2 * cdf - 1) + 2 * mp.exp(logpdf) * (v + x * x) / (v - 1) - spread
    return {"dof": dof, "z": z, "cdf": float(cdf), "logpdf": float(logpdf), "crps": float(crps)}


def integral(dof: float, z: float) -> dict[str, float]:
    """CRPS of T at z by its definition, the integral of (F - step)²."""
    v, x = mp.mpf(dof), mp.mpf(z)

    def cdf(t):
        tail = mp.betainc(v / 2, 0.5, 0, v / (v + t * t), regularized=True) / 2
        return tail if t < 0 else 1 - tail

    mp.mp.dps = 18
    parts = (
        mp.quad(lambda t: cdf(t) ** 2, [-mp.inf, -10, min(x, 0), x]),
        mp.quad(lambda t: (1 - cdf(t)) ** 2, [x, max(x, 0), 10, mp.inf]),
    )
    mp.mp.dps = 40
    return {"dof": dof, "z": z, "crps": float(sum(parts))}


a = np.round(rng.standard_normal(80) ** 2, 6)
b = np.round(a * 0.8 + 0.4 * rng.standard_normal(80) ** 2, 6)
overlapping = np.convolve(rng.standard_normal(84), np.ones(5), "valid")
c = np.round(a + overlapping / 5 + 0.3, 6)
zeros = [0.0] * 80
dm = []
for name, other in (("b", b), ("c", c)):
    for horizon in (1, 5):
        one = dieboldmariano.dm_test(zeros, list(a), list(other), loss=lambda _, f: f, h=horizon)
        dm.append({"other": name, "horizon": horizon, "statistic": one[0], "p_value": one[1]})


def statsmodels_dm(one, other, horizon: int) -> dict[str, float]:
    """Its kernel is Bartlett's, which for one step ahead is the same as any other."""
    loss = lambda _, forecast: forecast  # noqa: E731
    options = {"criterion": loss, "lags": horizon - 1, "harvey_adj": True, "horizon": horizon}
    result = diebold_mariano_test(np.zeros(80), one, other, **options)
    return {"statistic": float(result.statistic), "p_value": float(result.pvalue)}


alternating = np.round(a + 0.05 + 0.2 * (-1.0) ** np.arange(80) * (1 + rng.random(80)), 6)

y = np.round(rng.standard_normal(250) + 0.1, 4)
z = np.round(0.25 * y + rng.standard_normal(250), 4)
pt = pesaran_timmermann(y, z, alternative="larger")

r = np.round(0.0004 + 0.011 * rng.standard_t(4, 300), 6)
series = pd.Series(r, index=pd.bdate_range("2020-01-01", periods=300))

lower, upper = np.round(y[:40] - 1.0, 4), np.round(y[:40] + 0.5, 4)
truth = np.round(y[:40] + rng.standard_normal(40), 4)

golden = {
    "made_with": {name: version(name) for name in LIBRARIES},
    "student": [
        student(v, x)
        for v in (2.01, 2.5, 4.0, 30.0, 1e3, 1e6)
        for x in (-38.0, -6.0, -0.3, 1e-3, 1.7, 9.0)
    ]
    + [student(v, x) for v in (2.01, 4.0, 30.0) for x in (-1e8, 1e5)],
    "crps_integral": [integral(v, x) for v in (2.5, 4.0, 30.0) for x in (-2.0, 0.0, 3.0)],
    "crps_scoringrules": [
        float(scoringrules.crps_t(0.02, 4.5, 0.001, 0.01)),
        float(scoringrules.crps_normal(0.02, 0.001, 0.01)),
    ],
    "losses": {
        "a": a.tolist(),
        "b": b.tolist(),
        "c": c.tolist(),
        "alternating": alternating.tolist(),
    },
    "dieboldmariano": dm,
    "statsmodels_dm": statsmodels_dm(a, b, 1),
    "statsmodels_bartlett": statsmodels_dm(a, alternating, 2),
    "directions": {
        "realised": y.tolist(),
        "forecast": z.tolist(),
        "statistic": float(pt.statistic),
        "p_value": float(pt.pvalue),
    },
    "returns": r.tolist(),
    "empyrical": {
        "total_return": float(empyrical.cum_returns_final(series)),
        "annualised_return": float(empyrical.annual_return(series)),
        "annualised_volatility": float(empyrical.annual_volatility(series)),
        "sharpe": float(empyrical.sharpe_ratio(series)),
        "max_drawdown": float(empyrical.max_drawdown(series)),
    },
    "quantstats": {
        "sharpe": float(qs.sharpe(series, periods=252)),
        "max_drawdown": float(qs.max_drawdown(series)),
        "profit_factor": float(qs.profit_factor(series)),
    },
    "interval": {
        "realised": truth.tolist(),
        "lower": lower.tolist(),
        "upper": upper.tolist(),
        "interval_score_90": float(np.mean(scoringrules.interval_score(truth, lower, upper, 0.1))),
        "pinball_05": float(np.mean(scoringrules.quantile_score(truth, lower, 0.05))),
    },
}
Path(__file__).with_name("metrics.json").write_text(json.dumps(golden, indent=1) + "\n")
