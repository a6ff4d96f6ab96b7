"""Evenings with faults drawn at random, beside the same evenings without: the end must be the same.

    python benchmarks/soak.py [EVENINGS] [SYMBOLS]     (250 and 50)

Each evening the clock goes on to the next weekday, faults are drawn for a few symbols and a step,
``lstmfin run`` runs, and runs again as cron would later that night, until it ends with 0. At the
end journal, truths and prices of both workspaces are compared. Prints time, memory and size.
"""

import datetime as dt
import logging
import os
import random
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "tools"))
import evening_source
import numpy as np

from lstmfin.cli.main import run
from lstmfin.data.store import Store
from lstmfin.errors import SourceError, TryLaterError, WriteError
from lstmfin.ops.journal import Journal

TOML = """symbols = [{symbols}]
[fetch]
source = "evening"
patience = 0.0
[train]
hidden = 2
window = 5
horizon = 3
epochs = 1
[run]
retrain-age = 60
keep = 20
"""
FIRST = dt.datetime(2026, 3, 4, 23, 0, tzinfo=dt.UTC)
STEPS = ("lstmfin.ops.evening.fetch", "lstmfin.ops.evening.fill_in", "lstmfin.ops.evening.train",
         "lstmfin.ops.evening.make_forecast", "lstmfin.ops.journal.transaction")  # fmt: skip


def wrong_currency(prices):
    """The last day a hundred times too dear."""
    bars = prices.bars.copy()
    bars.iloc[-1, :-1] *= 100
    return replace(prices, bars=bars)


def forgotten(prices):
    """Half of the sessions gone."""
    return replace(prices, bars=prices.bars.iloc[::2])


ANSWERS = (
    SourceError("down"),
    TryLaterError("429"),
    wrong_currency,
    forgotten,
    ValueError("a bug"),
)
DISK = (WriteError("cannot write: full"), KeyboardInterrupt())


def evening(root, now, rng, *, n_symbols):
    """Run one evening, with faults if there is an ``rng``; return how many runs it took."""
    attempts = 0
    while True:
        moment = now + dt.timedelta(minutes=7 * attempts)
        faults = rng is not None and attempts < 3
        evening_source.FAULTS.clear()
        step = None
        if faults:
            for number in rng.sample(range(n_symbols), rng.randint(0, min(4, n_symbols))):
                evening_source.FAULTS[f"S{number}"] = rng.choice(ANSWERS)
            step = rng.choice(STEPS) if rng.random() < 0.3 else None
        code = _run(root, moment, rng, step)
        attempts += 1
        if code == 0:
            return attempts
        assert faults, f"ended with {code} without a fault"


def _run(root, now, rng, step):
    line = ["-q", "-C", str(root), "--format", "csv", "run"]
    if step is None:
        return run(line, now=lambda: now)
    *place, name = step.split(".")
    real, error, left = (
        getattr(sys.modules[".".join(place)], name),
        rng.choice(DISK),
        rng.randint(0, 30),
    )
    calls = iter(range(10_000))

    def breaking(*arguments, **options):
        if next(calls) == left:
            raise error
        return real(*arguments, **options)

    with patch(step, breaking):
        return run(line, now=lambda: now)


def contents(root, symbols):
    with Store(root / "lstmfin.db") as store, Journal(root / "lstmfin.db") as journal:
        assert store.integrity() == []
        rows = {s: [replace(row, published_at="") for row in journal.entries(s)] for s in symbols}
        truths = journal.read("SELECT symbol, origin, horizon, session, outcome FROM truths")
        return rows, sorted(truths), {s: store.prices(s).digest() for s in symbols}


def main(n_evenings, n_symbols):
    logging.disable()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    symbols = [f"S{number}" for number in range(n_symbols)]
    quiet = sys.stderr
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        sys.path.insert(0, evening_source.install(f"{folder}/plug").split(os.pathsep)[0])
        results = {}
        for kind in ("well", "faults"):
            root, rng = Path(folder) / kind, random.Random(1) if kind == "faults" else None
            root.mkdir()
            names = ", ".join(f'"{symbol}"' for symbol in symbols)
            (root / "lstmfin.toml").write_text(TOML.format(symbols=names))
            now, n_runs, began = FIRST, 0, time.process_time()
            for number in range(n_evenings):
                sys.stdout, sys.stderr = nowhere, nowhere
                try:
                    n_runs += evening(root, now, rng, n_symbols=n_symbols)
                finally:
                    sys.stdout, sys.stderr = sys.__stdout__, quiet
                now += dt.timedelta(days=3 if now.weekday() == 4 else 1)
                if (number + 1) % 25 == 0 or number + 1 == n_evenings:
                    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                    size = sum(p.stat().st_size for p in root.rglob("*") if p.is_file()) / 1e6
                    took = time.process_time() - began
                    print(f"{kind}: {number + 1} evenings, {n_runs} runs", end=", ")
                    print(
                        f"{took:.0f} s of CPU, {memory:.0f} MB, {size:.1f} MB on disk", flush=True
                    )
            results[kind] = contents(root, symbols)
        (rows, truths, digests), (rows_too, truths_too, digests_too) = results.values()
        assert digests == digests_too, "prices differ"
        assert rows == rows_too, "the journal differs"
        assert [t[:4] for t in truths] == [t[:4] for t in truths_too], "truths differ"
        np.testing.assert_allclose([t[4] for t in truths], [t[4] for t in truths_too], atol=1e-9)
        n_rows = sum(map(len, rows.values()))
        print(f"the same at the end: {n_rows} forecasts, {len(truths)} truths, {n_symbols} series")


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] or ["250", "50"])))
