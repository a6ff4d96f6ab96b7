"""What all that lives through evenings shares: the configuration, the clock, the processes."""

import datetime as dt
import os
import subprocess
import sys

import evening_source

TOML = """symbols = [{symbols}]
[fetch]
source = "evening"
patience = 0.0
[train]
hidden = 2
window = 5
horizon = 3
epochs = 1
[run]
no-report = true
{more}
"""
FIRST = dt.datetime(2026, 3, 4, 23, 0, tzinfo=dt.UTC)
"""A Wednesday evening, when New York has closed."""


def make(root, symbols, *, more=""):
    """Make a workspace with a watch-list, and a network that is trained in no time."""
    root.mkdir(exist_ok=True)
    names = ", ".join(f'"{symbol}"' for symbol in symbols)
    (root / "lstmfin.toml").write_text(TOML.format(symbols=names, more=more))


def next_evening(now):
    """Return the same time on the next weekday."""
    return now + dt.timedelta(days=3 if now.weekday() == 4 else 1)


AT = """
import datetime as dt, sys
from lstmfin.cli.main import run
sys.exit(run(sys.argv[2:], now=lambda: dt.datetime.fromisoformat(sys.argv[1])))
"""
"""The command line by another clock."""


def environment(plug):
    """Return the environment of a process that knows the source of evenings."""
    places = [evening_source.install(plug), *filter(None, [os.environ.get("PYTHONPATH")])]
    path = {"PYTHONPATH": os.pathsep.join(places)}
    return {**os.environ, "OPENBLAS_NUM_THREADS": "1", **path}


def start(root, plug, *words, at=None, **options):
    """Start the command line on a workspace in a process of its own, with the source of evenings.

    ``at`` is the moment it takes for the present.
    """
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    program = ["-m", "lstmfin"] if at is None else ["-c", AT, at.isoformat()]
    quiet = ["-q"] if words[0] == "-q" else []  # before -C, as cron has it
    words = [*quiet, "-C", str(root), *map(str, words[len(quiet) :])]
    line = [sys.executable, *program, *words]
    return subprocess.Popen(line, env=environment(plug), **pipes | options)
