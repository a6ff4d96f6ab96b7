"""How the defaults of ``--target volatility`` were chosen: one thing at a time, on twenty stocks.

The US stocks of the sample, closes alone. Of them and of the indices all of 2015 and later is never
looked at, of six stocks with few years (``--tables linear``) all of 2019 and later. Networks and
HAR learn from sessions up to the end of 2010 (the validation block for early stopping lies in
there) and forecast each session of 2011 to 2014 from what was known the day before. QLIKE is that
of the next session's squared return, CRPS that of its return; printed is the share of HAR's that is
saved, as the mean over symbols.

    python benchmarks/volatility.py                  # the tables in docs/defaults.md
    python benchmarks/volatility.py --tables linear  # some of them
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import datetime as dt
import time
from pathlib import Path

import numpy as np

from lstmfin.config import TrainConfig
from lstmfin.data.panel import together
from lstmfin.data.source import SourceOptions
from lstmfin.data.variance import realised_variance
from lstmfin.models.forecaster import Forecaster
from lstmfin.registry import BASELINES, SOURCES

SYMBOLS = (
    "AAPL.PANEL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO",
    "LLY", "MRK", "MSFT", "PEP", "PFE", "PG", "RRC", "UNH", "WMT", "XOM",
)  # fmt: skip
INDICES = ("^GSPC", "^IXIC")
"""Series with open, high and low that are long enough; twelve epochs, as they are but two."""

BARS = ("AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA")
"""Stocks with open, high and low, of few years."""

LEARNED_TO, JUDGED_TO = "2010-12-31", "2014-12-31"
CURRENCIES = tuple(
    f"EUR{one}=X" for one in ("USD", "GBP", "JPY", "CHF", "AUD", "CAD", "SEK", "NOK")
)

GROUPS = {
    "6 stocks, bars": (BARS, "2015-12-31", "2016-12-31"),
    "6 stocks, bars, a year later": (BARS, "2016-12-31", "2018-12-31"),
    "2 indices, bars": (INDICES, "2004-12-31", "2010-12-31"),
    "2 indices, bars, later": (INDICES, LEARNED_TO, JUDGED_TO),
    "7 stocks, closes": (SYMBOLS[::3], "1996-12-31", "2001-12-31"),
    "20 stocks, closes": (SYMBOLS, "2004-12-31", "2010-12-31"),
    "20 stocks, closes, later": (SYMBOLS, LEARNED_TO, JUDGED_TO),
    "8 currencies, closes": (CURRENCIES, "2008-12-31", JUDGED_TO),
}
"""Series, the last session that is learned from and the last that is judged."""

OWN = ("log-return", "variance-day", "variance-week", "variance-month")
RATIO = (*OWN, "volatility-ratio")
DEFAULT = TrainConfig(target="volatility", panel=True, members=3)
BASE = TrainConfig(
    target="volatility",
    panel=True,
    window=66,
    horizon=1,
    hidden=32,
    batch=256,
    learning_rate=0.003,
    epochs=6,
    patience=3,
    features=OWN,
    no_linear=True,
)
TRIED: dict[str, dict[str, object]] = {
    "base": {},
    "window 22": {"window": 22},
    "loss mse": {"loss": "mse"},
    "ratio": {"features": RATIO},
    "ratio, drawdown": {"features": (*RATIO, "drawdown")},
    "ratio, loss mse": {"features": RATIO, "loss": "mse"},
    "ratio, learning-rate 0.001": {
        "features": RATIO,
        "learning_rate": 0.001,
    },
    "ratio, window 22": {"features": RATIO, "window": 22},
    "hidden 16": {"hidden": 16},
    "learning-rate 0.001": {"learning_rate": 0.001},
    "horizon 10": {"horizon": 10},
    "members 3": {"members": 3},
    "target returns, student-t": {
        "target": "returns",
        "features": ("log-return", "volatility", "volatility-ratio"),
    },
}


def sample(symbol: str):
    """Return a series of the sample."""
    options = SourceOptions(None, Path("unused"), dt.datetime.now(dt.UTC))
    return SOURCES.get("sample").fetch(symbol, start=None, end=None, options=options)


def scores(model, prices, learned_to: str) -> tuple[float, float]:
    """Return mean QLIKE of the variance of each session after a date, and CRPS of its return."""
    begin = int(np.searchsorted(prices.sessions, np.datetime64(learned_to), side="right")) - 1
    origins = np.arange(begin, len(prices) - 1)
    ratio = realised_variance(prices)[origins + 1]
    ratio = ratio / model.predict_variance(prices, origins)[:, 0]
    law = model.predict(prices, origins)[:, 0]
    crps = law.crps(prices.log_returns()[origins + 1])
    return float(np.mean(ratio - np.log(ratio) - 1)), float(np.mean(crps))


def compare(
    title: str,
    symbols: tuple[str, ...],
    learned_to: str,
    judged_to: str,
    tried: dict[str, TrainConfig],
) -> None:
    """Print the table of some choices on some series; nothing after the last date is looked at."""
    every = together([sample(symbol).until(judged_to) for symbol in symbols])
    known = [prices.until(learned_to) for prices in every]
    found = []
    for own, whole in zip(known, every, strict=True):
        har = BASELINES.get("har-rv")(1)
        har.fit(own)
        found.append(scores(har, whole, learned_to))
    of_har = np.array(found)
    print(f"\n{title}: learned to {learned_to}, judged to {judged_to}")
    print(f"HAR: QLIKE {of_har[:, 0].mean():.4f}, CRPS {of_har[:, 1].mean():.6f}")
    print("| choice | QLIKE saved | CRPS saved | better than HAR | seconds |")
    print("|---|---|---|---|---|")
    for name, config in tried.items():
        began = time.process_time()
        forecaster = Forecaster(config)
        forecaster.fit(known)
        seconds = time.process_time() - began
        own = np.array([scores(forecaster, whole, learned_to) for whole in every])
        saved = 1 - own / of_har
        better = (own < of_har).sum(axis=0)
        print(
            f"| {name} | {saved[:, 0].mean():+.2%} | {saved[:, 1].mean():+.2%} | "
            f"{better[0]} and {better[1]} of {len(own)} | {seconds:.0f} |",
            flush=True,
        )


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--tables", default="stocks,indices,linear,panel")
    tables = options.parse_args().tables.split(",")
    if "stocks" in tables:
        tried = {name: BASE.evolve(**changes) for name, changes in TRIED.items()}
        compare("20 stocks", SYMBOLS, LEARNED_TO, JUDGED_TO, tried)
    if "indices" in tables:
        names = ("base", "loss mse", "ratio", "ratio, loss mse")
        tried = {name: BASE.evolve(epochs=12, **TRIED[name]) for name in names}
        compare("2 indices", INDICES, LEARNED_TO, JUDGED_TO, tried)
    if "linear" in tables:
        tried = {"no-linear": DEFAULT.evolve(no_linear=True), "linear": DEFAULT}
        for title, group in GROUPS.items():
            compare(title, *group, tried)
    if "panel" in tables:
        tried = {"alone": DEFAULT.evolve(features=RATIO), "panel": DEFAULT}
        for title, group in GROUPS.items():
            if "closes" in title:  # of bars nothing is seen of the panel
                compare(title, *group, tried)


if __name__ == "__main__":
    main()
