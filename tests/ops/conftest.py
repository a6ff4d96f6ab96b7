"""A workspace that lives through evenings, by a clock that the test sets."""

import os
from typing import NamedTuple

import evening_house
import evening_source
import pytest
from evening_house import FIRST, next_evening

from lstmfin import registry
from lstmfin.cli.main import run
from lstmfin.ops.journal import Journal


class Ended(NamedTuple):
    """How a run ended."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def no_faults(tmp_path, monkeypatch):
    """The source of evenings is a plug-in, and well."""
    for place in evening_source.install(tmp_path / "plug").split(os.pathsep):
        monkeypatch.syspath_prepend(place)
    registry._entry_points.cache_clear()
    evening_source.FAULTS.clear()
    yield
    evening_source.FAULTS.clear()
    registry._entry_points.cache_clear()


@pytest.fixture(autouse=True)
def quiet_logs(caplog):
    """What a failed test prints is its own, not the log of all evenings."""
    caplog.set_level("WARNING")


class House:
    """A workspace and a clock."""

    def __init__(self, root, capsys):
        self.root, self.capsys, self.now = root, capsys, FIRST
        self.database = root / "lstmfin.db"

    def make(self, *symbols, more=""):
        evening_house.make(self.root, symbols, more=more)
        return self

    def __call__(self, *words):
        self.capsys.readouterr()
        code = run(["-C", str(self.root), *map(str, words)], now=lambda: self.now)
        return Ended(int(code), *self.capsys.readouterr())

    def evening(self, days=1):
        """Let the clock go on to the next weekday's evening."""
        for _ in range(days):
            self.now = next_evening(self.now)
        return self

    def entries(self, symbol="S1"):
        with Journal(self.database) as journal:
            return journal.entries(symbol)

    def truths(self):
        with Journal(self.database) as journal:
            return journal.read("SELECT * FROM truths ORDER BY symbol, origin, horizon")


@pytest.fixture
def house(tmp_path, capsys):
    return House(tmp_path / "w", capsys)


@pytest.fixture
def process(tmp_path):
    """Return a function that starts the command line on the workspace in a process of its own."""

    def start(*words, **options):
        return evening_house.start(tmp_path / "w", tmp_path / "plug", *words, **options)

    return start
