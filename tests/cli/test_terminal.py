"""What a person sees on a terminal, and what a pipe gets."""

import os
import pty
import subprocess
import sys

import pytest

from lstmfin.cli.main import run

LINE = ("train", "GARCH", "--epochs", "4", "--patience", "4", "--hidden", "48", "--horizon", "3")


def on_terminal(*words, env=None):
    """Run a line with all its streams on a terminal of 80 columns; return what is seen there."""
    leader, follower = pty.openpty()
    size = {"COLUMNS": "80", "LINES": "24", "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "lstmfin", *words],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, **size, **(env or {})},
    )
    os.close(follower)
    seen = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(leader)
    assert process.wait(timeout=60) == 0, seen
    return seen.decode()


@pytest.fixture
def place(made, tmp_path):
    """The workspace with two series."""
    import shutil

    shutil.copytree(made / "fetched", tmp_path / "w")
    return str(tmp_path / "w")


def test_a_bar_shows_how_long_it_takes(place):
    """Training moves a bar with the time left, which is gone at the end."""
    seen = on_terminal("-C", place, *LINE)
    assert "Training GARCH" in seen
    assert "0:00:0" in seen
    assert "━" in seen


def test_quiet_means_no_bar(place):
    """With -q there is no bar, and the result all the same."""
    seen = on_terminal("-C", place, "-q", *LINE)
    assert "Training GARCH" not in seen
    assert "Trained" in seen


def test_a_pipe_gets_no_bar(fetched):
    """Without a terminal stderr says nothing of progress, and no line has an escape."""
    ended = fetched(*LINE)
    assert ended.code == 0
    assert "━" not in ended.err
    assert "\x1b" not in ended.out + ended.err


def test_no_color_is_respected(place):
    """NO_COLOR leaves no colour in a table."""
    seen = on_terminal("-C", place, "-q", *LINE, env={"NO_COLOR": "1"})
    assert "\x1b[3" not in seen


def test_json_is_json_on_a_terminal_too(place):
    """The format does not depend on where it goes."""
    import json

    seen = on_terminal("-C", place, "-q", "--format", "json", *LINE)
    assert json.loads(seen)["command"] == "train"


def test_results_go_to_stdout_and_the_rest_to_stderr(fetched):
    """What a program reads is on stdout alone."""
    ended = fetched("--format", "csv", "fetch", "GARCH", "NO-SUCH", "--source", "synthetic")
    assert ended.code == 3
    assert ended.out.splitlines()[0].startswith("symbol,source,sessions")
    assert "NO-SUCH" not in ended.out
    assert "NO-SUCH" in ended.err


def test_run_returns_what_main_leaves_with(capsys):
    """``run`` is ``main`` without leaving the process."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("lstmfin ")
