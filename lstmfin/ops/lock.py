"""One run at a time on a workspace: ``flock`` on a file, which the kernel lets go of by itself.

No process id stands in the file and nothing has to be cleared away after a crash. A child that is
forked closes its copy at once, so that none keeps the lock after its parent; one that is executed
never has it.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lstmfin.errors import TryLaterError
from lstmfin.workspace import Workspace, make_folder, writing

NAME = ".lock"
POLL_SECONDS = 0.1

_held: set[int] = set()
"""Descriptors of this process that a forked child must close."""


@contextmanager
def locked(workspace: Workspace, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of a workspace inside the block.

    Parameters
    ----------
    wait : float, default 0
        Seconds to wait for who has it.

    Raises
    ------
    TryLaterError
        When another process has it for longer.
    WriteError
        When the file cannot be made.
    """
    make_folder(workspace.root)
    path = workspace.root / NAME
    with writing(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    _held.add(handle)
    try:
        deadline = time.monotonic() + wait
        while not _take(handle):
            if time.monotonic() >= deadline:
                waited = f" after {wait:g} s" if wait else ""
                raise TryLaterError(
                    f"another lstmfin run works on {workspace.root}{waited}; "
                    "this one did nothing (--wait SECONDS waits for the other)"
                )
            time.sleep(min(POLL_SECONDS, max(deadline - time.monotonic(), 0)))
        yield
    finally:
        _held.discard(handle)
        os.close(handle)


def _take(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _let_go() -> None:
    for handle in _held:
        with suppress(OSError):
            os.close(handle)
    _held.clear()


os.register_at_fork(after_in_child=_let_go)
