"""What every test gets: strict arithmetic, and no workspace of the user's."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

# No deadline: how long a case takes hangs on who else is busy. The suite draws the same cases each
# time, so that a change is judged by what it changed; `make fuzz` draws new ones, and more of them.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile("fuzz", deadline=None, max_examples=1000)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def strict_arithmetic():
    """Overflow, division by zero and invalid operations are errors; underflow to zero is not."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        yield


@pytest.fixture(autouse=True)
def no_workspace_of_the_user(monkeypatch, tmp_path):
    """Commands see neither the user's workspace nor their folder."""
    monkeypatch.delenv("LSTMFIN_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data-home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache-home"))
    monkeypatch.chdir(tmp_path)
