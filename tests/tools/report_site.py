"""A workspace with a report, by a clock that the test sets, and names that would run as script."""

import datetime as dt
import json
import os
import shutil
import sys
from contextlib import contextmanager

import evening_source
import numpy as np

from lstmfin import registry
from lstmfin.cli.main import run
from lstmfin.data.faults import Doubt
from lstmfin.data.prices import Prices, make_bars
from lstmfin.data.store import Store
from lstmfin.workspace import safe_name

TOML = """symbols = ["S2", "S1", "SNEVER"]
[fetch]
source = "evening"
[train]
hidden = 4
window = 10
horizon = 3
epochs = 2
[run]
no-report = true
"""
FIRST = dt.datetime(2027, 3, 1, 23, 0, tzinfo=dt.UTC)
"""A Monday evening, when New York has closed."""

EVENINGS = 5
SCRIPT = "<script>alert(1)</script>"
FORMULA = "=cmd()"
IMAGE = '"><img src=x onerror=alert(2)>'
CLOSING = "</script></style><svg onload=alert(3)>"


class Site:
    """A workspace whose clock the test sets."""

    def __init__(self, root, now=FIRST):
        self.root, self.now = root, now
        self.reports = root / "reports"
        self.database = root / "lstmfin.db"

    def __call__(self, *words):
        return run(["-C", str(self.root), "-q", *words], now=lambda: self.now)

    def copy(self, root):
        shutil.copytree(self.root, root)
        return Site(root, self.now)

    def page(self, symbol=None):
        if symbol is None:
            return self.reports / "index.html"
        return self.reports / safe_name(symbol) / "index.html"

    def told(self):
        return json.loads((self.reports / "report.json").read_text())

    def tomorrow(self):
        self.now += dt.timedelta(days=3 if self.now.weekday() == 4 else 1)
        return self


@contextmanager
def evenings(folder):
    """The source of evenings is a plug-in inside the block."""
    places = evening_source.install(folder).split(os.pathsep)
    sys.path[:0] = places
    registry._entry_points.cache_clear()
    try:
        yield
    finally:
        del sys.path[: len(places)]
        registry._entry_points.cache_clear()


def odd_names(site):
    """Store what no source would: names, reasons and a verdict that would run as script."""
    sessions = np.busday_offset("2027-01-04", np.arange(40))
    close = 100 + np.sin(np.arange(40.0))
    with Store(site.database) as store:
        for symbol in (SCRIPT, FORMULA):
            bars = make_bars(sessions, close=close)
            odd = Prices(symbol, bars, source=IMAGE, label=IMAGE + CLOSING, currency="<b>")
            store.update(odd, now=site.now)
        store.hold_back("S1", IMAGE, [Doubt(SCRIPT, "2027-03-01", IMAGE)], now=site.now)
    path = site.reports / "m_S1" / "backtest.json"
    record = json.loads(path.read_text())
    record["findings"][0]["text"] = f"no edge shown: {IMAGE}{CLOSING}"
    path.write_text(json.dumps(record))
    runs = sorted((site.reports / "runs").iterdir())
    report = json.loads(runs[-1].read_text())
    report["summary"] = f"failed: {SCRIPT}{IMAGE}"
    runs[-1].write_text(json.dumps(report))
