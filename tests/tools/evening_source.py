"""A source whose sessions come with the clock: what a test needs to live through evenings.

Walks of one law, a session a weekday, in the exchange's zone that the symbol's suffix names. Some pay
a dividend each quarter, so that all adjusted prices before it change. ``FAULTS`` says what goes wrong.
"""

import datetime as dt
import hashlib
import os
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from lstmfin.data.prices import Prices, make_actions, make_bars
from lstmfin.data.source import in_range, unknown_symbol

START, N = "2025-01-06", 1500
ZONES = {"L": "Europe/London", "T": "Asia/Tokyo", "AX": "Australia/Sydney"}
CLOSES = {"America/New_York": 16, "Europe/London": 16, "Asia/Tokyo": 15, "Australia/Sydney": 16}
FAULTS = {}
"""What to do in place of an answer, by symbol: an exception to raise, or a change of the prices."""


def zone_of(symbol):
    _, dot, suffix = symbol.rpartition(".")
    return ZONES.get(suffix, "America/New_York") if dot else "America/New_York"


class EveningSource:
    """Sessions that are over by ``options.now``, half an hour after the close."""

    canary = "CANARY"

    def fetch(self, symbol, *, start, end, options):
        if not symbol.startswith(("S", "CANARY")):
            raise unknown_symbol("evening", symbol, ("S1",))
        fault = FAULTS.get(symbol)
        if isinstance(fault, Exception):
            raise fault
        prices = known(symbol, options.now, start=start)
        return in_range(fault(prices) if fault else prices, start, end)

    def symbols(self):
        return None


SOURCE = EveningSource()


def known(symbol, now, *, start=None):
    """Return what the exchange has published of a symbol at a moment, from a day on."""
    zone = zone_of(symbol)
    local = (now - dt.timedelta(minutes=30)).astimezone(ZoneInfo(zone))
    today = local.date() if local.hour >= CLOSES[zone] else local.date() - dt.timedelta(days=1)
    days, close, pays = path(symbol)
    if latest := os.environ.get("EVENING_LATEST"):
        today = min(today, dt.date.fromisoformat(Path(latest).read_text()))
    stop = int(np.searchsorted(days, np.datetime64(today), side="right"))
    days, close, pays = days[:stop], close[:stop], pays[:stop]
    factors = np.ones(stop)
    factors[:-1] = np.cumprod((1 - pays[1:] / close[:-1])[::-1])[::-1]
    if start is not None:
        kept = days >= np.datetime64(start)
        days, close, pays, factors = days[kept], close[kept], pays[kept], factors[kept]
    actions = make_actions((days[at], "dividend", pays[at]) for at in np.flatnonzero(pays))
    bars = make_bars(days, close=close, adj_close=close * factors)
    return Prices(symbol, bars, actions, source="evening", timezone=zone, currency="USD")


@cache
def path(symbol):
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(symbol.encode()).digest()[:8]))
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(N)))
    pays = np.zeros(N)
    if symbol[1:2] in {"1", "3", "5"}:
        pays[55::63] = 0.7
    return pd.bdate_range(START, periods=N).to_numpy().astype("datetime64[D]"), close, pays


def install(folder):
    """Make the source a plug-in for whoever has the folder on its path; return the folder."""
    about = Path(folder) / "evening_source-1.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: evening-source\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[lstmfin.sources]\nevening = evening_source:SOURCE\n")
    return f"{folder}{os.pathsep}{Path(__file__).parent}"
