"""Runs that are killed, and runs that meet: ``lstmfin run`` in processes of its own.

    python benchmarks/evenings.py kills [N]    N runs killed -9 at a random moment (200)
    python benchmarks/evenings.py meet [N]     N runs at once on one workspace (20), and a reader

Evenings are killed five times each and then left alone; two workspaces of four symbols live side by
side. After each kill the store is sound and what was published is there; at the end journal, truths
and prices are those of evenings that nobody killed. Of runs that meet one works and the others
leave with 75; prints how long each took, in seconds and in seconds of CPU.
"""

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "tools"))
import evening_house
import soak

KILLS = 5
"""How often an evening is killed before it is left alone."""

QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def published(root):
    """Return the journal, after a check of the whole file; read by no code of ours."""
    if not (root / "lstmfin.db").exists():
        return set()
    connection = sqlite3.connect(root / "lstmfin.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'journal'").fetchone()
        return set(connection.execute("SELECT * FROM journal")) if there else set()
    finally:
        connection.close()


def one_life(folder, seed, n_kills):
    """Return how many kills came too late, and what is there after the last evening."""
    rng, root, symbols = random.Random(seed), folder / f"killed{seed}", _symbols(seed)
    evening_house.make(root, symbols, more="retrain-age = 5")
    now, before, whole, n_late = evening_house.FIRST, set(), 4.0, 0

    def start():
        return evening_house.start(root, folder / "plug", "-q", "run", at=now, **QUIET)

    for number in range(n_kills):
        process = start()
        time.sleep(rng.uniform(0.0, whole))
        process.kill()
        n_late += process.wait() == 0
        rows = published(root)
        assert before <= rows, "what was published is gone"
        before = rows
        if number % KILLS == KILLS - 1 or number == n_kills - 1:
            began = time.monotonic()
            assert start().wait() == 0
            whole = time.monotonic() - began
            now = evening_house.next_evening(now)
    return n_late, soak.contents(root, symbols)


def kills(n):
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        folder = Path(name)
        lives = [pool.submit(one_life, folder, seed, n // 2) for seed in (0, 1)]
        ended = [life.result() for life in lives]
        took = time.monotonic() - began
        n_late = sum(late for late, _ in ended)
        print(f"{n // 2 * 2} kills in {took:.0f} s, {n_late} of them too late")
        print("no row lost, and the store sound after each")
        said = sys.stdout
        for seed, (_, killed) in enumerate(ended):
            n_evenings = -(-n // 2 // KILLS)
            well, _ = soak.live(
                f"well{seed}", folder, n_evenings, _symbols(seed),
                first=evening_house.FIRST, more="retrain-age = 5",
            )  # fmt: skip
            sys.stdout = said
            soak.compare(well, killed)


def _symbols(seed):
    return [f"S{number}" for number in range(4 * seed, 4 * seed + 4)]


def meet(n):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root, plug = folder / "w", folder / "plug"
        evening_house.make(root, [f"S{number}" for number in range(20)])
        first = evening_house.start(root, plug, "-q", "run", **QUIET)
        while not (root / "lstmfin.db").exists():
            time.sleep(0.01)
        began = time.monotonic()
        others = [evening_house.start(root, plug, "-q", "run", **QUIET) for _ in range(n - 1)]
        codes, took, cpu, longest = [], [], [], 0.0
        reader = sqlite3.connect(root / "lstmfin.db", timeout=0)
        while others or first.poll() is None:
            for process in list(others):
                ended, status, usage = os.wait4(process.pid, os.WNOHANG)
                if ended:
                    others.remove(process)
                    process.returncode = os.waitstatus_to_exitcode(status)
                    codes.append(process.returncode)
                    took.append(time.monotonic() - began)
                    cpu.append(usage.ru_utime + usage.ru_stime)
            longest = max(longest, _wait_of(reader))
            time.sleep(0.002)
        reader.close()
        print(f"codes: 1 x {first.returncode}, {codes.count(75)} x 75 of {n - 1}")
        print(f"all that met had left after {max(took):.2f} s, at {max(cpu):.3f} s of CPU at most")
        print(f"the run took {time.monotonic() - began:.1f} s more")
        print(f"a reader waited {1000 * longest:.0f} ms at most")


def _wait_of(reader):
    """Return the seconds until a read comes through."""
    asked = time.monotonic()
    while True:
        try:
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return time.monotonic() - asked
        except sqlite3.OperationalError:
            time.sleep(0.001)


if __name__ == "__main__":
    what, *count = sys.argv[1:] or ["meet"]
    {"kills": kills, "meet": meet}[what](int(*count or {"kills": ["200"], "meet": ["20"]}[what]))
