"""Evenings with faults drawn at random, beside the same evenings without: the end must be the same.

    python benchmarks/soak.py [EVENINGS] [SYMBOLS]     (250 and 50)

Each evening the clock goes on to the next weekday, faults are drawn for up to four symbols (no
answer, 429, a factor of 100, half of the sessions, a bug) and in three of ten runs one more for a
step of the run (a full disk or an interrupt at a random call that reads, trains or writes).
``lstmfin run`` runs, and runs again as cron would later that night, until it ends with 0; only from
the fourth run on all is well. Both lives are lived side by side, in a process each. At the end
journal, truths and prices of both are compared, and a run in a fresh process finds nothing new.

All of the product is at work, on a file system that syncs; small are the network (2 units, windows
of 5, one epoch, trained anew every 60 sessions) and the history (217 sessions before the first
evening). On the first evening no answer is half: nothing there could tell it from a whole one.
"""

import datetime as dt
import gc
import logging
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "tools"))
import evening_house
import evening_source
import numpy as np

import lstmfin.ops.evening  # noqa: F401 - whose steps are broken
from lstmfin.cli.main import run
from lstmfin.data.store import Store
from lstmfin.errors import SourceError, TryLaterError, WriteError
from lstmfin.ops.journal import Journal

FIRST = dt.datetime(2025, 11, 5, 23, 0, tzinfo=dt.UTC)
"""An evening whose 250th successor is past, so that the last run may be by the real clock."""

STEPS = (
    "lstmfin.ops.evening.receive",
    "lstmfin.ops.evening.truths_of",
    "lstmfin.ops.evening.train",
    "lstmfin.ops.evening.make_forecast",
    "lstmfin.data.sqlite.transaction",
)
DISK = (lambda: WriteError("cannot write: full"), KeyboardInterrupt)


def wrong_currency(prices):
    """The last day a hundred times too dear."""
    bars = prices.bars.copy()
    bars.iloc[-1, :-1] *= 100
    return replace(prices, bars=bars)


def forgotten(prices):
    """Half of the sessions gone."""
    return replace(prices, bars=prices.bars.iloc[::2])


ANSWERS = (
    lambda: SourceError("down"),
    lambda: TryLaterError("429"),
    lambda: ValueError("a bug"),
    lambda: wrong_currency,
    lambda: forgotten,
)


def evening(root, now, rng, *, symbols, is_first):
    """Run one evening, with faults if there is an ``rng``; return how many runs it took."""
    for attempt in range(4):
        moment = now + dt.timedelta(minutes=7 * attempt)
        faults = rng is not None and attempt < 3
        evening_source.FAULTS.clear()
        step = None
        if faults:
            for symbol in rng.sample(symbols, rng.randint(0, min(4, len(symbols)))):
                evening_source.FAULTS[symbol] = rng.choice(ANSWERS[: -1 if is_first else None])()
            step = rng.choice(STEPS) if rng.random() < 0.3 else None
        code = _run(root, moment, rng, step)
        if code == 0:
            return attempt + 1
        assert faults, f"ended with {code} without a fault"
    raise AssertionError


def _run(root, now, rng, step):
    line = ["-q", "-C", str(root), "--format", "csv", "run"]
    if step is None:
        return run(line, now=lambda: now)
    place, _, name = step.rpartition(".")
    real, error, left = getattr(sys.modules[place], name), rng.choice(DISK), rng.randint(0, 30)
    calls = iter(range(10_000))

    def breaking(*arguments, **options):
        if next(calls) == left:
            raise error()
        return real(*arguments, **options)

    with patch(step, breaking):
        return run(line, now=lambda: now)


def contents(root, symbols):
    with Store(root / "lstmfin.db") as store, Journal(root / "lstmfin.db") as journal:
        assert store.integrity() == []
        rows = {s: [replace(row, published_at="") for row in journal.entries(s)] for s in symbols}
        truths = journal.read("SELECT symbol, origin, horizon, session, outcome FROM truths")
        return rows, sorted(truths), {s: store.prices(s).digest() for s in symbols}


def live(kind, folder, n_evenings, symbols, *, first=FIRST, more="retrain-age = 60\nkeep = 20"):
    """Live through all evenings; return what is there at the end, and figures on the way.

    They are seconds of CPU, MB of memory at the most, MB of the store, and objects of Python's.
    """
    logging.disable()
    sys.path.insert(0, evening_source.install(folder / "plug").split(os.pathsep)[0])
    root, rng = folder / kind, random.Random(1) if kind == "faults" else None
    evening_house.make(root, symbols, more=more)
    now, n_runs, began, figures = first, 0, time.monotonic(), []
    nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - to the end of the process
    said, sys.stdout, sys.stderr = sys.stdout, nowhere, nowhere
    for number in range(1, n_evenings + 1):
        n_runs += evening(root, now, rng, symbols=symbols, is_first=number == 1)
        now = evening_house.next_evening(now)
        if number % max(n_evenings // 10, 1) == 0:
            cpu = _cpu(resource.RUSAGE_SELF)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            size = (root / "lstmfin.db").stat().st_size / 1e6
            gc.collect()
            figures.append((cpu, memory, size, sys.getallocatedblocks()))
            took = time.monotonic() - began
            print(
                f"{kind}: {number} evenings, {n_runs} runs, {took:.0f} s, {cpu:.0f} s of CPU, "
                f"{memory:.0f} MB, store {size:.1f} MB", file=said, flush=True,
            )  # fmt: skip
    return contents(root, symbols), figures


def _cpu(whose):
    usage = resource.getrusage(whose)
    return usage.ru_utime + usage.ru_stime


def compare(well, faults):
    (rows, truths, digests), (rows_too, truths_too, digests_too) = well, faults
    assert digests == digests_too, "prices differ"
    assert rows == rows_too, "the journal differs"
    assert [t[:4] for t in truths] == [t[:4] for t in truths_too], "truths differ"
    np.testing.assert_allclose([t[4] for t in truths], [t[4] for t in truths_too], atol=1e-9)
    n_rows = sum(map(len, rows.values()))
    print(f"the same at the end: {n_rows} forecasts, {len(truths)} truths, {len(rows)} series")


def is_flat(figures):
    """No object is kept from evening to evening; the store fills no faster than before."""
    memory, size, blocks = ([one[at] for one in figures] for at in (1, 2, 3))
    fifth = len(figures) // 5
    assert blocks[-1] < 1.02 * blocks[fifth], f"objects are kept: {blocks}"
    assert memory[-1] < 1.25 * memory[fifth], f"memory grows: {memory}"
    half = len(size) // 2
    assert size[-1] - size[half] < 1.2 * (size[half] - size[0]), "the store grows ever faster"


def nothing_new(folder, kind):
    """Time a run that finds nothing, in a fresh process; one before brings what came since."""
    for _ in range(2):
        began, before = time.monotonic(), _cpu(resource.RUSAGE_CHILDREN)
        process = evening_house.start(folder / kind, folder / "plug", "run")
        _, said = process.communicate()
        took, cpu = time.monotonic() - began, _cpu(resource.RUSAGE_CHILDREN) - before
        assert process.returncode == 0, said
    assert "nothing new" in said, said
    print(f"a run with nothing new, in a fresh process: {took:.2f} s, {cpu:.2f} s of CPU")


def main(n_evenings, n_symbols):
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    symbols = [f"S{number}" for number in range(n_symbols)]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
            lives = [
                pool.submit(live, kind, folder, n_evenings, symbols) for kind in ("well", "faults")
            ]
            (well, of_well), (faults, of_faults) = (one.result() for one in lives)
        compare(well, faults)
        print(f"{n_evenings} evenings of {n_symbols} symbols: {time.monotonic() - began:.0f} s")
        nothing_new(folder, "faults")
        if len(of_well) >= 10:
            is_flat(of_well)
            is_flat(of_faults)
            assert of_faults[-1][2] < 1.1 * of_well[-1][2], "faults fill the store"
            print("memory and growth of the store are flat")


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] or ["250", "50"])))
