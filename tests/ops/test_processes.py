"""``run`` in processes of its own: killed, ended, meeting others, on a disk that takes no more."""

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

from lstmfin.data.store import Store
from lstmfin.ops.journal import Journal
from lstmfin.ops.lock import locked
from lstmfin.workspace import Workspace

READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99; shift; exec "$@"'
FULL = 'mount -t tmpfs -o size=96k none "$1" && cp "$2" "$1" || exit 99; shift 2; exec "$@"'


@pytest.fixture
def live(house):
    """A workspace of two symbols, on the real clock."""
    return house.make("S1", "S2", more="")


def rows(house):
    """What is published, after SQLite's own check of the file."""
    with Store(house.database) as store, Journal(house.database) as journal:
        assert store.integrity() == []
        return {entry for symbol in ("S1", "S2") for entry in journal.entries(symbol)}


def ended(running):
    out, err = running.communicate(timeout=120)
    assert "Traceback" not in err
    return running.returncode, out, err


def test_killed_at_random(live, process):
    """The store is sound, what was published is there, no lock is left, and a rerun completes."""
    rng, before = random.Random(3), set()
    for _ in range(6):
        running = process("run")
        time.sleep(rng.uniform(0.3, 3.0))
        running.kill()
        running.communicate()
        assert before <= (before := rows(live))
    code, _, err = ended(process("run"))
    assert code == 0, err
    assert before <= rows(live)
    assert len(rows(live)) in {4, 6}  # the next session may have begun


def test_sigterm_in_training(live, process):
    """143 after the batch, with a checkpoint that the next run goes on from."""
    toml = live.root / "lstmfin.toml"
    quick = toml.read_text()
    toml.write_text(quick.replace("epochs = 1", "epochs = 5000\npatience = 5000"))
    running = process("run")
    deadline = time.monotonic() + 60
    while not list(live.root.rglob("checkpoint.npz")) and time.monotonic() < deadline:
        time.sleep(0.02)
    running.send_signal(signal.SIGTERM)
    code, _, err = ended(running)
    assert code == 143
    assert err.splitlines()[-1].startswith("lstmfin: interrupted.")
    assert list(live.root.rglob("checkpoint.npz"))
    (report,) = (live.root / "reports/runs").iterdir()
    assert '"exit_code": 143' in report.read_text()
    assert not list(live.root.rglob(".tmp-*"))
    toml.write_text(quick)
    assert ended(process("run"))[0] == 0


def test_runs_that_meet(live, process):
    """Of twenty one works, nineteen leave with 75, after a twentieth of a second of work each."""
    running = [process("-q", "run") for _ in range(20)]
    codes, seconds = [], []
    for one in running:
        said = one.stderr.read()
        _, status, usage = os.wait4(one.pid, 0)
        one.returncode = os.waitstatus_to_exitcode(status)
        one.communicate()
        codes.append(one.returncode)
        if one.returncode:
            seconds.append(usage.ru_utime + usage.ru_stime)
            assert said.startswith(f"lstmfin: error: another lstmfin run works on {live.root}; ")
            assert said.count("\n") == 1
    assert sorted(codes) == [0, *19 * [75]]
    assert max(seconds) < 0.05 * slowness()
    assert len(rows(live)) == len({(e.symbol, e.origin, e.horizon) for e in rows(live)})


def slowness():
    """Return how many times slower than a machine of today this one is now, 1 at least."""
    began = time.process_time()
    sum(range(5_000_000))
    return max((time.process_time() - began) / 0.1, 1.0)


@pytest.mark.parametrize("words", [("run",), ("-q", "run", "S1"), ("-q", "run", "--wait", "0.2")])
def test_a_run_that_meets_another_in_other_words(live, process, words):
    """Whatever the line: the same sentence and code, and nothing done."""
    with locked(Workspace(live.root)):
        code, _, err = ended(process(*words))
    assert code == 75
    assert "another lstmfin run works on" in err
    assert not live.database.exists()


def test_readers_are_not_kept_waiting(live, process):
    """Whoever reads while a run writes waits for a tenth of a second at most."""
    live.make(*(f"S{number}" for number in range(12)))
    running, longest = process("-q", "run"), 0.0
    while running.poll() is None:
        if live.database.exists():
            reader = sqlite3.connect(live.database, timeout=5)
            began = time.monotonic()
            reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
            longest = max(longest, time.monotonic() - began)
            reader.close()
        time.sleep(0.002)
    assert ended(running)[0] == 0
    assert longest < 0.1 * slowness() * max(os.getloadavg()[0] / os.cpu_count(), 1.0)


def test_files_that_may_not_grow(live, process):
    """RLIMIT_FSIZE below what prices take: 74, nothing torn; without it all goes on."""

    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    code, _, err = ended(process("run", preexec_fn=small))
    assert code == 74, err
    assert rows(live) == set()
    assert ended(process("run"))[0] == 0
    assert rows(live)


@pytest.mark.parametrize("script", [READ_ONLY, FULL], ids=["read-only", "full"])
def test_a_disk_that_takes_no_more(live, process, tmp_path, script, monkeypatch):
    """74 and one sentence; what was there is there."""
    shutil.copy(live.root / "lstmfin.toml", tmp_path)
    extra = [str(tmp_path / "lstmfin.toml")] if script == FULL else []
    if script == READ_ONLY:
        assert ended(process("run"))[0] == 0
        shutil.rmtree(live.root / "models")
    before = {p: p.read_bytes() for p in live.root.rglob("*") if p.is_file()}
    real = subprocess.Popen
    wrap = [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        script,
        "sh",
        str(live.root),
        *extra,
    ]

    def wrapped(command, **options):
        return real([*wrap, *command], **options)

    monkeypatch.setattr(subprocess, "Popen", wrapped)
    code, _, err = ended(process("run", "S1", "S2"))
    monkeypatch.undo()
    if code in {1, 99} and "lstmfin" not in err:
        pytest.skip(f"nothing can be mounted here: {err.strip()}")
    assert code == 74, err
    assert err.count("\n") == 1
    assert {p: p.read_bytes() for p in live.root.rglob("*") if p.is_file()} == before
