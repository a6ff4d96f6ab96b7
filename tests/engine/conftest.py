"""Strict numbers, and the arrays that PyTorch computed."""

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _strict_numbers():
    """Every overflow, division by zero and NaN made by arithmetic is an error."""
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        yield


@pytest.fixture(scope="session")
def golden():
    """Arrays of tests/golden/torch_rnn_lstm.npz by group: ``golden("lstm2")["x"]``."""
    with np.load(Path(__file__).parents[1] / "golden" / "torch_rnn_lstm.npz") as file:
        arrays = {name: file[name] for name in file.files}

    def group(name):
        return {
            key.partition("/")[2]: value
            for key, value in arrays.items()
            if key.partition("/")[0] == name
        }

    return group
