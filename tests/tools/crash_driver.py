"""Commands that strace stops at their n-th call of a kind, each in a fork of one warm process.

Imports are paid for once. strace counts the calls of each process from its first one and injects the
``LATE``-th; a child that is to be stopped at its n-th call makes ``LATE - n`` idle ones before.
"""

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress

import pytest

LATE = 500
"""Calls that the warm process itself does not come to."""

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
CERTAIN = 3
"""Runs in a row that come through, after which no call is left: SQLite takes some failures lightly."""

MODES = ("signal=KILL", "error=ENOSPC", "error=EIO")


class Crashes:
    """The warm process under strace; one for each kind of call and way to fail.

    Parameters
    ----------
    call, mode : str
        One of ``CALLS`` and of ``MODES``.
    """

    def __init__(self, call, mode, *, env=None):
        if shutil.which("strace") is None:
            pytest.skip("CRASHES ARE NOT TESTED: there is no strace; apt-get install strace")
        line = [
            "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
            "-e", f"inject={call}:{mode}:when={LATE}", sys.executable, "-B", __file__, call,
        ]  # fmt: skip
        self._process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def __call__(self, words, *, n, at=None):
        """Run a command line that is stopped at its n-th call; return its code and stderr.

        With n of 0 it runs whole, in the warm process itself, whose imports stay.
        """
        job = {"words": list(map(str, words)), "n": n, "at": at and at.isoformat()}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _idle(call, file):
    """Return a call of a kind that changes nothing."""
    nothing = file.name + "-none"
    return {
        "write": lambda: os.write(file.fileno(), b""),
        "pwrite64": lambda: os.pwrite(file.fileno(), b"", 0),
        "fsync": lambda: os.fsync(file.fileno()),
        "fdatasync": lambda: os.fdatasync(file.fileno()),
        "ftruncate": lambda: os.ftruncate(file.fileno(), 0),
        "rename": lambda: os.rename(nothing, nothing),  # noqa: PTH104
        "unlink": lambda: os.unlink(nothing),  # noqa: PTH108
        "mkdir": lambda: os.mkdir("/"),  # noqa: PTH102
        "rmdir": lambda: os.rmdir(nothing),  # noqa: PTH106
    }[call]


def _command(job):
    from lstmfin.cli.job import now_utc
    from lstmfin.cli.main import run

    now = now_utc if job["at"] is None else lambda: dt.datetime.fromisoformat(job["at"])
    return run(job["words"], now=now)


def _in_child(job, call, *, said):
    os.dup2(said.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stdout, sys.stderr = (open(fd, "w", closefd=False) for fd in (1, 2))  # noqa: SIM115
    with open("/dev/shm/idle", "a") as file:  # noqa: PTH123 - where a sync costs nothing
        idle = _idle(call, file)
        for _ in range(LATE - job["n"]):
            with suppress(OSError):
                idle()
    code = 70
    try:
        code = _command(job)
        sys.stdout.flush()
    finally:
        os._exit(code)


def _serve(call):
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        job, text = json.loads(line), ""
        if job["n"] == 0:
            os.dup2(2, 1)
            code = _command(job)
        else:
            with tempfile.TemporaryFile("w+") as said:
                child = os.fork()
                if child == 0:
                    _in_child(job, call, said=said)
                code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                said.seek(0)
                text = said.read()
        answers.write(json.dumps([int(code), text]) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve(sys.argv[1])
