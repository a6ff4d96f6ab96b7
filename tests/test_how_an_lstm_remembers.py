"""The page on how an LSTM remembers: its commands run, and make the pictures that it shows."""

import re
import shlex
from pathlib import Path

import pytest

from lstmfin.cli.main import run

PAGE = Path(__file__).parent.parent / "docs" / "how-an-lstm-remembers.md"
LINES = re.findall(r"^    lstmfin (.+)$", PAGE.read_text(), re.MULTILINE)
SHOWN = re.findall(r"\]\(images/([^)]+)\)", PAGE.read_text())
QUICK = [line for line in LINES if line.startswith("gradients") and "--learned" not in line]
LARGEST = 200_000
"""Bytes of a picture of the page."""


def pictures(line):
    return re.findall(r"--out (\S+)", line)


def test_each_picture_is_made_by_a_line_above_it():
    """In the order of the page, one picture a line that names one; none is large."""
    assert len(QUICK) == 3
    assert [name for line in LINES for name in pictures(line)] == SHOWN
    for name in SHOWN:
        assert 5_000 < (PAGE.parent / "images" / name).stat().st_size < LARGEST


@pytest.mark.parametrize("line", QUICK)
def test_quick_lines_run(line, tmp_path, monkeypatch, capsys):
    """Without a workspace, and without a word of it on stderr but where the picture is."""
    monkeypatch.chdir(tmp_path)
    assert run(shlex.split(line)) == 0
    (name,) = pictures(line)
    assert (tmp_path / name).is_file()
    assert name in capsys.readouterr().err


@pytest.mark.slow
def test_all_lines_run_one_after_the_other(tmp_path, monkeypatch):
    """As a reader would type them."""
    monkeypatch.chdir(tmp_path)
    for line in LINES:
        assert run(shlex.split(line)) == 0, line
        assert all((tmp_path / name).is_file() for name in pictures(line))
