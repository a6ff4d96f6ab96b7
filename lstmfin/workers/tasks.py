"""Tasks, the loop that runs them, and workers of which there is one: this process.

A task is a function of a module and a picklable argument; it returns a value and writes nothing.
Each runs with one BLAS thread, so that all kinds of workers give the same bits.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self

from lstmfin.errors import LstmfinError, WorkersError

Tick = Callable[[float], None]
"""Called by a task with the share of it that is done; may end it."""

Call = tuple[Callable[[Any, Tick], Any], Any, float | None]
"""A function of a module, its task, and the seconds it may take."""

GRACE_SECONDS = 2.0
"""A task that reports its progress ends itself at its deadline; others are ended so much later."""


@dataclass(frozen=True)
class Outcome:
    """What became of a task: a value, or the error that ended it."""

    position: int
    value: Any = None
    error: LstmfinError | None = None


class Workers:
    """Tasks one after the other in this process; the base of the other two.

    Attributes
    ----------
    lanes : list of int
        Each runs one task at a time.
    """

    def __init__(self, n_lanes: int = 1) -> None:
        self.lanes = list(range(n_lanes))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End whatever still runs."""

    def submit(self, lane: int, call: Call, tick: Tick) -> "Future[Any]":  # noqa: ARG002
        """Start a call in a lane that is free; ``tick`` is of use in this process alone."""
        future: Future[Any] = Future()
        try:
            future.set_result(run_call(call, tick))
        except Exception as error:  # noqa: BLE001 - handed on to who asks for the result
            future.set_exception(error)
        return future

    def end(self, lane: int, future: "Future[Any]") -> None:
        """End the task of a lane, and the lane with it where that cannot be helped."""


def run(
    workers: Workers,
    function: Callable[[Any, Tick], Any],
    tasks: Sequence[Any],
    *,
    deadline: float | None = None,
    progress: Callable[[float, int], None] = lambda _done, _total: None,
) -> Generator[Outcome]:
    """Yield the outcome of every task as it is done, in whatever order that is.

    A task that fails, kills its worker or passes its deadline costs itself alone. An exception
    that is no ``LstmfinError`` is a bug, and is raised.

    Parameters
    ----------
    function : callable
        Of a module; called with a task and a function to tell its progress to.
    deadline : float, optional
        Seconds that a task may take. In this process only a task that tells its progress can be
        ended.
    progress : callable
        Called with tasks done, a part of one included where that is known, and tasks in all.
    """
    waiting = deque(range(len(tasks)))
    running: dict[Future[Any], tuple[int, int, float]] = {}  # position, lane, when to end it
    free, n_done = list(workers.lanes), 0
    progress(0, len(tasks))
    try:
        while waiting or running:
            while waiting and free:
                lane, position = free.pop(0), waiting.popleft()
                call = function, tasks[position], deadline
                end = time.monotonic() + (deadline + GRACE_SECONDS if deadline else float("inf"))
                tick = partial(_within, progress, n_done, len(tasks))
                future = workers.submit(lane, call, tick)
                running[future] = position, lane, end
            if not running:
                lost = WorkersError("no worker is left: each is busy with a task that was given up")
                yield from (Outcome(position, error=lost) for position in waiting)
                return
            for future in _next(running):
                position, lane, _ = running.pop(future)
                outcome = _outcome(position, future, deadline)
                if not future.done() or isinstance(future.exception(), BrokenExecutor):
                    workers.end(lane, future)
                if lane in workers.lanes:
                    free.append(lane)
                n_done += 1
                progress(n_done, len(tasks))
                yield outcome
    finally:
        for future, (_, lane, _) in running.items():
            workers.end(lane, future)


def _within(progress: Callable[[float, int], None], done: int, total: int, share: float) -> None:
    progress(done + share, total)


def _next(running: dict["Future[Any]", tuple[int, int, float]]) -> list["Future[Any]"]:
    """Return futures that are done, or past the time to end them."""
    while True:
        left = min(end for *_, end in running.values()) - time.monotonic()
        done, _ = wait(
            running,
            timeout=None if left == float("inf") else max(left, 0),
            return_when=FIRST_COMPLETED,
        )
        late = [one for one, (*_, end) in running.items() if time.monotonic() >= end]
        if done or late:
            return sorted({*done, *late}, key=lambda one: running[one][0])


def _outcome(position: int, future: "Future[Any]", deadline: float | None) -> Outcome:
    if not future.done():
        return Outcome(position, error=_too_late(deadline))
    error = future.exception()
    if isinstance(error, BrokenExecutor):
        error = WorkersError("its worker died: it was killed, or ran out of memory")
    if error is not None and not isinstance(error, LstmfinError):
        raise error
    return Outcome(position, error=error) if error else Outcome(position, future.result())


def _too_late(deadline: float | None) -> WorkersError:
    return WorkersError(f"it took longer than the {deadline:g} seconds of --deadline")


def run_call(call: Call, tick: Tick = lambda _: None) -> Any:
    """Run a call with one BLAS thread; end it where it tells of progress after its deadline."""
    from threadpoolctl import threadpool_limits

    function, task, deadline = call
    end = time.monotonic() + deadline if deadline else float("inf")

    def checked(share: float) -> None:
        if time.monotonic() >= end:
            raise _too_late(deadline)
        tick(share)

    with threadpool_limits(1):
        return function(task, checked)
