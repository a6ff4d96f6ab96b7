"""``fetch`` killed, or refused by the disk, at every call that writes: old prices or new, never torn.

strace stops the real command line at the n-th call of each kind, for n = 1, 2, ... until a run comes
through; then once more with ENOSPC and EIO in place of the call.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from made_prices import build_prices

from lstmfin.data.store import Store

pytestmark = pytest.mark.slow

CALLS = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "unlink")
MODES = ("signal=KILL", "error=ENOSPC", "error=EIO")
MOST = 200
"""Calls of one kind that a fetch certainly does not make."""

OLD, NEW = build_prices(120, symbol="TEST"), build_prices(150, symbol="TEST")


@pytest.fixture(scope="module")
def strace():
    """The program, or a skip that says how to come by it."""
    path = shutil.which("strace")
    if path is None:
        pytest.skip("CRASHES ARE NOT TESTED: there is no strace; apt-get install strace")
    return path


@pytest.fixture(scope="module", params=["new", "known"])
def before(request, tmp_path_factory):
    """A workspace without prices, or with known ones; and the file that brings more."""
    folder = tmp_path_factory.mktemp(request.param)
    NEW.bars.drop(columns="final").to_csv(folder / "new.csv")
    OLD.bars.drop(columns="final").to_csv(folder / "old.csv")
    (folder / "w").mkdir()
    if request.param == "known":
        assert fetch([], folder / "w", folder / "old.csv").returncode == 0
    return folder


def fetch(prefix, workspace, file):
    command = [sys.executable, "-m", "lstmfin", "-C", str(workspace), "--format", "json"]
    words = ["fetch", "TEST", "--path", str(file)]
    return subprocess.run([*prefix, *command, *words], capture_output=True, text=True, check=False)


def digest(workspace):
    """Return what the store holds, or nothing; and that SQLite finds it sound."""
    with Store(workspace / "lstmfin.db") as store:
        if "TEST" not in store:
            return None
        assert store.integrity() == []
        return store.prices("TEST").digest()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("call", CALLS)
def test_old_or_new(strace, before, tmp_path, call, mode):
    """At every point; what was acknowledged is there, and a second run completes."""
    old = digest(before / "w")
    for n in range(1, MOST):
        workspace = tmp_path / str(n)
        shutil.copytree(before / "w", workspace)
        prefix = [strace, "-f", "-qq", "-o", "/dev/null", *_paths(workspace), "-e", f"trace={call}",
                  "-e", f"inject={call}:{mode}:when={n}"]  # fmt: skip
        done = fetch(prefix, workspace, before / "new.csv")
        assert "Traceback" not in done.stderr
        found = digest(workspace)
        assert found in (old, NEW.digest())
        if done.returncode == 0:
            assert found == NEW.digest()
            assert json.loads(done.stdout)["rows"][0]["sessions"] == len(NEW)
        elif mode != "signal=KILL":
            assert done.returncode == 74, (n, done.stderr)
            assert done.stderr.startswith("lstmfin: error: cannot write ")
        again = fetch([], workspace, before / "new.csv")
        assert again.returncode == 0, again.stderr
        assert digest(workspace) == NEW.digest()
        if done.returncode == 0:
            break
        shutil.rmtree(workspace)
    else:
        pytest.fail(f"{call} was still met after {MOST} calls")


def _paths(workspace: Path) -> list[str]:
    """Return the options that leave the interpreter's own files alone."""
    names = ("lstmfin.db", "lstmfin.db-journal", "")
    return [word for name in names for word in ("-P", str(workspace / name))]
