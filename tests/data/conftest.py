"""Fixtures of this folder, and the way to its helpers."""

import sys
from pathlib import Path

import pytest

from lstmfin.data.source import SourceOptions

sys.path.insert(0, str(Path(__file__).parent))

from made_prices import NOW, build_prices


@pytest.fixture
def prices():
    return build_prices()


@pytest.fixture
def options(tmp_path):
    return SourceOptions(path=None, cache=tmp_path / "cache", now=NOW)
