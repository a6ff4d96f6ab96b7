"""One run at a time on a workspace: ``flock`` on a file, which the kernel lets go of by itself.

No process id stands in the file and nothing has to be cleared away after a crash. A child that is
forked closes its copy at once, so that none keeps the lock after its parent; one that is executed
never has it.

Nothing heavy is imported here: twenty runs that cron starts at once must not each take a tenth of a
second to find out that nineteen are not needed.
"""

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lstmfin.errors import ExitCode, TryLaterError

TYPE_CHECKING = False  # as in typing, which takes its time
if TYPE_CHECKING:
    from lstmfin.workspace import Workspace

NAME = ".lock"
POLL_SECONDS = 0.1
MOST_BYTES = 1_000_000
"""Of a configuration that is looked into; a longer one is refused by who reads it."""

_held: set[int] = set()
"""Descriptors of this process that a forked child must close."""

_early: dict[str, int] = {}
"""Descriptors by folder that hold the lock already."""


def take_early(words: list[str]) -> None:
    """Take the lock for the line that cron has, before the program is there; leave if it is taken.

    Any other line, a folder that is not there, and one whose configuration may say to wait are left
    to ``locked``.

    Parameters
    ----------
    words : list of str
        Of the command line: ``-q -C WORKSPACE run``, the first of which may be missing.
    """
    if words[-3:-2] != ["-C"] or words[-1] != "run" or words[:-3] not in ([], ["-q"]):
        return
    root = os.path.join(os.getcwd(), words[-2])  # noqa: PTH109, PTH118 - pathlib takes its time, too
    if root != os.path.abspath(root):  # noqa: PTH100
        return
    try:
        with open(f"{root}/lstmfin.toml", "rb") as file:  # noqa: PTH123
            content = file.read(MOST_BYTES)
        if b"wait" in content or len(content) == MOST_BYTES:
            return
        handle = _opened(f"{root}/{NAME}")
    except OSError:  # which is told in all its words later
        return
    if _take(handle):
        _early[root] = handle
        return
    sys.stderr.write(f"lstmfin: error: {_told(root)}\n")
    sys.exit(ExitCode.TRY_LATER)


@contextmanager
def locked(workspace: "Workspace", *, wait: float = 0.0) -> Iterator[None]:
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
    from lstmfin.workspace import make_folder, writing

    make_folder(workspace.root)
    path = workspace.root / NAME
    handle = _early.pop(str(workspace.root), None)
    if handle is None:
        with writing(path):
            handle = _opened(str(path))
    _held.add(handle)
    try:
        deadline = time.monotonic() + wait
        while not _take(handle):
            if time.monotonic() >= deadline:
                raise TryLaterError(_told(workspace.root, wait))
            time.sleep(min(POLL_SECONDS, max(deadline - time.monotonic(), 0)))
        yield
    finally:
        _held.discard(handle)
        os.close(handle)


def _opened(path: str) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


def _told(root: object, wait: float = 0.0) -> str:
    waited = f" after {wait:g} s" if wait else ""
    return (
        f"another lstmfin run works on {root}{waited}; "
        "this one did nothing (--wait SECONDS waits for the other)"
    )


def _take(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _let_go() -> None:
    for handle in (*_held, *_early.values()):
        with suppress(OSError):
            os.close(handle)
    _held.clear()
    _early.clear()


os.register_at_fork(after_in_child=_let_go)
