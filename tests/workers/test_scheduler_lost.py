"""A scheduler that dies in the middle of a backtest, and the backtest that goes on at another."""

import os
import subprocess
import sys
import time

import pytest

from lstmfin.cli.main import run

FOLDS = ("--train", "300", "--test", "40")
SETTINGS = "[train]\nhidden = 8\nwindow = 10\nhorizon = 3\nepochs = 12\npatience = 12\n"
LIMIT_SECONDS = 30
"""A backtest ends so soon after its scheduler did."""


@pytest.fixture
def workspace(tmp_path):
    folder = tmp_path / "w"
    line = "fetch GARCH --source synthetic --start 2022-06-01".split()
    assert run(["-C", str(folder), "-q", *line]) == 0
    (folder / "lstmfin.toml").write_text(SETTINGS)
    return folder


def _start(workspace, address):
    return subprocess.Popen(
        [sys.executable, "-m", "lstmfin", "-C", workspace, "--workers", f"dask:{address}",
         "backtest", "GARCH", *FOLDS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip


def test_a_scheduler_that_dies_ends_the_run_and_another_goes_on(workspace, tmp_path, start_dask):
    """Exit 69 in time, with its address; folds kept, nothing else; then the bytes of a whole run."""
    folds = workspace / "cache" / "folds" / "m_GARCH"
    with start_dask(tmp_path) as (address, scheduler):
        running = _start(workspace, address)
        for _ in range(6000):
            if list(folds.glob("*.npz")) or running.poll() is not None:
                break
            time.sleep(0.01)
        scheduler.kill()
        began = time.monotonic()
        _, err = running.communicate(timeout=120)
        assert time.monotonic() - began < LIMIT_SECONDS
    assert running.returncode == 69, err
    assert f"the dask scheduler at {address} went away" in err
    assert "the same line goes on" in err
    assert "Traceback" not in err
    kept = len(list(folds.glob("*.npz")))
    assert kept >= 1
    assert not list(workspace.rglob("backtest.json"))
    with start_dask(tmp_path) as (address, _):
        resumed = _start(workspace, address)
        _, err = resumed.communicate(timeout=300)
    assert resumed.returncode == 0, err
    assert f"GARCH: going on after {kept} folds" in err
    (record,) = workspace.rglob("backtest.json")
    bytes_there = record.read_bytes()
    assert not folds.exists()
    assert run(["-C", str(workspace), "-q", "backtest", "GARCH", *FOLDS]) == 0
    assert record.read_bytes() == bytes_there
