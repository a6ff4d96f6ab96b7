"""What a person sees on a terminal, and what a pipe gets."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from lstmfin.cli.commands.forecast import _note
from lstmfin.cli.glyphs import BLOCKS, MIDDLE
from lstmfin.cli.main import run
from lstmfin.cli.output import price

LINE = ("train", "GARCH", "--epochs", "4", "--patience", "4", "--hidden", "48", "--horizon", "3")


def on_terminal(*words, env=None, width=80):
    """Run a line with all its streams on a terminal of some columns; return what is seen there."""
    leader, follower = pty.openpty()
    size = {"COLUMNS": str(width), "LINES": "24", "TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, "-m", "lstmfin", *map(str, words)],
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


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_no_bar_where_nothing_may_move(place, env):
    """Without -q, too: a bar is drawn by escapes."""
    seen = on_terminal("-C", place, *LINE, env=env)
    assert "Trained" in seen
    assert "\x1b" not in seen


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


BLOCK = re.compile(f"[{BLOCKS}]")


def words_of(seen):
    """Return what is seen without its colours, line by line."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen).replace("\r", "")
    return [line.rstrip() for line in text.splitlines()]


@pytest.fixture
def model(made, tmp_path):
    """The workspace with two series and a model of each."""
    shutil.copytree(made / "trained", tmp_path / "w")
    return str(tmp_path / "w")


def test_training_shows_its_curve(place):
    """The loss on the validation block, epoch by epoch, with the last and the best."""
    seen = on_terminal("-C", place, *LINE)
    curves = re.findall(r"validation loss (\S+) (\S+) after epoch (\d), best ([0-9.]+)", seen)
    assert len({epoch for *_, epoch, _ in curves}) > 1
    for curve, last, epoch, best in curves:
        assert BLOCK.match(curve)
        assert len(curve) == int(epoch) + 1
        assert float(best) <= float(last)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_forecast_keeps_to_the_terminal(model, lstmfin, width):
    """The price as a line, the ranges as bars, in colour; no number is cut, no line too long."""
    seen = on_terminal("-C", model, "-q", "forecast", "GARCH", width=width)
    lines = words_of(seen)
    assert max(map(len, lines)) <= width
    assert "\x1b[36m" in seen
    assert any(len(BLOCK.findall(line)) > 20 for line in lines)
    rows = json.loads(lstmfin("--format", "json", "forecast", "GARCH").out)["rows"]
    for row in rows:
        (line,) = [line for line in lines if f" {row['session']} " in line]
        assert MIDDLE in line
        for name in ("q05", "q50", "q95"):
            assert price(row[name]) in line.split()


def test_prices_are_shown_as_a_line(model):
    """A year of each series, where the terminal has room for it."""
    for width, least in ((60, 8), (120, 24)):
        lines = words_of(on_terminal("-C", model, "-q", "fetch", width=width))
        assert max(map(len, lines)) <= width
        assert sum(len(BLOCK.findall(line)) >= least for line in lines) == 2


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_plain_text_is_that_of_a_pipe(model, lstmfin, env):
    """NO_COLOR and simple terminals: no escape, no picture, and the words that a pipe gets."""
    seen = on_terminal("-C", model, "-q", "forecast", "GARCH", env=env, width=200)
    assert "\x1b" not in seen
    piped = lstmfin("-q", "forecast", "GARCH").out
    assert words_of(seen) == [line.rstrip() for line in piped.splitlines()]
    assert not BLOCK.search(piped)
    assert MIDDLE not in piped
    assert "\x1b" not in piped


def test_a_verdict_is_in_colour(model):
    """What the colon follows: yellow where no edge is shown, green where one is."""
    line = ("-C", model, "-q", "backtest", "GARCH", "--train", 300, "--test", 200)
    seen = on_terminal(*line)
    assert len(re.findall(r"\x1b\[3[23]m(?:no edge shown|edge)\x1b\[0m:", seen)) == 3
    assert max(map(len, words_of(seen))) <= 80


def test_programs_get_no_colour_on_a_terminal_either(model):
    """JSON and CSV hold neither escapes nor pictures, whoever asks for colour."""
    for style in ("json", "csv"):
        line = ("-C", model, "-q", "--format", style, "fetch", "forecast")
        seen = on_terminal(*line, env={"FORCE_COLOR": "1", "TERM": "xterm-256color"})
        assert "\x1b" not in seen
        assert not BLOCK.search(seen)


@pytest.mark.parametrize("knows", [False, True])
def test_holidays_are_called_unknown_where_they_are(trained, monkeypatch, knows):
    """With the calendar of the exchange the sessions are its own, and nothing is said."""

    def calendar_ahead(sessions, n_sessions, *, exchange):
        return sessions[-1] + np.arange(2, n_sessions + 2) if knows else None

    monkeypatch.setattr("lstmfin.models.forecasts.calendar_ahead", calendar_ahead)
    out = trained("forecast", "GARCH").out
    assert ("Holidays are not known." in out) != knows


@pytest.mark.parametrize("width", [50, 60, 80, 130])
def test_only_what_is_shown_is_explained(model, width):
    """The bar, the chance of a rise, a day and naive: each where there is room for it."""
    text = " ".join(words_of(on_terminal("-C", model, "-q", "forecast", "GARCH", width=width)))
    text = " ".join(text.split())
    head = text.partition("●")[0]
    assert ("Naive is" in text) == (" naive " in head)
    assert ("A day is" in text) == (" a day" in head)
    assert ("the thin line holds" in text) == (MIDDLE in text)
    assert "Rise is" in text


def test_a_median_is_called_close_where_it_is():
    """Within half a day's volatility of the last price, at every session that is shown."""
    forecast = SimpleNamespace(last_close=100.0, knows_holidays=True)
    near, far = ({"q50": q50, "daily_volatility": 0.02} for q50 in (100.9, 98.9))
    assert "close to the last price" in _note(forecast, [near, near])
    assert _note(forecast, [near, far]) == "Ranges, not promises."
