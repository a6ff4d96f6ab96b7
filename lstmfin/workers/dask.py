"""Workers at a dask scheduler: as many lanes as their threads, on whatever machines they are."""

import asyncio
import contextlib
import logging
import platform
from concurrent.futures import BrokenExecutor, Future
from typing import Any

import numpy as np

import lstmfin
from lstmfin.errors import UsageError, WorkersError
from lstmfin.workers.tasks import Call, Tick, Workers, run_call

PATIENCE_SECONDS = 4
"""For a scheduler to shake hands, and again to take a client: with all around it, below 10."""

_TALKATIVE = ("asyncio", "distributed", "distributed.client", "tornado", "tornado.application")
"""Loggers that tell of what we tell of; dask gives the longer names levels of their own."""


class DaskWorkers(Workers):
    """Threads of the workers of a scheduler.

    A task past its deadline cannot be ended there from here, so that its lane is given up.

    Parameters
    ----------
    address : str
        ``tcp://HOST:PORT``.
    """

    def __init__(self, address: str) -> None:
        try:
            import distributed
        except ImportError as error:
            raise UsageError(
                "--workers dask needs dask, which is not installed: pip install 'lstmfin[dask]'"
            ) from error
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.address = address
        self._killed = distributed.scheduler.KilledWorker
        try:
            asyncio.run(asyncio.wait_for(_greet(address), PATIENCE_SECONDS))
            self._client = distributed.Client(
                address, timeout=PATIENCE_SECONDS, set_as_default=False
            )
        except Exception as error:  # timeouts, refusals, and what is no scheduler
            raise WorkersError(
                f"no dask scheduler answers at {address} ({_short(error)}); start one with "
                "`dask scheduler`, and workers with `dask worker ADDRESS`"
            ) from error
        try:
            super().__init__(self._check())
        except BaseException:
            self.close()
            raise
        self._executor = self._client.get_executor(pure=False)

    def submit(self, lane: int, call: Call, tick: Tick) -> "Future[Any]":  # noqa: ARG002
        """Hand ``call`` to the scheduler, which chooses the worker."""
        mine: Future[Any] = Future()
        try:
            theirs = self._executor.submit(run_call, call)
        except Exception:  # noqa: BLE001 - a client that lost its scheduler says so in many ways
            mine.set_exception(self._gone())
            return mine
        theirs.add_done_callback(lambda done: self._hand_on(done, mine))
        mine.add_done_callback(lambda done: theirs.cancel() if done.cancelled() else None)
        return mine

    def end(self, lane: int, future: "Future[Any]") -> None:
        """Stop waiting for a task, and give up its lane if a thread is still busy with it."""
        if not future.done():
            future.cancel()
            self.lanes.remove(lane)

    def close(self) -> None:
        """Take leave of the scheduler."""
        with contextlib.suppress(Exception):  # a scheduler that has gone cannot be taken leave of
            self._client.close(timeout=2)

    def _hand_on(self, theirs: "Future[Any]", mine: "Future[Any]") -> None:
        """Pass a result on, dask's errors as ours."""
        if mine.cancelled():
            return
        if theirs.cancelled():
            mine.set_exception(self._gone())
            return
        error = theirs.exception()
        if isinstance(error, self._killed):
            mine.set_exception(BrokenExecutor())
        elif error is not None:
            lost = type(error).__name__ == "FutureCancelledError"
            mine.set_exception(self._gone() if lost else error)
        else:
            mine.set_result(theirs.result())

    def _gone(self) -> WorkersError:
        return WorkersError(
            f"the dask scheduler at {self.address} went away; start it, and the same line goes on "
            "with what is not done"
        )

    def _check(self) -> int:
        """Refuse workers that would give other bits, or none; return how many threads there are."""
        ours = our_versions()
        try:
            found: dict[str, dict[str, str]] = self._client.run(versions)
        except ModuleNotFoundError as error:
            raise WorkersError(
                f"workers of {self.address} have no lstmfin ({error}); install the same version "
                "there"
            ) from error
        except Exception as error:
            raise WorkersError(
                f"workers of {self.address} do not answer ({_short(error)})"
            ) from error
        if not found:
            raise WorkersError(
                f"the dask scheduler at {self.address} has no workers; start some with "
                f"`dask worker {self.address} --nthreads 1`"
            )
        for worker, theirs in found.items():
            for name, version in ours.items():
                if theirs.get(name) != version:
                    raise WorkersError(
                        f"the dask worker {worker} of {self.address} has {name} "
                        f"{theirs.get(name, 'of no version')}, and here is {version}; results "
                        "would differ, so install the same versions on both"
                    )
        return sum(self._client.nthreads().values())


async def _greet(address: str) -> None:
    """Shake hands once: a client would wait for an answer without end."""
    from distributed import Security
    from distributed.comm import connect

    arguments = Security().get_connection_args("client")
    comm = await connect(address, timeout=PATIENCE_SECONDS, **arguments)
    await comm.close()


def versions() -> dict[str, str]:
    """Return the versions that must be the same for tasks to be understood and bits to agree."""
    import distributed

    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "lstmfin": lstmfin.__version__,
        "numpy": np.__version__,
        "distributed": distributed.__version__,
    }


our_versions = versions


def _short(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:120]}" if text else type(error).__name__
