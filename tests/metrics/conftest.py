import json
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _strict_numbers():
    """Overflow, division by zero and invalid operations are errors; zero for 1e-320 is not."""
    with np.errstate(all="raise", under="ignore"):
        yield


@pytest.fixture(scope="session")
def golden():
    """Answers of other libraries; their versions and the script are in tests/golden."""
    file = Path(__file__).parents[1] / "golden" / "metrics.json"
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def golden_selection():
    """Answers of other libraries about Sharpe ratios and searches."""
    file = Path(__file__).parents[1] / "golden" / "selection.json"
    return json.loads(file.read_text(encoding="utf-8"))
