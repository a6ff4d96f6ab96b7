"""A dask scheduler with two workers on the loopback, and workers of each kind."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from lstmfin.errors import WorkersError
from lstmfin.workers import open_workers

TOOLS = Path(__file__).parents[1] / "tools"
ROOT = TOOLS.parent.parent


@contextmanager
def started_dask(folder):
    """Start a dask scheduler and two workers, processes of their own; yield address and scheduler."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    environment = {**os.environ, "PYTHONPATH": f"{TOOLS}:{ROOT}", "OPENBLAS_NUM_THREADS": "1"}
    lines = [
        ["scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"],
        *[["worker", address, "--nthreads", "1", "--no-dashboard", "--local-directory", "."]] * 2,
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + line[0], *line[1:]],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for line in lines
    ]
    try:
        for _ in range(200):
            try:
                with open_workers(f"dask:{address}") as workers:
                    if len(workers.lanes) == 2:
                        break
            except WorkersError:
                time.sleep(0.2)
        yield address, processes[0]
    finally:
        for process in reversed(processes):
            process.kill()  # what a nanny started ends with it
            process.wait(timeout=30)


@pytest.fixture
def start_dask():
    """The same, for a test that ends its own scheduler."""
    pytest.importorskip("distributed", reason="the extra [dask] is not installed")
    return started_dask


@pytest.fixture(scope="session")
def scheduler(tmp_path_factory):
    """The address of a dask scheduler with two workers, all processes of their own."""
    pytest.importorskip("distributed", reason="the extra [dask] is not installed")
    with started_dask(tmp_path_factory.mktemp("dask")) as (address, _):
        yield address


@pytest.fixture(params=["serial", "local:2", "dask"])
def workers(request):
    """Workers of each kind."""
    spec = request.param
    if spec == "dask":
        spec = f"dask:{request.getfixturevalue('scheduler')}"
    with open_workers(spec) as opened:
        yield opened
