"""Every command line that a page shows is typed, page by page, on the sample prices.

A quick profile in ``lstmfin.toml`` makes networks small; what a page takes for granted is there:
prices, a model and a backtest of a few symbols, a file of the reader's own, Yahoo on the loopback,
and a scheduler of dask.
"""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pages import PAGES, ROOT, lines_of, name_of, plug_in

from lstmfin.cli.main import run
from lstmfin.data.source import SourceOptions
from lstmfin.registry import SOURCES

pytestmark = pytest.mark.slow

PROFILE = {
    "train": "epochs = 1\nhidden = 4\nwindow = 10",
    "backtest": 'train = 2400\nbaselines = ["drift"]',
}
"""What makes every line quick, as it stands in ``lstmfin.toml``."""

WORKSPACES = (".", "demo", "memory")
HELD = "AAPL GOOG"
TOO_LONG = {
    "bench": "--limit 256",
    "tune": "--trials 1",
    "selftest": "--cell lstm",
    "audit": "--train 2400",
}
"""What is added to a command whose length no ``lstmfin.toml`` sets."""

ENDS = {"garch": (0, 2)}
"""Exit codes of lines that need an extra, by a word of theirs: 2 says how to install it."""


def loaded(path):
    """Return a module of tests by its path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """A home in which each workspace holds prices, a model and a backtest of some symbols."""
    home = tmp_path_factory.mktemp("home")
    (home / "lstmfin.toml").write_text("[train]\n[backtest]\n")
    make_quick(home / "lstmfin.toml")
    first = f"fetch {HELD} --source sample train backtest forecast"
    assert run(["-C", str(home), "-q", *first.split()]) == 0
    held = list(home.iterdir())
    for name in WORKSPACES[1:]:
        (home / name).mkdir()
        for path in held:
            copy = shutil.copytree if path.is_dir() else shutil.copy
            copy(path, home / name / path.name)
    rows = "date,close\n" + "".join(
        f"{session},{close}\n" for session, close in zip(*sample_closes(), strict=True)
    )
    (home / "ACME.csv").write_text(rows)
    (home / "sectors.csv").write_text(
        "symbol,sector\n" + "".join(f"{one},{at % 2}\n" for at, one in enumerate(HELD.split()))
    )
    return home


def sample(symbol):
    options = SourceOptions(None, Path("unused"), datetime(2026, 1, 1, tzinfo=UTC))
    return SOURCES.get("sample").fetch(symbol, start=None, end=None, options=options)


def sample_closes():
    prices = sample("AAPL")
    return prices.sessions.astype(str), prices.column("close")


@pytest.fixture(scope="module")
def yahoo(tmp_path_factory):
    """Yahoo's server on the loopback, with a sample series for each symbol of the pages."""
    pytest.importorskip("cryptography")
    server = loaded(ROOT / "tests" / "data" / "yahoo_server.py").Yahoo
    with server(tmp_path_factory.mktemp("yahoo")) as started:
        for symbol in ("AAPL", "MSFT", "^GSPC", "EURUSD=X", "7203.T"):
            started.series[symbol] = replace(sample("AAPL"), symbol=symbol)
        yield started


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a dask scheduler with two workers."""
    start = loaded(ROOT / "tests" / "workers" / "conftest.py").started_dask
    with start(tmp_path_factory.mktemp("dask")) as (address, _):
        yield address.removeprefix("tcp://")


@pytest.fixture
def home(ready, tmp_path, monkeypatch):
    """A copy of it, as the home of who types, and the folder they are in."""
    home = tmp_path / "home"
    shutil.copytree(ready, home)
    for name in ("HOME", "LSTMFIN_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.chdir(home)
    plug_in(monkeypatch)
    return home


SHOWN = {page: lines_of(page) for page in PAGES}
for at, page in enumerate(PAGES):
    before = {line for other in PAGES[:at] for line in SHOWN[other]}
    SHOWN[page] = [line for line in SHOWN[page] if line not in before]
SHOWN = {page: lines for page, lines in SHOWN.items() if lines}
"""Lines of each page that no page before it has."""


@pytest.mark.parametrize("page", SHOWN, ids=name_of)
def test_every_line_of_a_page_runs(page, home, yahoo, request):
    """One after the other, as a reader would type them; what is to be filled in is filled in."""
    failures = []
    for line in SHOWN[page]:
        typed = filled_in(line, request)
        code, said = (
            typed_live(typed, home, yahoo) if "~/watch" in line else (typed_here(typed), "")
        )
        allowed = next((codes for word, codes in ENDS.items() if word in line), (0,))
        if code not in allowed:
            failures.append(f"{code}: {typed}{said}")
        for out in re.findall(r"--out (\S+)", line):
            assert (home / out).is_file(), line
    assert not failures, "\n".join(failures)


def filled_in(line, request):
    """Return a line with its placeholders replaced, and no longer than a test may take."""
    line = line.replace("SYMBOL", "AAPL").replace("COMMAND", "train").removesuffix(" ...")
    if "dask:" in line:
        address = request.getfixturevalue("scheduler")
        line = re.sub(r"(?:HOST|10\.0\.0\.5):8786", address, line)
    words = shlex.split(line)
    for command, less in TOO_LONG.items():
        if command in words and not {"--help", less.split()[0]} & {*words} - {"--limit"}:
            line = f"{line} {less}"
    return line


def typed_here(line):
    """Type a line in this process; return its exit code."""
    return run(["-q", *shlex.split(line)[1:]])


def typed_live(line, home, yahoo):
    """Type a line in a shell that meets Yahoo on the loopback; return exit code and what it said."""
    bin_folder = Path(sys.executable).parent
    environment = yahoo.process(home) | {
        "HOME": str(home), "PATH": f"{bin_folder}{os.pathsep}/usr/bin{os.pathsep}/bin",
    }  # fmt: skip
    done = subprocess.run(
        ["/bin/sh", "-c", line], cwd=home, env=environment,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if " init " in line:
        make_quick(home / "watch" / "lstmfin.toml")
    return done.returncode, f"\n{done.stderr}"


def make_quick(settings):
    """Write the quick profile into an ``lstmfin.toml``."""
    text = settings.read_text()
    for section, keys in PROFILE.items():
        assert f"[{section}]\n" in text
        text = text.replace(f"[{section}]\n", f"[{section}]\n{keys}\n")
    settings.write_text(text)


def test_there_is_something_to_type():
    """Or the test above types nothing."""
    assert sum(map(len, SHOWN.values())) >= 40
    assert {name_of(page) for page in SHOWN} >= {"README.md", "docs/how-an-lstm-remembers.md"}
