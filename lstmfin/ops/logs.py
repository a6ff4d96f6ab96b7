"""Logs: text for people or JSON lines for programs, one file a run, the oldest of which go."""

import datetime as dt
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lstmfin.redaction import RedactingFormatter, one_line
from lstmfin.workspace import make_folder, writing

STYLES = ("text", "json")
SUFFIXES = {"text": ".log", "json": ".jsonl"}


class JsonLines(logging.Formatter):
    """One JSON object a line, without secrets; whatever is in a message is a string of it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": one_line(record.getMessage()),
        }
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            line["traceback"] = [one_line(part) for part in trace.splitlines()]
        return json.dumps(line)


def formatter_of(style: str, *, timed: bool) -> logging.Formatter:
    """Return what writes lines in a style; ``timed`` begins a line of text with its time, UTC."""
    if style == "json":
        return JsonLines()
    if not timed:
        return RedactingFormatter("lstmfin: %(levelname)s: %(message)s")
    formatter = RedactingFormatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s")
    formatter.converter = time.gmtime
    formatter.default_time_format = "%Y-%m-%dT%H:%M:%S"
    formatter.datefmt = formatter.default_time_format
    return formatter


@contextmanager
def log_file(folder: Path, *, style: str, now: dt.datetime, keep: int) -> Iterator[Path]:
    """Write what is logged inside the block into a file of its own, and keep the last files alone.

    Raises
    ------
    WriteError
        When the file cannot be made.
    """
    make_folder(folder)
    path = folder / f"run-{stamp(now)}{SUFFIXES[style]}"
    with writing(path):
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(formatter_of(style, timed=True))
    handler.setLevel(logging.INFO)
    logger = logging.getLogger("lstmfin")
    level = logger.level
    logger.setLevel(min(logger.getEffectiveLevel(), logging.INFO))
    logger.addHandler(handler)
    try:
        yield path
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        handler.close()
        prune(folder, "run-*", keep=keep)


def stamp(now: dt.datetime) -> str:
    """Return a name that sorts like time and no other process has: ``20261124T223000Z-4711``."""
    return f"{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}"


def prune(folder: Path, pattern: str, *, keep: int) -> None:
    """Remove all but the last files of a pattern, by name."""
    with writing(folder):
        for path in sorted(folder.glob(pattern))[:-keep]:
            path.unlink(missing_ok=True)
