"""The lock: one at a time, gone with its holder, and with no child."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from lstmfin.errors import TryLaterError, WriteError
from lstmfin.ops.lock import locked
from lstmfin.workspace import Workspace

HOLD = """
import os, sys, time
from pathlib import Path
from lstmfin.ops.lock import locked
from lstmfin.workspace import Workspace
with locked(Workspace(Path(sys.argv[1]))):
    if sys.argv[2] == "fork" and os.fork() == 0:
        time.sleep(60)
    if sys.argv[2] == "exec":
        import subprocess
        subprocess.Popen(["sleep", "60"], close_fds=False)
    print(os.getpid(), flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("child", ["none", "fork", "exec"])
def test_a_killed_holder_leaves_no_lock(tmp_path, child):
    """Nor do the children that it leaves behind, forked or executed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), child],
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        holder.stdout.readline()
        with pytest.raises(TryLaterError), locked(Workspace(tmp_path)):
            pass
        holder.kill()
        holder.wait()
        with locked(Workspace(tmp_path), wait=2):
            pass
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(holder.pid, signal.SIGKILL)
        holder.stdout.close()


def test_waiting(tmp_path):
    """It is taken when the other lets go; else refused after the wait."""
    with locked(Workspace(tmp_path)):
        began = time.monotonic()
        with (
            pytest.raises(TryLaterError, match=r"after 0\.2 s"),
            locked(Workspace(tmp_path), wait=0.2),
        ):
            pass
        assert time.monotonic() - began >= 0.2
    with locked(Workspace(tmp_path)):
        pass


def test_a_folder_that_cannot_be(tmp_path):
    """A WriteError that names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError), locked(Workspace(tmp_path / "file")):
        pass
