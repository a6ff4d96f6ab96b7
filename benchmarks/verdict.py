"""Size and power of the verdict, and what two processes save.

    python benchmarks/verdict.py [SERIES]

On walks without direction (Gaussian, Student t, GARCH; horizons 1 and 5) the verdict on direction
must say "edge" in at most 5 %; on a signal with an information coefficient of 0.1 over 2,000 days
in at least 80 %; of the best of 100 noise strategies money must say "edge" in at most 5 %.
"""

import sys
import time
from dataclasses import replace

import numpy as np

from lstmfin.backtest.search import Search
from lstmfin.backtest.strategy import Costs
from lstmfin.backtest.verdict import verdict
from lstmfin.backtest.walkforward import Backtest, plan_backtest, run_backtests
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.metrics.distribution import StudentT
from lstmfin.registry import SOURCES
from lstmfin.workers import open_workers


def gauss(rng, n):
    return 0.01 * rng.standard_normal(n)


def student(rng, n):
    return 0.007 * rng.standard_t(3, n)


def garch(rng, n):
    shocks, variance, out = rng.standard_normal(n), 1e-4, np.empty(n)
    for t in range(n):
        out[t] = np.sqrt(variance) * shocks[t]
        variance = 2e-6 + 0.1 * out[t] ** 2 + 0.88 * variance
    return out


def result(daily, forecast, *, horizon, positions):
    """A backtest of n sessions whose forecasts (n, H) are given."""
    n = len(forecast)
    level = np.concatenate([[0.0], np.cumsum(daily)])
    realised = np.column_stack([level[h : n + h] - level[:n] for h in range(1, horizon + 1)])
    wide = np.full((n, horizon), 0.01)
    return Backtest(
        symbol="WALK",
        model="lstm",
        sessions=np.datetime64("2000-01-01") + np.arange(n),
        earned_on=np.datetime64("2000-01-03") + np.arange(n),
        realised=realised,
        laws={
            "lstm": StudentT(forecast, wide),
            "drift": StudentT(np.full((n, horizon), 1e-5), wide),
            "zero-return": StudentT(np.zeros((n, horizon)), wide),
        },
        positions={"lstm": positions, "buy-and-hold": np.ones(n)},
        held=np.expm1(realised[:, 0]),
        costs=Costs(0.0),
        folds=(),
    )


def size(noise, horizon, n_series):
    found = 0
    for seed in range(n_series):
        rng = np.random.default_rng(seed)
        guess = 0.001 * rng.standard_normal((1000, horizon))
        walk = noise(rng, 1000 + horizon)
        found += verdict(result(walk, guess, horizon=horizon, positions=np.ones(1000)))[0].edge
    return found / n_series


def power(n_series):
    found = 0
    for seed in range(n_series):
        rng = np.random.default_rng(seed)
        signal = rng.standard_normal(2000)
        daily = 0.01 * (0.1 * signal + np.sqrt(0.99) * rng.standard_normal(2000))
        forecast = 0.001 * signal[:, None]
        found += verdict(result(daily, forecast, horizon=1, positions=np.sign(signal)))[0].edge
    return found / n_series


def best_of_noise(n_series, n_trials=100):
    found = 0
    for seed in range(n_series):
        rng = np.random.default_rng(seed)
        daily = gauss(rng, 751)
        held = np.expm1(daily[:750])
        sides = np.sign(rng.standard_normal((750, n_trials)))
        excess = sides * held[:, None] - held[:, None]
        ratios = excess.mean(axis=0) / excess.std(axis=0, ddof=1)
        best = sides[:, np.argmax(ratios)]
        tried = Search(n_trials, n_trials, float(ratios.var(ddof=1)))
        one = result(daily, 0.001 * best[:, None], horizon=1, positions=best)
        found += verdict(one, tried)[2].edge
    return found / n_series


def seconds(spec, plans):
    began = time.perf_counter()
    with open_workers(spec) as workers:
        list(run_backtests(plans, workers=workers))
    return time.perf_counter() - began


def speed():
    network = TrainConfig(window=60, hidden=32, epochs=4, patience=4)
    config = BacktestConfig(train=1000, test=250)
    plans = []
    for number in range(20):
        whole = SOURCES.get("synthetic").fetch("GARCH", start=None, end=None, options=None)
        prices = replace(whole, symbol=f"S{number}", bars=whole.bars.iloc[-1700:])
        plans.append(plan_backtest(prices, network=network, config=config))
    serial, local = seconds("serial", plans), seconds("local:2", plans)
    print(f"20 symbols: serial {serial:.1f} s, local:2 {local:.1f} s, ratio {local / serial:.2f}")


if __name__ == "__main__":
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    for name, noise in {"gauss": gauss, "student": student, "garch": garch}.items():
        for horizon in (1, 5):
            print(f"size, {name}, horizon {horizon}: {size(noise, horizon, n):.1%} of {n}")
    print(f"power, information coefficient 0.1: {power(n):.1%} of {n}")
    print(f"best of 100 noise strategies: {best_of_noise(n):.1%} of {n}")
    speed()
