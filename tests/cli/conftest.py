"""A small workspace, and the command line run in this process or in one of its own."""

import os
import shutil
import signal
import subprocess
import sys
from typing import NamedTuple

import pytest

from lstmfin.cli.main import run

QUICK = ("--hidden", "4", "--window", "10", "--horizon", "3", "--epochs", "2")


class Ended(NamedTuple):
    """How a run ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def lstmfin(tmp_path, capsys):
    """Return a function that runs a line of commands on the workspace ``tmp_path / "w"``."""

    def call(*words, workspace=True):
        capsys.readouterr()
        code = run([*(("-C", str(tmp_path / "w")) if workspace else ()), *map(str, words)])
        return Ended(int(code), *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Two workspaces made once: one with two series, one with a small model of each as well."""
    folder = tmp_path_factory.mktemp("made")
    line = "fetch GARCH RANDOM-WALK --source synthetic --start 2022-06-01".split()
    assert run(["-C", str(folder / "fetched"), "-q", *line]) == 0
    shutil.copytree(folder / "fetched", folder / "trained")
    assert run(["-C", str(folder / "trained"), "-q", "train", *QUICK]) == 0
    return folder


@pytest.fixture
def fetched(lstmfin, made, tmp_path):
    """The same function, on a workspace with two years and more of two synthetic series."""
    shutil.copytree(made / "fetched", tmp_path / "w")
    return lstmfin


@pytest.fixture
def trained(lstmfin, made, tmp_path):
    """The same function, on a workspace that has a small model of each series, too."""
    shutil.copytree(made / "trained", tmp_path / "w")
    return lstmfin


def _heeds_interrupts():
    """A suite that runs in the background hands on that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def process(tmp_path):
    """Return a function that starts the command line in a process of its own."""

    def start(*words, **options):
        return subprocess.Popen(
            [sys.executable, "-m", "lstmfin", *map(str, words)],
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **options.pop("env", {})},
            preexec_fn=options.pop("preexec_fn", _heeds_interrupts),  # noqa: PLW1509 - no threads here
            **options,
        )

    return start
