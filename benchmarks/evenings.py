"""Runs that are killed, and runs that meet: ``lstmfin run`` in processes of its own.

    python benchmarks/evenings.py kills [N]    N runs killed -9 at a random moment (200)
    python benchmarks/evenings.py meet [N]     N runs at once on one workspace (20), and a reader

After each kill the store is sound, what was published is still there, and no lock is left; a last
run completes. Of runs that meet one works and the others leave with 75; prints how long each took.
"""

import datetime as dt
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "tools"))
import evening_source

TOML = """symbols = [{symbols}]
[fetch]
source = "evening"
[train]
hidden = 4
window = 10
horizon = 3
epochs = 3
[run]
retrain-age = 5
keep = 1000
"""


class House:
    """A workspace whose evenings come as fast as it is told."""

    def __init__(self, folder, n_symbols):
        self.root, self.latest = folder / "w", folder / "latest"
        self.root.mkdir()
        names = ", ".join(f'"S{number}"' for number in range(n_symbols))
        (self.root / "lstmfin.toml").write_text(TOML.format(symbols=names))
        self.env = {
            **os.environ, "OPENBLAS_NUM_THREADS": "1", "EVENING_LATEST": str(self.latest),
            "PYTHONPATH": evening_source.install(folder / "plug"),
        }  # fmt: skip
        self.days = evening_source.path("S0")[0]
        today = np.datetime64(dt.datetime.now(dt.UTC).date())
        self.today = np.busday_offset(today, -1, roll="backward")

    def set_back(self, n):
        """Let the last session be the n-th weekday before the last."""
        self.latest.write_text(str(np.busday_offset(self.today, -n)))

    def start(self, *words):
        line = [sys.executable, "-m", "lstmfin", "-q", "-C", str(self.root), "run", *words]
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        return subprocess.Popen(line, env=self.env, text=True, **pipes)

    def run(self):
        process = self.start()
        _, said = process.communicate()
        assert process.returncode == 0, said

    def published(self):
        """Return the journal, after a check of the whole file; read by no code of ours."""
        if not (self.root / "lstmfin.db").exists():
            return set()
        with sqlite3.connect(self.root / "lstmfin.db") as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'journal'")
            rows = (
                connection.execute("SELECT * FROM journal").fetchall() if there.fetchone() else []
            )
        connection.close()
        return set(rows)


def kills(n):
    rng, before, n_ended = random.Random(0), set(), 0
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder), n_symbols=4)
        house.set_back(0)
        began = time.monotonic()
        house.run()
        whole = time.monotonic() - began
        before = house.published()
        for number in range(n):
            if number % 10 == 0:  # a new evening: every model is another's, and all is to be done
                for name in house.root.glob("models/*/current"):
                    name.unlink()
            process = house.start()
            time.sleep(rng.uniform(0.1, whole))
            process.kill()
            process.communicate()
            n_ended += process.returncode == 0
            rows = house.published()
            assert before <= rows, "what was published is gone"
            before = rows
        house.run()
        assert before <= house.published()
    print(f"{n} kills, {n_ended} of them too late; the store sound after each, no row lost")


def meet(n):
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder), n_symbols=20)
        house.set_back(0)
        processes, longest = [], 0.0
        first = house.start()
        while not (house.root / "lstmfin.db").exists():
            time.sleep(0.01)
        began = time.monotonic()
        processes = {house.start(): time.monotonic() for _ in range(n - 1)}
        took = {}
        reader = sqlite3.connect(house.root / "lstmfin.db", timeout=0)
        while len(took) < len(processes) or first.poll() is None:
            for process, start in processes.items():
                if process not in took and process.poll() is not None:
                    took[process] = time.monotonic() - start
            asked = time.monotonic()
            while True:
                try:
                    reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
                    break
                except sqlite3.OperationalError:
                    time.sleep(0.001)
            longest = max(longest, time.monotonic() - asked)
            time.sleep(0.002)
        reader.close()
        codes = [first.wait(), *(process.wait() for process in processes)]
        for process in (first, *processes):
            process.stderr.close()
        times = sorted(took.values())
        others = [code for code in codes if code not in (0, 75)]
        print(f"codes: {codes.count(0)} x 0, {codes.count(75)} x 75, others {others}")
        print(f"those with 75 left after {times[0]:.2f} to {times[-1]:.2f} s")
        print(f"the run took {time.monotonic() - began:.1f} s")
        print(f"a reader waited {1000 * longest:.0f} ms at most")


if __name__ == "__main__":
    what, *count = sys.argv[1:] or ["meet"]
    if what == "kills":
        kills(int(*count or ["200"]))
    else:
        meet(int(*count or ["20"]))
