"""``run`` in processes of its own: killed, ended, meeting others, on a disk that takes no more."""

import random
import resource
import shutil
import signal
import subprocess
import time

import pytest

from lstmfin.data.store import Store
from lstmfin.ops.journal import Journal

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
    """One works, the others leave with 75 and have done nothing."""
    running = [process("run") for _ in range(4)]
    codes = sorted(ended(one)[0] for one in running)
    assert codes[0] == 0
    assert set(codes) <= {0, 75}
    assert len(rows(live)) == len({(e.symbol, e.origin, e.horizon) for e in rows(live)})


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
