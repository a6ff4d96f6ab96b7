"""Processes of this machine."""

import contextlib
import multiprocessing
import os
import signal
import threading
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures.process import ProcessPoolExecutor
from multiprocessing import connection
from typing import Any

from lstmfin.workers.tasks import Call, Tick, Workers, run_call


class LocalWorkers(Workers):
    """Processes of this machine: one executor of one process a lane, so that each dies alone."""

    def __init__(self, n_lanes: int) -> None:
        super().__init__(n_lanes)
        self._pools: dict[int, tuple[Executor, Future[int]]] = {}

    def submit(self, lane: int, call: Call, tick: Tick) -> "Future[Any]":  # noqa: ARG002
        """Start ``call`` in the process of a lane, which is started for its first one."""
        if lane not in self._pools:
            # A forked child would hold locks and threads of its parent; a spawned one begins clean.
            context = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin_worker)
            self._pools[lane] = pool, pool.submit(os.getpid)
        return self._pools[lane][0].submit(run_call, call)

    def end(self, lane: int, future: "Future[Any]") -> None:  # noqa: ARG002
        """End the process of a lane; the next task of it gets a new one."""
        if lane not in self._pools:
            return
        pool, process = self._pools.pop(lane)
        with contextlib.suppress(ProcessLookupError, BrokenExecutor):  # dead already
            os.kill(process.result(), signal.SIGKILL)
        pool.shutdown()

    def close(self) -> None:
        """End all processes."""
        for lane in list(self._pools):
            self.end(lane, Future())


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)
