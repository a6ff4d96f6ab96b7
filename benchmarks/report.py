"""How long a report takes to write, to open and to sort, and how large it is.

    python benchmarks/report.py [SYMBOLS]

Makes a workspace of synthetic symbols (50), each with ten years of prices, a model of the usual
size (trained for one epoch: how well it forecasts is not the question), a backtest and half a year
of published forecasts. `lstmfin report` is timed as a whole process; pages are opened in Debian's
Chromium, which must be there (apt-get install chromium); an index of 500 rows is sorted by each of
its columns, six times, layout included.
"""

import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
from playwright.sync_api import sync_playwright

from lstmfin.data.store import Store
from lstmfin.ops.journal import Entry, Journal
from lstmfin.ops.score import fill_in
from lstmfin.report.changes import FILE_NAME, load_told
from lstmfin.report.index_rows import index_rows
from lstmfin.report.pages import index_page
from lstmfin.workspace import Workspace

ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
PUBLISHED = 120
ROWS = 500
NOW = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)

SORT = """async (column) => {
    const button = document.querySelector(`th[data-column=${column}] button`);
    const took = [];
    for (let k = 0; k < 6; k++) {
        const began = performance.now();
        button.click();
        document.body.offsetHeight;  // its layout is part of it
        took.push(performance.now() - began);
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    }
    return took;
}"""

OPENED = """() => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    const [loading] = performance.getEntriesByType("navigation");
    return Math.max(loading.loadEventEnd, paint ? paint.startTime : 0);
}"""


def lstmfin(root, *words):
    began = time.perf_counter()
    line = [sys.executable, "-m", "lstmfin", "-q", "-C", str(root), *words]
    subprocess.run(line, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def make(root, n):
    symbols = [f"GARCH-{number}" for number in range(n)]
    lstmfin(root, "fetch", *symbols, "--source", "synthetic")
    lstmfin(root, *"train --epochs 1 backtest --train 1500 --test 500".split())
    with Store(root / "lstmfin.db") as store, Journal(root / "lstmfin.db") as journal:
        for symbol in symbols:
            prices = store.prices(symbol)
            entries = published(prices)
            first = dt.datetime.fromisoformat(entries[0].session).replace(tzinfo=dt.UTC)
            assert journal.publish(entries, timezone="UTC", now=first)
            fill_in(journal, prices, now=NOW)


def published(prices):
    """Return forecasts of the next session by a range that never changes."""
    sessions, close = prices.sessions[-PUBLISHED - 1 :], prices.column("close")[-PUBLISHED - 1 :]
    factors = np.exp(0.01 * np.array([-1.645, -0.674, 0, 0.674, 1.645]))
    return [
        Entry(
            prices.symbol, str(origin), 1, "made-up", "lstm", str(session), float(last),
            *(last * factors).tolist(), *(last * factors).tolist(), 0.5, "", "",
        )
        for origin, session, last in zip(sessions, sessions[1:], close, strict=False)
    ]  # fmt: skip


def large_index(root, n):
    """Return an index of 500 rows, of those that there are, each with a price of its own."""
    _, told = load_told(root / "reports" / FILE_NAME)
    rng = np.random.default_rng(0)
    known = list(told.values())
    many = {}
    for number in range(n):
        one = known[number % len(known)]
        close = one.row["close"] * rng.uniform(0.97, 1.03)
        many[f"S{number:03d}"] = replace(one, row=one.row | {"close": close})
    path = root / "reports" / "large.html"
    rows = index_rows(tuple(many), many, today=NOW.date())
    path.write_bytes(index_page(rows, run=None, now=NOW))
    return path


def report(what, limit, figure):
    print(f"| {what} | {limit} | {figure} |", flush=True)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "w"
        make(root, n)
        print("| what | limit | figure |\n|---|---|---|")
        report(
            f"a report of {n} symbols, whole process", "60 s", f"{lstmfin(root, 'report'):.1f} s"
        )
        pages = sorted(Workspace(root).reports.rglob("index.html"))
        size = sum(path.stat().st_size for path in pages)
        report(f"its {len(pages)} pages together", "15 MB", f"{size / 1e6:.1f} MB")
        with sync_playwright() as driver:
            chromium = driver.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox"] if os.geteuid() == 0 else [],
            )
            page = chromium.new_page()
            took = []
            for path in pages:
                page.goto(path.as_uri())
                took.append(page.evaluate(OPENED))
            report("opening a page, the slowest of them", "1 s", f"{max(took) / 1000:.2f} s")
            page.goto(large_index(root, ROWS).as_uri())
            report(f"opening an index of {ROWS}", "1 s", f"{page.evaluate(OPENED) / 1000:.2f} s")
            heads = page.locator("th[data-column]")
            columns = heads.evaluate_all("all => all.map(one => one.dataset.column)")
            took = [page.evaluate(SORT, column) for column in columns]
            slowest, worst = max(map(median, took)), max(map(max, took))
            figure = f"{slowest:.0f} ms ({worst:.0f} ms at worst)"
            report("sorting it by its slowest column, median", "100 ms", figure)
            chromium.close()


if __name__ == "__main__":
    main()
