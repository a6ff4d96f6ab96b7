"""How long the main job takes, and how much memory: whole processes, medians of several runs.

    python benchmarks/main_job.py

Machines differ: read the figures as orders of size, and compare only what was run
side by side. BLAS is held to one thread.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

RUNS = 5
TWENTY = (
    "AAPL.PANEL AMD BAC BBY CVX GE HD JNJ JPM KO LLY MRK MSFT PEP PFE PG RRC UNH WMT XOM".split()
)
TEN_YEARS = ("--start", "2013-09-23")  # of AAPL: 2,517 sessions
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


ON_THE_LAST_EVENING = """
import datetime as dt, sys
from lstmfin.cli.main import run
from lstmfin.ops.journal import Journal
evening = dt.datetime(2022, 12, 29, 3, tzinfo=dt.UTC)
code = run(sys.argv[1:], now=lambda: evening)
with Journal(sys.argv[2] + "/lstmfin.db") as journal:
    sys.exit(code or len(journal.symbols()) != 20)
"""
"""The program on the evening of the last session of the twenty, whose forecasts are published."""


def run(workspace: Path, *words: str, code: str = "") -> tuple[float, float]:
    """Run a line of commands; return wall seconds and peak memory in MB."""
    program = ["-c", code] if code else ["-m", "lstmfin"]
    began = time.perf_counter()
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *program, "-C", str(workspace), *words],
        ENVIRONMENT,
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, words
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def report(what: str, limit: str, runs: list[tuple[float, float]]) -> None:
    seconds = statistics.median(one[0] for one in runs)
    memory = statistics.median(one[1] for one in runs)
    print(f"| {what} | {limit} | {seconds:.2f} s | {memory:.0f} MB |", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "w"
        run(workspace, "fetch", "AAPL", *TEN_YEARS)
        print("| what | limit | wall, median | memory, median |")
        print("|---|---|---|---|")
        report("--help", "150 ms", [run(workspace, "--help") for _ in range(RUNS)])
        train = "train --window 60 --hidden 64 --epochs 20 --patience 20".split()
        report(
            "ten years, window 60, 64 units, 20 epochs",
            "15 s, 250 MB",
            [run(workspace, *train) for _ in range(3)],
        )
        report("forecast", "1.5 s", [run(workspace, "forecast", "AAPL") for _ in range(RUNS)])
        report("plot forecast", "2.5 s", [run(workspace, "plot", "forecast") for _ in range(RUNS)])
        panel = Path(folder) / "panel"
        train = "train --panel --members 3 --target volatility".split()
        run(panel, "fetch", *TWENTY, "--start", "2002-12-29")
        report("a panel of twenty, twenty years, 3 members", "5 min, 1 GB", [run(panel, *train)])
        report("its forecast of all", "2 s", [run(panel, "-q", "forecast") for _ in range(RUNS)])
        runs = []
        for number in range(RUNS):  # what is published once is not published again
            copy = Path(shutil.copytree(panel, Path(folder) / f"panel {number}"))
            runs.append(run(copy, "-q", "forecast", code=ON_THE_LAST_EVENING))
        report("the same, published", "2 s", runs)
        job = "fetch AAPL train backtest plot forecast".split()
        report("the main job", "3 min", [run(Path(folder) / "demo", *job)])


if __name__ == "__main__":
    main()
