"""How the defaults of ``--target volatility`` were chosen: one thing at a time, on twenty stocks.

The US stocks of the sample, closes alone. All of 2015 and later is never looked at. Networks and
HAR learn from sessions up to the end of 2010 (the validation block for early stopping lies in
there) and forecast each session of 2011 to 2014 from what was known the day before. QLIKE is that
of the next session's squared return, CRPS that of its return; printed is the share of HAR's that is
saved, as the mean over symbols.

    python benchmarks/volatility.py            # the table in docs/defaults.md
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import datetime as dt
import sys
import time
from pathlib import Path

import numpy as np

from lstmfin.config import TrainConfig
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

LEARNED_TO, JUDGED_TO = "2010-12-31", "2014-12-31"

OWN = ("log-return", "variance-day", "variance-week", "variance-month")
RATIO = (*OWN, "volatility-ratio")
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


def development_prices(symbol: str):
    """Return the sessions of a series that the choice may look at."""
    options = SourceOptions(None, Path("unused"), dt.datetime.now(dt.UTC))
    prices = SOURCES.get("sample").fetch(symbol, start=None, end=None, options=options)
    return prices.until(JUDGED_TO)


def judged(prices) -> np.ndarray:
    """Return the origins whose next session is in the years that are judged."""
    begin = int(np.searchsorted(prices.sessions, np.datetime64(LEARNED_TO), side="right")) - 1
    return np.arange(begin, len(prices) - 1)


def scores(model, prices) -> tuple[float, float]:
    """Return mean QLIKE of the next session's variance, and mean CRPS of its return."""
    origins = judged(prices)
    ratio = realised_variance(prices)[origins + 1]
    ratio = ratio / model.predict_variance(prices, origins)[:, 0]
    law = model.predict(prices, origins)[:, 0]
    crps = law.crps(prices.log_returns()[origins + 1])
    return float(np.mean(ratio - np.log(ratio) - 1)), float(np.mean(crps))


def compare(symbols: tuple[str, ...], chosen: list[str], **changes: object) -> None:
    """Print the table of some choices on some series."""
    every = [development_prices(symbol) for symbol in symbols]
    known = [prices.until(LEARNED_TO) for prices in every]
    found = []
    for own, whole in zip(known, every, strict=True):
        har = BASELINES.get("har-rv")(1)
        har.fit(own)
        found.append(scores(har, whole))
    of_har = np.array(found)
    print(f"HAR: QLIKE {of_har[:, 0].mean():.4f}, CRPS {of_har[:, 1].mean():.6f}")
    print("| choice | QLIKE saved | CRPS saved | better than HAR | seconds |")
    print("|---|---|---|---|---|")
    for name in chosen:
        began = time.perf_counter()
        forecaster = Forecaster(BASE.evolve(**changes | TRIED[name]))
        forecaster.fit(known)
        seconds = time.perf_counter() - began
        own = np.array([scores(forecaster, whole) for whole in every])
        saved = 1 - own / of_har
        better = (own < of_har).sum(axis=0)
        print(
            f"| {name} | {saved[:, 0].mean():+.2%} | {saved[:, 1].mean():+.2%} | "
            f"{better[0]} and {better[1]} of {len(own)} | {seconds:.0f} |",
            flush=True,
        )


def main() -> None:
    compare(SYMBOLS, sys.argv[1:] or list(TRIED))
    compare(INDICES, ["base", "loss mse", "ratio", "ratio, loss mse"], epochs=12)


if __name__ == "__main__":
    main()
