"""A few evenings of the long soak, so that it still goes when it is wanted: `make bench`."""

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.slow
def test_evenings_with_faults_end_like_those_without():
    """Eight evenings of four symbols, lived twice."""
    process = subprocess.run(
        [sys.executable, SOAK, "8", "4"], capture_output=True, text=True, timeout=300, check=False
    )
    assert process.returncode == 0, process.stderr
    assert "the same at the end" in process.stdout
