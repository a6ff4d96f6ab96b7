"""What forecasts of one fixed configuration are worth, beside HAR, GARCH and the last value.

    python benchmarks/forecasts.py             # years that may be looked at
    python benchmarks/forecasts.py --confirm   # those kept apart: docs/forecasts.md

One network of three members for each panel (`--panel --members 3 --target volatility`, all else as
it comes) and the baselines are fitted once, on sessions up to a date, and asked at each session of
the years after it. All laws are calibrated (aci) by the same protocol, from the first session of
the validation block on. QLIKE is that of the next session's variance by its bar, CRPS that of its
return. Paths are those of `--target returns --horizon 720`, two epochs, one member: the squared
error of the price in units of the last one, summed over the judged origins, against its own.

GARCH needs `pip install 'lstmfin[stats]'`; without it its columns are left out.
"""

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import resource
import time
from importlib.util import find_spec

import numpy as np

from lstmfin.config import TrainConfig
from lstmfin.data.panel import together
from lstmfin.data.target import cumulative_returns
from lstmfin.data.variance import realised_variance
from lstmfin.metrics.inference import equal_predictive_ability
from lstmfin.models.calibration import calibrate
from lstmfin.models.forecaster import Forecaster
from lstmfin.registry import BASELINES, SOURCES

STOCKS = (
    "AAPL.PANEL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO",
    "LLY", "MRK", "MSFT", "PEP", "PFE", "PG", "RRC", "UNH", "WMT", "XOM",
)  # fmt: skip
INDICES = ("^GSPC", "^IXIC")
CURRENCIES = tuple(
    f"EUR{one}=X" for one in ("USD", "GBP", "JPY", "CHF", "AUD", "CAD", "SEK", "NOK")
)
BARS = ("AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA")

PANELS = {
    "20 stocks, closes": (STOCKS, "2010-12-31", "2014-12-31", "2022-12-31"),
    "2 indices, bars": (INDICES, "2010-12-31", "2014-12-31", "2018-12-31"),
    "6 stocks, bars": (BARS, "2016-12-31", "2018-12-31", "2023-12-31"),
    "8 currencies, closes": (CURRENCIES, None, "2014-12-31", "2026-10-31"),
}
"""Symbols; in development fitted to the first date and judged to the second, for the confirmation
fitted to the second and judged to the third. Currencies had no part in the development."""

CONFIG = TrainConfig(panel=True, members=3, target="volatility")
ALONE = CONFIG.evolve(members=1, epochs=1, learning_rate=1e-12)
"""The regression that the networks add to, by itself: they learn nothing."""

LEVEL = 0.05
"""Of the test of equal expected losses, a series and a score at a time, two-sided."""

PATHS = TrainConfig(panel=True, horizon=720, epochs=2)
AHEAD = (96, 192, 336, 720)


def qlike(truth, forecast):
    """Return the QLIKE of each session."""
    return truth / forecast - np.log(truth / forecast) - 1


def judge(model, prices, origins, judged):
    """Return QLIKE and CRPS of each session, and which truths the calibrated range of 90 % held."""
    horizon = 1
    law = model.predict(prices, origins)[:, :horizon]
    truth = cumulative_returns(prices, horizon)[origins]
    law = calibrate(law, truth)[judged][:, 0]
    y = truth[judged, 0]
    variance = model.predict_variance(prices, origins)[judged, 0]
    held = (law.quantile(0.05) <= y) & (y <= law.quantile(0.95))
    realised = realised_variance(prices)[origins[judged] + 1]
    return qlike(realised, variance), law.crps(y), held


def compare(name, symbols, known_to, judged_to):
    """Print a panel's table."""
    every = together([fetched(symbol, judged_to) for symbol in symbols])
    forecaster, began = Forecaster(CONFIG), time.perf_counter()
    forecaster.fit([prices.until(known_to) for prices in every])
    seconds = time.perf_counter() - began
    alone = Forecaster(ALONE)
    alone.fit([prices.until(known_to) for prices in every])
    first, others = forecaster.provenance.validated_from, ["har-rv"]
    if find_spec("arch"):
        others.append("garch")
    print(f"\n{name}: fitted to {known_to} in {seconds:.0f} s, judged to {judged_to}")
    print("| symbol | QLIKE | of HAR | of GARCH | CRPS bp | of HAR | of GARCH | held | in 2020 |")
    print("|---|---|---|---|---|---|---|---|---|")
    better = {(score, other): 0 for score in ("QLIKE", "CRPS") for other in others}
    of_alone = []
    saved, lost = {key: [] for key in better}, {key: [] for key in better}
    certain = {key: [0, 0] for key in better}
    for prices in every:
        days = prices.sessions[:-1]
        origins = np.flatnonzero(days >= np.datetime64(first))
        judged = days[origins] >= np.datetime64(known_to)
        own = judge(forecaster, prices, origins, judged)
        cells = {}
        for other in others:
            model = BASELINES.get(other)(1)
            model.fit(prices.until(known_to))
            its = judge(model, prices, origins, judged)
            if other == "har-rv":
                of_alone.append(
                    [one.mean() for one in (its[0], judge(alone, prices, origins, judged)[0])]
                )
            for n, score in enumerate(("QLIKE", "CRPS")):
                mine, theirs = own[n].mean(), its[n].mean()
                better[score, other] += mine < theirs
                saved[score, other].append(1 - mine / theirs)
                cells[score, other] = theirs
                test = equal_predictive_ability(own[n], its[n])
                if test.p_value < LEVEL:
                    certain[score, other][int(mine > theirs)] += 1
                if mine >= theirs:
                    lost[score, other].append(f"{prices.symbol} (p = {test.p_value:.2f})")
        years = prices.sessions[origins[judged] + 1].astype("datetime64[Y]")
        in_2020 = own[2][years == np.datetime64("2020")]
        row = [
            prices.symbol,
            f"{own[0].mean():.3f}",
            *(f"{cells['QLIKE', o]:.3f}" if o in others else "" for o in ("har-rv", "garch")),
            f"{1e4 * own[1].mean():.2f}",
            *(f"{1e4 * cells['CRPS', o]:.2f}" if o in others else "" for o in ("har-rv", "garch")),
            f"{own[2].mean():.1%}",
            f"{in_2020.mean():.1%}" if len(in_2020) else "",
        ]
        print(f"| {' | '.join(row)} |", flush=True)
    for (score, other), n in better.items():
        mean, median = np.mean(saved[score, other]), np.median(saved[score, other])
        print(
            f"{score} below {other}: {n} of {len(every)} symbols, {mean:+.2%} saved on average, "
            f"{median:+.2%} in the median; at {LEVEL:.0%} lower on {certain[score, other][0]} and "
            f"higher on {certain[score, other][1]}"
            + (f"; not below on {', '.join(lost[score, other])}" if lost[score, other] else "")
        )
    har, own = np.array(of_alone).T
    print(
        f"QLIKE of the regression alone below har-rv: {(own < har).sum()} of {len(every)} symbols, "
        f"{np.mean(1 - own / har):+.2%} saved on average"
    )


def compare_paths(symbols, known_to, judged_to):
    """Print the squared error of price paths against that of the last value."""
    every = [fetched(symbol, judged_to) for symbol in symbols]
    forecaster = Forecaster(PATHS)
    forecaster.fit([prices.until(known_to) for prices in every])
    print(f"\nPaths of {len(every)} symbols, fitted to {known_to}, judged to {judged_to}")
    print(
        "| ahead | share believed | squared error / that of the last value, worst symbol | mean |"
    )
    print("|---|---|---|---|")
    ratios = []
    for prices in every:
        origins = np.flatnonzero(prices.sessions >= np.datetime64(known_to))
        truth = np.exp(cumulative_returns(prices, max(AHEAD))[origins])
        said = np.exp(forecaster.predict(prices, origins).median)
        ratios.append(
            [
                np.nansum((truth - said)[:, h - 1] ** 2) / np.nansum((truth[:, h - 1] - 1) ** 2)
                for h in AHEAD
            ]
        )
    for k, h in enumerate(AHEAD):
        column = np.array(ratios)[:, k]
        share = forecaster.share[h - 1]
        print(f"| {h} | {share:.2f} | {column.max():.4f} | {column.mean():.4f} |", flush=True)


def fetched(symbol, judged_to):
    """Return a sample series up to a date."""
    prices = SOURCES.get("sample").fetch(symbol, start=None, end=None, options=None)
    return prices.until(judged_to)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--confirm", action="store_true")
    options.add_argument("--only", default="", help="a part of a panel's name, or paths")
    chosen = options.parse_args()
    for name, (symbols, *dates) in PANELS.items():
        known_to, judged_to = dates[chosen.confirm :][:2]
        if chosen.only in name and known_to is not None:
            compare(name, symbols, known_to, judged_to)
    if chosen.only in "paths":
        compare_paths(STOCKS, *PANELS["20 stocks, closes"][1:][chosen.confirm :][:2])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\npeak memory {peak:,.0f} MB")


if __name__ == "__main__":
    main()
