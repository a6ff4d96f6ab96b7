"""The series that ship with the package."""

import hashlib
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lstmfin.data.sources import sample
from lstmfin.registry import SOURCES

DATA = Path(__file__).parents[2] / "data"


def load(symbol, options):
    return SOURCES.get("sample").fetch(symbol, start=None, end=None, options=options)


def test_files_are_those_of_the_manifest():
    """Every series and licence has the checksum that the build script wrote, and no file is extra."""
    lines = (DATA / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    manifest = dict(reversed(line.split("  ", 1)) for line in lines)
    files = [*(DATA / "series").iterdir(), *(DATA / "licences").iterdir()]
    found = {
        file.relative_to(DATA).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }
    assert found == manifest


def test_members_are_those_of_the_catalogue():
    """Each archive holds the series that the catalogue lists for it, and no other."""
    members = {
        (file.name, name.removesuffix(".csv"))
        for file in (DATA / "series").glob("*.zip")
        for name in zipfile.ZipFile(file).namelist()
    }
    catalogue = (DATA / "series" / "catalogue.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert members == {tuple(line.split(",")[1::-1]) for line in catalogue}


def test_every_wheel_has_a_licence_and_a_row_in_the_readme():
    """Nothing ships without its terms and its origin."""
    readme = (DATA / "README.md").read_text(encoding="utf-8")
    assert "European Central Bank" in readme
    for file in (DATA / "series").glob("*.zip"):
        assert (DATA / "licences" / f"{file.stem}.txt").stat().st_size > 500
        assert file.name in readme


@pytest.mark.parametrize(
    ("symbol", "n", "first", "last", "session", "close"),
    [
        # META, ^GSPC, AAPL.PANEL: first rows as published; EURUSD=X: the bank's rate of that day
        ("META", 2699, "2013-01-02", "2023-09-21", "2013-01-03", 27.770000457763672),
        ("^GSPC", 5031, "1999-01-04", "2018-12-31", "1999-01-04", 1228.099976),
        ("^IXIC", 5031, "1999-01-04", "2018-12-31", "2018-12-31", 6635.279785),
        ("WTI", 8321, "1986-01-02", "2019-01-03", "1986-01-03", 26),
        ("^VIX", 1259, "2014-01-03", "2019-01-03", "2014-01-03", 13.76),
        ("EURUSD=X", 7126, "1999-01-04", "2026-10-30", "2026-10-30", 1.1172),
        ("AAPL.PANEL", 8313, "1990-01-02", "2022-12-28", "1990-01-02", 0.264),
        ("MSFT", 8313, "1990-01-02", "2022-12-28", "1990-01-02", 0.384),
    ],
)
def test_values_as_published(symbol, n, first, last, session, close, options):
    """Number of sessions, their dates, and a price, bit for bit as the wheel has it."""
    prices = load(symbol, options)
    assert len(prices) == n
    assert prices.sessions[[0, -1]].astype(str).tolist() == [first, last]
    assert prices.bars.loc[session, "close"] == close


def test_apple_is_split_and_dividend_adjusted(options):
    """The published adjusted close is its own column, not the close."""
    apple = load("AAPL", options)
    assert apple.currency == "USD"
    assert apple.timezone == "America/New_York"
    assert apple.has_range
    assert apple.has_volume
    ratio = apple.column("adj_close") / apple.column("close")
    assert ratio[0] == pytest.approx(0.85633399)
    assert ratio[-1] == 1


def test_a_rate_carries_its_close_alone(options):
    """Reference rates have no range and no volume, and the adjusted close is the close."""
    rate = load("EURJPY=X", options)
    assert (rate.has_range, rate.has_volume, rate.currency) == (False, False, "JPY")
    np.testing.assert_array_equal(rate.column("adj_close"), rate.column("close"))
    assert "European Central Bank" in rate.label


def test_loading_is_quick(options):
    """One series is there in less than 150 ms."""
    load("AAPL", options)
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        load("KO", options)
        times.append(time.perf_counter() - begin)
    assert min(times) < 0.15


def test_an_installed_package_is_preferred(monkeypatch, tmp_path, options):
    """The series inside the package come before those of a checkout."""
    (tmp_path / "inside").mkdir()
    monkeypatch.setattr(sample, "FOLDERS", (tmp_path / "inside", *sample.FOLDERS))
    sample._catalogue.cache_clear()
    try:
        with pytest.raises(FileNotFoundError, match="inside"):
            load("AAPL", options)
    finally:
        sample._catalogue.cache_clear()
