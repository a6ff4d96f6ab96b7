"""Symbols of a file that look like a page's script, and like a spreadsheet's formula."""

import csv
import html
import io
import json
import re
import subprocess

import numpy as np
import pytest

from lstmfin.data.store import Store

SCRIPT, FORMULA = "<script>alert(1)</script>", "=cmd()"
QUICK = ("--hidden", "2", "--window", "10", "--horizon", "2", "--epochs", "1")


@pytest.fixture
def odd(lstmfin, tmp_path):
    """Return the command line, in a workspace with both, from one file."""
    days = np.arange("2022-01-03", "2023-06-30", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    closes = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, (2, len(days))), 1))
    rows = [
        f"{day},{symbol},{close:.4f}\n"
        for symbol, series in zip((SCRIPT, FORMULA), closes, strict=True)
        for day, close in zip(days, series, strict=True)
    ]
    (tmp_path / "two.csv").write_text("date,symbol,close\n" + "".join(rows))
    ended = lstmfin("fetch", SCRIPT, FORMULA, "--path", tmp_path / "two.csv")
    assert ended.code == 0, ended.err
    return lstmfin


def test_a_file_without_symbols_is_of_one(odd, tmp_path):
    """Its prices are not stored under whatever many names are given."""
    lines = (tmp_path / "two.csv").read_text().splitlines()[1:50]
    rows = "".join(f"{day},{close}\n" for day, _, close in (one.split(",") for one in lines))
    (tmp_path / "one.csv").write_text("date,close\n" + rows)
    ended = odd("fetch", "A", "B", "--path", tmp_path / "one.csv")
    assert ended.code == 2
    assert "has no column of symbols, so its prices are of one; fetch it by itself: " in ended.err
    assert "lstmfin fetch A --path" in ended.err
    assert odd("fetch", "A", "--path", tmp_path / "one.csv").code == 0


def test_they_are_shown_as_those_characters(odd, tmp_path):
    """In tables and JSON as they are; in CSV behind an apostrophe, in a page escaped."""
    assert odd("train", *QUICK).code == 0
    table = odd("forecast")
    assert table.code == 0
    assert f"{SCRIPT}  " in table.out
    assert f"{FORMULA}  " in table.out
    rows = json.loads(odd("--format", "json", "data", "list").out)["rows"]
    assert [row["symbol"] for row in rows] == [SCRIPT, FORMULA]
    cells = list(csv.DictReader(io.StringIO(odd("--format", "csv", "forecast").out)))
    assert {row["symbol"] for row in cells} == {SCRIPT, f"'{FORMULA}"}
    assert odd("report").code == 0
    pages = list((tmp_path / "w" / "reports").rglob("*.html"))
    assert len(pages) == 3
    for page in pages:
        assert SCRIPT not in page.read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in "".join(
        map(str, (p.read_text() for p in pages))
    )
    folders = {path.name for path in (tmp_path / "w" / "models").iterdir()}
    assert all(set(name) <= set("m_%0123456789ABCDEF") for name in folders)


def advice_in(said):
    """Return the lines that a message or a page advises."""
    return re.findall(r"lstmfin (?:(?:'[^']*'|[\w=.-]+) ?)+", said)


ASKED = (
    "forecast {}",
    "train {} --epochs 1 --hidden 2 --window 10 --horizon 2 plot seeds {}",
    "plot equity {}",
    "forecast {} --horizon 99",
    "plot seeds {}",
    "forecast {}X",
)
"""What ends with advice that names the symbol, one after the other."""


@pytest.mark.parametrize("symbol", [SCRIPT, FORMULA])
def test_a_shell_takes_what_is_advised(odd, tmp_path, symbol):
    """Word by word: the symbol is one of them, as it is; in the pages, too."""
    lines = []
    for asked in ASKED:
        ended = odd(*[word.format(symbol) for word in asked.split()])
        assert ended.code != 0
        found = advice_in(ended.err)
        assert found, ended.err
        lines += found
    assert odd("report").code == 0
    for page in (tmp_path / "w" / "reports").rglob("*.html"):
        codes = re.findall(r"<code>(lstmfin .*?)</code>", page.read_text())
        lines += [line for line in map(html.unescape, codes) if symbol in line]
    assert len(lines) > len(ASKED)
    for line in lines:
        typed = ["sh", "-c", f'lstmfin() {{ printf "%s\\n" "$@"; }}; {line}']
        words = subprocess.run(typed, capture_output=True, text=True, check=True).stdout.split("\n")
        assert {symbol, f"{symbol}X"} & {*words}, line


def test_an_export_is_safe_and_comes_back(odd, tmp_path):
    """No cell begins like a formula, and the file is read as it was."""
    out = tmp_path / "out"
    assert odd("data", "export", FORMULA, "--out", out).code == 0
    (path,) = out.iterdir()
    assert not any(line.startswith("=") for line in path.read_text().splitlines())
    with Store(tmp_path / "w" / "lstmfin.db") as store:
        before = store.prices(FORMULA).digest()
    assert odd("fetch", FORMULA, "--path", path, "--replace").code == 0
    with Store(tmp_path / "w" / "lstmfin.db") as store:
        assert store.prices(FORMULA).digest() == before


def test_no_exchange_is_asked(odd):
    """An address has no room for such names."""
    ended = odd("fetch", FORMULA, "--source", "yahoo", "--replace")
    assert ended.code == 2
    assert "=cmd() can only be from a file" in ended.err


def test_what_a_file_has_is_what_may_be_asked_for(odd, tmp_path):
    """The message names symbols that are taken, and nothing that moves the cursor."""
    ended = odd("fetch", "--path", tmp_path / "two.csv")
    assert f"has no symbol TWO (it has: {SCRIPT}, {FORMULA})" in ended.err
    (tmp_path / "bad.csv").write_text("date,symbol,close\n2024-01-02,a\x1b[31m b,1\n")
    ended = odd("fetch", "--path", tmp_path / "bad.csv")
    assert ended.code == 65
    assert r"'a\x1b[31m b' is not a symbol; rename it in the file" in ended.err
