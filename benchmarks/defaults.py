"""How the defaults of ``train`` were chosen: one option at a time, on years kept for that.

Of each series the last ``KEPT_ASIDE`` sessions are never looked at here; the choice is made on the
``USED`` sessions before them, walk-forward. Printed is the mean CRPS skill against zero-return over
the series, for the next session and at the horizon, and in how many series it is above zero.

    python benchmarks/defaults.py            # the table in docs/defaults.md
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import datetime as dt
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from lstmfin.backtest.scores import score
from lstmfin.backtest.walkforward import backtest
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.data.source import SourceOptions
from lstmfin.registry import SOURCES

SYMBOLS = ("AAPL", "AMZN", "NVDA", "^GSPC", "WTI", "EURUSD=X", "MSFT", "XOM")
KEPT_ASIDE = 700
USED = 2000
BACKTEST = BacktestConfig(train=1000, test=500)
BASE = TrainConfig(
    cell="lstm",
    hidden=32,
    layers=1,
    window=60,
    horizon=10,
    loss="student-t",
    epochs=20,
    batch=64,
    learning_rate=0.003,
    schedule="cosine",
    weight_decay=0.01,
    dropout=0.1,
    validation=0.2,
    patience=6,
)
TRIED: dict[str, dict[str, object]] = {
    "base": {},
    "hidden 16": {"hidden": 16},
    "hidden 64": {"hidden": 64},
    "window 20": {"window": 20},
    "window 120": {"window": 120},
    "layers 2": {"layers": 2},
    "learning-rate 0.001": {"learning_rate": 0.001},
    "learning-rate 0.01": {"learning_rate": 0.01},
    "dropout 0": {"dropout": 0.0},
    "dropout 0.3": {"dropout": 0.3},
    "weight-decay 0.1": {"weight_decay": 0.1},
    "schedule constant": {"schedule": "constant"},
    "epochs 40, patience 12": {"epochs": 40, "patience": 12},
    "cell rnn": {"cell": "rnn"},
    "0.001, hidden 16": {"learning_rate": 0.001, "hidden": 16},
    "0.001, dropout 0.3": {"learning_rate": 0.001, "dropout": 0.3},
    "0.001, epochs 40, patience 12": {"learning_rate": 0.001, "epochs": 40, "patience": 12},
    "0.001, cell rnn": {"learning_rate": 0.001, "cell": "rnn"},
}


def development_prices(symbol: str):
    """Return the sessions of a series that the choice may look at."""
    options = SourceOptions(None, Path("unused"), dt.datetime.now(dt.UTC))
    prices = SOURCES.get("sample").fetch(symbol, start=None, end=None, options=options)
    stop = len(prices) - KEPT_ASIDE
    return prices.slice(stop).between(prices.sessions[max(stop - USED, 0)], None)


def skills(task: tuple[str, str]) -> tuple[str, float, float, float]:
    """Return the skills of one choice on one series, and the seconds it took."""
    name, symbol = task
    config = replace(BASE, **TRIED[name])  # type: ignore[arg-type]
    began = time.perf_counter()
    result = backtest(development_prices(symbol), train_config=config, config=BACKTEST)
    own = score(result)[0]
    assert own.crps_skill is not None
    assert own.crps_skill_at_horizon is not None
    return name, own.crps_skill, own.crps_skill_at_horizon, time.perf_counter() - began


def main() -> None:
    chosen = sys.argv[1:] or list(TRIED)
    tasks = [(name, symbol) for name in chosen for symbol in SYMBOLS]
    print("| choice | CRPS skill, next session | at horizon 10 | series above 0 | seconds |")
    print("|---|---|---|---|---|")
    with ProcessPoolExecutor(2) as pool:
        found = list(pool.map(skills, tasks))
    for name in chosen:
        one, ten, seconds = np.array([row[1:] for row in found if row[0] == name]).T
        print(
            f"| {name} | {one.mean():+.2%} | {ten.mean():+.2%} | "
            f"{(one > 0).sum()} and {(ten > 0).sum()} of {len(one)} | {seconds.sum():.0f} |"
        )


if __name__ == "__main__":
    main()
