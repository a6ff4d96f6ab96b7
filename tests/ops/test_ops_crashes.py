"""``train``, ``forecast`` and ``score`` killed, or refused by the disk, at every call that writes.

strace stops the real command line at the n-th call of each kind, for n = 1, 2, ... until a run comes
through; then once more with ENOSPC and EIO in place of the call. Old state or new, never torn.
"""

import datetime as dt
import os
import shutil
import subprocess
import sys

import evening_source
import numpy as np
import pytest

from lstmfin.cli.main import run
from lstmfin.data.ledger import Ledger
from lstmfin.data.store import Store
from lstmfin.errors import ModelFileError
from lstmfin.models.shelf import load_model
from lstmfin.ops.journal import Journal
from lstmfin.workspace import Workspace

pytestmark = pytest.mark.slow

CALLS = (
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "rename",
    "unlink",
    "mkdir",
    "rmdir",
)
MODES = ("signal=KILL", "error=ENOSPC", "error=EIO")
MOST = 200
SMALL = ("--hidden", "2", "--window", "5", "--horizon", "3", "--epochs", "1")


@pytest.fixture(scope="module")
def strace():
    """The program, or a skip that says how to come by it."""
    path = shutil.which("strace")
    if path is None:
        pytest.skip("CRASHES ARE NOT TESTED: there is no strace; apt-get install strace")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Workspaces before each command, and one after each: prices to yesterday, by the real clock."""
    folder = tmp_path_factory.mktemp("crashes")
    now = dt.datetime.now(dt.UTC)
    prices = evening_source.known("S2", now)
    prices = prices.slice(len(prices) - int(prices.sessions[-1] >= np.datetime64(now.date())))

    def store(workspace, n):
        prices.slice(n).bars[["close", "adj_close"]].rename_axis("date").to_csv(folder / "S2.csv")
        call(workspace, "fetch", "--path", folder / "S2.csv")

    def call(workspace, *words):
        assert run(["-q", "-C", str(workspace), *map(str, words)]) == 0

    store(folder / "forecast", len(prices))
    call(folder / "forecast", "train", "S2", *SMALL)
    shutil.copytree(folder / "forecast", folder / "train")
    store(folder / "score", len(prices) - 4)
    call(folder / "score", "train", "S2", *SMALL)
    line = ["-q", "-C", str(folder / "score"), "forecast", "S2"]
    assert run(line, now=lambda: now - dt.timedelta(days=6)) == 0
    store(folder / "score", len(prices))
    return folder


WORDS = {"train": ("train", "S2", *SMALL, "--seed", "1"), "forecast": ("forecast", "S2"), "score": ("score", "S2")}  # fmt: skip


def state(command, root):
    """Return what a command leaves, and prove that it is whole."""
    workspace = Workspace(root)
    with Store(workspace.database) as store, Journal(workspace.database) as journal:
        assert store.integrity() == []
        if command == "train":
            assert Ledger(workspace.database).fault() is None
            try:
                return load_model(workspace, "S2")[0]
            except ModelFileError as error:
                pytest.fail(str(error))
        table = {"forecast": "journal", "score": "truths"}[command]
        return [row[:3] for row in journal.read(f"SELECT symbol, origin, horizon FROM {table}")]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("command", WORDS)
def test_old_or_new(strace, made, tmp_path, command, call, mode):
    """At every point; what was acknowledged is there, and a second run completes."""
    old, words = state(command, made / command), WORDS[command]
    shutil.copytree(made / command, tmp_path / "whole")
    assert run(["-q", "-C", str(tmp_path / "whole"), *words]) == 0
    new = state(command, tmp_path / "whole")
    assert new != old
    for n in range(1, MOST):
        root = tmp_path / str(n)
        shutil.copytree(made / command, root)
        done = subprocess.run(
            [strace, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
             "-e", f"inject={call}:{mode}:when={n}",
             sys.executable, "-m", "lstmfin", "-q", "-C", str(root), *words],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        found = state(command, root)
        assert found in (old, new)
        if done.returncode == 0:
            assert found == new
        elif mode != "signal=KILL":
            assert done.returncode == 74, (n, done.stderr)
        assert run(["-q", "-C", str(root), *words]) == 0
        assert state(command, root) == new
        shutil.rmtree(root)
        if done.returncode == 0:
            break
    else:
        pytest.fail(f"{call} was still met after {MOST} calls")
