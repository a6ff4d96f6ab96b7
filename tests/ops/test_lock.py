"""The lock: one at a time, gone with its holder, and with no child."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from lstmfin.errors import TryLaterError, WriteError
from lstmfin.ops import lock
from lstmfin.ops.lock import locked, take_early
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


@pytest.mark.parametrize(
    ("words", "is_early"),
    [
        (["-C", "w", "run"], True),
        (["-q", "-C", "w", "run"], True),
        (["-C", "./w", "run"], False),  # pathlib would write it in another way
        (["-C", "none", "run"], False),
        (["-v", "-C", "w", "run"], False),
        (["-C", "w", "run", "--wait", "9"], False),
        (["-C", "w", "fetch"], False),
        (["run"], False),
        ([], False),
    ],
)
def test_the_lock_is_taken_early_for_the_line_of_cron(tmp_path, words, is_early):
    """And for no other; the run goes on with it, and lets go of it."""
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "lstmfin.toml").write_text("")
    take_early(words)
    assert list(lock._early) == ([str(tmp_path / "w")] if is_early else [])
    with locked(Workspace(tmp_path / "w")):
        assert lock._early == {}
        with pytest.raises(TryLaterError), locked(Workspace(tmp_path / "w")):
            pass
    with locked(Workspace(tmp_path / "w")):
        pass


def test_a_configuration_that_may_say_to_wait(tmp_path, capsys):
    """Is read by who understands it; else a run leaves at once when another works."""
    (tmp_path / "lstmfin.toml").write_text("[run]\nwait = 9\n")
    with locked(Workspace(tmp_path)):
        take_early(["-C", str(tmp_path), "run"])
        (tmp_path / "lstmfin.toml").write_text("")
        with pytest.raises(SystemExit) as ended:
            take_early(["-C", str(tmp_path), "run"])
    assert ended.value.code == 75
    assert capsys.readouterr().err.startswith("lstmfin: error: another lstmfin run works on ")
