"""Fischer & Krauss' protocol on twenty US stocks, 1992 to 2022, beside other models.

T. Fischer and C. Krauss (2018), "Deep learning with long short-term memory networks for financial
market predictions". Study periods of 750 sessions to learn from and 250 to trade, one behind the
other. Into the network go 240 simple returns of one stock, in units of the mean and the standard
deviation of all training returns of the period; out comes the chance that its next return is above
the median of all stocks. 25 LSTM units, dropout 0.1, RMSprop, early stopping with patience 10, the
last fifth of the training sessions kept for it. Logistic regression and the random forest see the
31 returns over 1 to 20 and 40, 60 ... 240 sessions, as there. Each day the three likeliest are held
and the three unlikeliest sold short, half the equity each, at 5 bp of what is turned over.

What differs: 20 stocks that are still there today in place of all members of the index (which
flatters whoever is long), 100 trees in place of 1,000, batches of 128, and a second book that
trades a session after the forecast: the published one trades at the price the forecast is made
from, which nobody can.

    python benchmarks/fischer_krauss.py                     # the table in docs/backtest.md
    python benchmarks/fischer_krauss.py --workers serial --periods 2

What is done lies in ``--folder`` and is not done again: a run that was killed goes on.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import datetime as dt
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lstmfin.backtest.book import Book, weights_of
from lstmfin.backtest.strategy import Costs
from lstmfin.config import TrainConfig
from lstmfin.data.source import SourceOptions
from lstmfin.engine.architecture import Architecture
from lstmfin.engine.network import Network
from lstmfin.engine.options import cell_options, dropout_of, initialisation_of
from lstmfin.engine.train import Task, fit_together, predict
from lstmfin.metrics.inference import diebold_mariano
from lstmfin.metrics.returns import annualised_return, sharpe
from lstmfin.models.model import stream
from lstmfin.registry import LOSSES, SOURCES
from lstmfin.workers import open_workers, run
from lstmfin.workspace import write_atomically

SYMBOLS = (
    "AAPL.PANEL", "AMD", "BAC", "BBY", "CVX", "GE", "HD", "JNJ", "JPM", "KO",
    "LLY", "MRK", "MSFT", "PEP", "PFE", "PG", "RRC", "UNH", "WMT", "XOM",
)  # fmt: skip
TRAIN, TRADE, WINDOW = 750, 250, 240
SPANS = (*range(1, 21), *range(40, 241, 20))
K, COST_BPS, TREES = 3, 5.0, 100
TOGETHER = 5
"""Study periods whose networks train in the same calls: faster by 1.8 than one by one."""

CONFIG = TrainConfig(
    hidden=25, window=WINDOW, horizon=1, target="direction", loss="bernoulli", dropout=0.1,
    optimiser="rmsprop", schedule="constant", epochs=1000, batch=128, patience=10, clip_norm=0.0,
)  # fmt: skip
MODELS = ("lstm", "random forest", "logistic")
ROWS = {"the whole time": "1900", "since 2010": "2010"}


@cache
def panel() -> tuple[np.ndarray, np.ndarray]:
    """Return the sessions (n,) and the simple returns (S, n), the first of which is not known."""
    options = SourceOptions(None, Path("unused"), dt.datetime.now(dt.UTC))
    every = [SOURCES.get("sample").fetch(s, start=None, end=None, options=options) for s in SYMBOLS]
    closes = np.array([prices.column("adj_close") for prices in every])
    return every[0].sessions[1:], closes[:, 1:] / closes[:, :-1] - 1


@dataclass(frozen=True)
class Days:
    """Stocks on days whose returns are asked for, as the engine reads them.

    Parameters
    ----------
    x : ndarray (S, n)
        Standardised returns.
    above : ndarray (S, n)
        Whether the return was above the median of its day.
    first, stop : int
        Days.
    """

    x: np.ndarray
    above: np.ndarray
    first: int
    stop: int

    def __len__(self) -> int:
        return len(self.x) * (self.stop - self.first)

    def batch(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the windows (B, T, 1) before those days, and the classes (B, 1) of the days."""
        day, stock = np.divmod(indices, len(self.x))
        windows = sliding_window_view(self.x, WINDOW, axis=1)
        return windows[stock, day + self.first - WINDOW][..., None], self.above[
            stock, day + self.first, None
        ]


@dataclass(frozen=True)
class Study:
    """What a worker is told: a model, and the first days of the study periods to do with it."""

    model: str
    starts: tuple[int, ...]


def work(study: Study, tick: Callable[[float], None]) -> list[np.ndarray]:
    """Return the chances (days, S) of each study period."""
    if study.model == "lstm":
        return networks(study.starts, tick)
    return [from_spans(study.model, start) for start in study.starts]


def above_median(returns: np.ndarray) -> np.ndarray:
    """Return whether each return is above the median of its day."""
    return returns > np.median(returns, axis=0)


def networks(starts: tuple[int, ...], tick: Callable[[float], None]) -> list[np.ndarray]:
    """Train one network a study period, side by side, and ask each of its trading days."""
    _, returns = panel()
    above = above_median(returns).astype(np.float32)
    kept = TRAIN - (TRAIN - WINDOW) // 5
    tasks, traded = [], []
    for start in starts:
        known = returns[:, start : start + TRAIN]
        x = ((returns - known.mean()) / known.std()).astype(np.float32)
        architecture = Architecture(
            cell="lstm", n_inputs=1, n_hidden=CONFIG.hidden, n_layers=1, n_outputs=1,
            options=cell_options(CONFIG),
        )  # fmt: skip
        network = Network(architecture, dropout=dropout_of(CONFIG))
        rng = stream(CONFIG.seed, "fischer & krauss", f"period {start // TRADE}")
        network.initialise(rng, np.zeros(1), initialisation_of(CONFIG))
        learned = Days(x, above, start + WINDOW, start + kept - 1)  # a day's gap: its target
        validated = Days(x, above, start + kept, start + TRAIN)
        tasks.append(Task(network, learned, validated, rng))
        stop = min(start + TRAIN + TRADE, returns.shape[1])
        traded.append(Days(x, above, start + TRAIN, stop))
    loss = LOSSES.get("bernoulli")
    fit_together(tasks, loss, config=CONFIG, tick=lambda: tick(0.0))
    said = [
        predict(task.network, loss, days).location for task, days in zip(tasks, traded, strict=True)
    ]
    return [chance.reshape(-1, len(returns)) for chance in said]


@cache
def spans() -> np.ndarray:
    """Return the returns (S, n, 31) over spans that end the day before."""
    _, returns = panel()
    level = np.cumprod(np.pad(1 + returns, ((0, 0), (1, 0)), constant_values=1.0), axis=1)[:, :-1]
    found = np.full((*returns.shape, len(SPANS)), np.nan)
    for column, span in enumerate(SPANS):
        found[:, span:, column] = level[:, span:] / level[:, :-span] - 1
    return found


def from_spans(model: str, start: int) -> np.ndarray:
    """Fit one of the other models to a study period, and ask it of its trading days."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    _, returns = panel()
    above = above_median(returns)
    learned = slice(start + WINDOW, start + TRAIN)
    asked = slice(start + TRAIN, min(start + TRAIN + TRADE, returns.shape[1]))
    x, y = spans()[:, learned].reshape(-1, len(SPANS)), above[:, learned].ravel()
    if model == "logistic":
        grid = {"C": np.logspace(-4, 4, 9)}
        fitted = make_pipeline(StandardScaler(), GridSearchCV(LogisticRegression(), grid, cv=5))
    else:
        fitted = RandomForestClassifier(TREES, max_depth=20, random_state=CONFIG.seed, n_jobs=1)
    fitted.fit(x, y)
    chance = fitted.predict_proba(spans()[:, asked].reshape(-1, len(SPANS)))[:, 1]
    return np.asarray(chance.reshape(len(returns), -1).T)


def study(folder: Path, workers: str, n_periods: int | None) -> dict[str, np.ndarray]:
    """Return the chances (days, S) of each model over all trading days, done now or before."""
    _, returns = panel()
    starts = range(0, returns.shape[1] - TRAIN, TRADE)[:n_periods]

    def path(model: str, start: int) -> Path:
        return folder / f"{model.replace(' ', '-')}-{start // TRADE:02}.npy"

    tasks = []
    for model in MODELS:
        left = [start for start in starts if not path(model, start).exists()]
        size = TOGETHER if model == "lstm" else 1
        tasks += [Study(model, tuple(left[i : i + size])) for i in range(0, len(left), size)]
    began = time.perf_counter()
    with open_workers(workers) as opened:
        for outcome in run(opened, work, tasks):
            if outcome.error is not None:
                raise outcome.error
            task = tasks[outcome.position]
            for start, chance in zip(task.starts, outcome.value, strict=True):
                packed = io.BytesIO()
                np.save(packed, chance, allow_pickle=False)
                write_atomically(path(task.model, start), packed.getvalue())
            numbers = ", ".join(str(start // TRADE + 1) for start in task.starts)
            seconds = time.perf_counter() - began
            print(f"{seconds:4.0f} s  {task.model} of {numbers} of {len(starts)}", flush=True)
    return {
        model: np.concatenate([np.load(path(model, start)) for start in starts]) for model in MODELS
    }


def book(chance: np.ndarray, held: np.ndarray, sessions: np.ndarray) -> Book:
    """Return the three likeliest against the three unlikeliest of each day, (N, S)."""
    flat = np.ones(held.shape[1])
    weights = np.array([weights_of(one, flat, kind="top", k=K) for one in chance])
    costs = (Costs(COST_BPS),) * held.shape[1]
    return Book(SYMBOLS, sessions, weights, held, costs, ())


def lines(found: dict[str, np.ndarray]) -> Iterator[dict[str, Any]]:
    """Yield what the models earned, each at the price of the forecast and a session later."""
    sessions, returns = panel()
    n = len(next(iter(found.values()))) - 1  # the last day is known too late for the second book
    days = slice(TRAIN, TRAIN + n)
    truth = above_median(returns).T[days]
    for label, since in ROWS.items():
        chosen = sessions[days] >= np.datetime64(f"{since}-01-01")
        if not chosen.any():
            continue
        for model, chance in found.items():
            own = book(chance[:n], returns.T[days], sessions[days])
            late = book(chance[:n], returns.T[TRAIN + 1 : TRAIN + 1 + n], sessions[days])
            gross = (own.weights * own.returns).sum(axis=1)[chosen]
            net, later = own.net()[chosen], late.net()[chosen]
            right = (chance[:n] > 0.5) == truth
            yield {
                "years": label,
                "model": model,
                "right": right[chosen].mean(),
                "gross": gross,
                "net": net,
                "late": later,
                "turnover": replace(own, weights=own.weights[chosen]).turnover,
                "p": diebold_mariano(-later, np.zeros_like(later), horizon=1).p_better,
            }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", default="local:2")
    parser.add_argument("--periods", type=int, help="the first so many study periods alone")
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()) / "fischer_krauss")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    found = study(options.folder, options.workers, options.periods)
    sessions, _ = panel()
    n = len(next(iter(found.values())))
    print(f"{sessions[TRAIN]} to {sessions[TRAIN + n - 1]}, {n:,} trading days")
    print(
        "| years | model | class right | bp a day before costs | after 5 bp a turn | Sharpe "
        "| turnover | a session later, after costs: bp a day | Sharpe | return a year | p |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for row in lines(found):
        gross, net, late = row["gross"], row["net"], row["late"]
        print(
            f"| {row['years']} | {row['model']} | {row['right']:.1%} | {1e4 * gross.mean():+.1f} | "
            f"{1e4 * net.mean():+.1f} | {sharpe(net):.2f} | {row['turnover']:.2f} | "
            f"{1e4 * late.mean():+.1f} | {sharpe(late):.2f} | {annualised_return(late):+.1%} | "
            f"{row['p']:.2f} |"
        )
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
