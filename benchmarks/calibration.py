"""How often ranges of 90 % hold on the sample series, before and after calibration, and its price.

    python benchmarks/calibration.py             # the years that choices were made on: to 2018
    python benchmarks/calibration.py --from 2019 # those that were kept apart
    python benchmarks/calibration.py --networks  # panels of networks, on the years of development

Two laws are calibrated: one that follows volatility (zero-return) and one that never changes
(historical), each refitted every 500 sessions. A row is a law, a horizon and a step: the CRPS and
the log score against those of the law as it was, the coverage of the worst symbols and the share of
symbols and of symbol-years with 88 to 92 %. Networks are those of volatility.py, learned once and
judged on the two years or more that follow.
"""

import argparse

import numpy as np

from lstmfin.data.panel import together
from lstmfin.data.windows import cumulative_returns
from lstmfin.errors import DataError
from lstmfin.metrics.distribution import StudentT
from lstmfin.models import calibration
from lstmfin.models.forecaster import Forecaster
from lstmfin.registry import BASELINES, SOURCES

HORIZONS = (1, 5, 10)
RATES = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08)
BLOCK, TRAINED = 500, 1000
LEAST = 500  # judged sessions: of fewer the share itself is not known to two points


def laws_of(prices, name):
    """Return the walk-forward laws of a baseline, and the truth, from the 1000th session on."""
    parts, truth = [], cumulative_returns(prices, max(HORIZONS))[TRAINED:]
    for start in range(TRAINED, len(prices), BLOCK):
        model = BASELINES.get(name)(max(HORIZONS))
        model.fit(prices.slice(start))
        parts.append(model.predict(prices, np.arange(start, min(start + BLOCK, len(prices)))))
    return StudentT.joined(parts), truth


def row(law, calibrated, truth, judged):
    """Return CRPS ratio, log-score gain, coverage, and coverage year by year."""
    at = np.flatnonzero(judged & np.isfinite(truth))
    y, law, calibrated = truth[at], law[at], calibrated[at]
    inside = (calibrated.quantile(0.05) <= y) & (y <= calibrated.quantile(0.95))
    years = [part.mean() for part in np.split(inside, range(250, len(inside), 250))]
    gain = (calibrated.logpdf(y) - law.logpdf(y)).mean()
    return calibrated.crps(y).mean() / law.crps(y).mean(), gain, inside.mean(), years


def networks():
    """Print for each step how often the ranges of networks hold, and its price."""
    from volatility import DEFAULT, GROUPS, sample

    held, by_year, crps = ({rate: [] for rate in RATES} for _ in range(3))
    for symbols, learned_to, judged_to in GROUPS.values():
        learned, judged = np.datetime64(learned_to), np.datetime64(judged_to)
        if judged - learned < np.timedelta64(700, "D"):
            continue
        every = together([sample(symbol).until(judged_to) for symbol in symbols])
        forecaster = Forecaster(DEFAULT)
        forecaster.fit([prices.until(learned_to) for prices in every])
        first = np.datetime64(forecaster.provenance.validated_from)
        for prices in every:
            days = prices.sessions
            origins = np.flatnonzero(days[:-1] >= first)
            law, truth = forecaster.predict(prices, origins), cumulative_returns(prices, 1)[origins]
            is_judged = days[origins] >= learned
            years = days[origins[is_judged] + 1].astype("datetime64[Y]")
            y = truth[is_judged, 0]
            for rate in RATES:
                calibration.RATE = rate
                one = calibration.calibrate(law[:, :1], truth)[is_judged][:, 0]
                inside = (one.quantile(0.05) <= y) & (y <= one.quantile(0.95))
                held[rate].append(inside.mean())
                crps[rate].append(one.crps(y).mean())
                of_years = [inside[years == year] for year in np.unique(years)]
                by_year[rate] += [part.mean() for part in of_years if len(part) > 200]
    print("| step | CRPS | held by symbol | of symbol-years within 88-92 % |")
    print("|---|---|---|---|")
    for rate in RATES:
        cost, share = np.mean(np.divide(crps[rate], crps[0.0])) - 1, np.array(by_year[rate])
        print(
            f"| {rate or 'none'} | {cost:+.2%} | {min(held[rate]):.1%} to {max(held[rate]):.1%} | "
            f"{np.mean(np.abs(share - 0.9) <= 0.02):.0%} of {len(share)} |"
        )


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--from", type=int, default=0, dest="first")
    options.add_argument("--networks", action="store_true")
    chosen = options.parse_args()
    if chosen.networks:
        networks()
        return
    first = chosen.first
    source, series = SOURCES.get("sample"), []
    for symbol in source.symbols():
        prices = source.fetch(symbol, start=None, end=None, options=None)
        prices = prices if first else prices.until("2018-12-31")
        if len(prices) >= TRAINED + BLOCK:
            series.append(prices)
    for name in ("zero-return", "historical"):
        made = []
        for prices in series:
            try:
                made.append((prices, *laws_of(prices, name)))
            except DataError as error:
                print(error)
        for rate in RATES:
            calibration.RATE = rate
            rows = {h: [] for h in HORIZONS}
            for prices, law, truth in made:
                years = prices.sessions[TRAINED:].astype("datetime64[Y]").astype(int) + 1970
                judged = (years >= first) & (np.arange(len(truth)) >= 250)
                calibrated = calibration.calibrate(law, truth)
                for h in HORIZONS:
                    if (judged & np.isfinite(truth[:, h - 1])).sum() >= LEAST:
                        rows[h].append(
                            row(law[:, h - 1], calibrated[:, h - 1], truth[:, h - 1], judged)
                        )
            for h, found in rows.items():
                crps, gain, held = (np.array([one[k] for one in found]) for k in range(3))
                years = np.concatenate([one[3] for one in found])
                print(
                    f"{name:12s} step {rate:.2f} h {h:2d}: {len(found)} symbols, "
                    f"CRPS {100 * (crps.mean() - 1):+.2f} %, log score {gain.mean():+.4f} nats, "
                    f"held {held.min():.3f} to {held.max():.3f}, within 88-92 %: "
                    f"{np.mean(abs(held - 0.9) <= 0.02):.0%} of symbols, "
                    f"{np.mean(abs(years - 0.9) <= 0.02):.0%} of years",
                    flush=True,
                )


if __name__ == "__main__":
    main()
