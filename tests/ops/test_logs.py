"""Logs: nothing forges a line, nothing secret is in one, and old ones go."""

import datetime as dt
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.errors import SourceError
from lstmfin.ops.logs import STYLES, formatter_of, log_file

FORGED = "AAPL\n2026-01-01T00:00:00.000Z INFO lstmfin: all is well\x1b[2J\u2028\r"


def record(message, *arguments, error=None):
    info = (type(error), error, None) if error else None
    return logging.LogRecord("lstmfin.x", logging.WARNING, __file__, 1, message, arguments, info)


@pytest.mark.parametrize("style", STYLES)
@given(text=st.text())
def test_a_message_is_one_line(style, text):
    """Whatever is in it."""
    line = formatter_of(style, timed=True).format(record("%s failed", text))
    assert len(line.splitlines()) == 1
    assert all(c.isprintable() for c in line)
    if style == "json":
        assert json.loads(line)["level"] == "WARNING"


@pytest.mark.parametrize("style", STYLES)
def test_a_traceback_forges_no_line(style):
    """Its lines are set in, or strings of an array."""
    whole = formatter_of(style, timed=True).format(record("bug", error=ValueError(FORGED)))
    first, *others = whole.splitlines()
    if style == "json":
        assert not others
        assert any("all is well" in line for line in json.loads(first)["traceback"])
    assert all(line.startswith("    ") for line in others)


@pytest.mark.parametrize("style", STYLES)
def test_secrets_are_blanked(style, monkeypatch):
    """In messages and in tracebacks."""
    monkeypatch.setenv("TIINGO_API_KEY", "s3cret-key")
    line = formatter_of(style, timed=False).format(record("with %s", "s3cret-key", error=ValueError("s3cret-key")))  # fmt: skip
    assert "s3cret" not in line
    assert "[TIINGO_API_KEY]" in line


def test_one_file_a_run_and_the_last_ones(tmp_path):
    """Each block has its own file; the oldest go."""
    tmp_path /= "logs"
    names = []
    for minute in range(5):
        now = dt.datetime(2026, 3, 4, 22, minute, tzinfo=dt.UTC)
        with log_file(tmp_path, style="json", now=now, keep=3) as path:
            logging.getLogger("lstmfin.x").info("evening %d", minute)
            logging.getLogger("other").info("not ours")
        names.append(path.name)
    assert sorted(path.name for path in tmp_path.iterdir()) == names[2:]
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["message"] == "evening 4"


def test_the_log_of_a_run(house):
    """Text or JSON lines, also where stderr is quiet, with what failed."""
    from evening_source import FAULTS

    house.make("S1", "S2")
    FAULTS["S1"] = SourceError(FORGED)
    house("-q", "--log-format", "json", "run")
    (path,) = (house.root / "logs").iterdir()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert any(line["level"] == "WARNING" and "S1" in line["message"] for line in lines)
    house.evening()("-q", "run")
    text = sorted((house.root / "logs").glob("*.log"))[0].read_text()
    assert all(line[:4] == "2026" or line.startswith("20") for line in text.splitlines())
