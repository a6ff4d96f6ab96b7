"""Secrets of the environment, kept out of whatever is printed or logged."""

import logging
import os
from typing import Any

SECRET_SUFFIXES = ("_API_KEY", "_TOKEN", "_SECRET", "_PASSWORD")
SHORTEST = 6
"""Characters below which a value is a word, and blanking it would blank the text."""


def redact(text: str) -> str:
    """Return a text with every secret of the environment blanked.

    Examples
    --------
    >>> redact("nothing secret here")
    'nothing secret here'
    """
    for name, value in os.environ.items():
        secret = value.strip()
        if name.upper().endswith(SECRET_SUFFIXES) and len(secret) >= SHORTEST:
            text = text.replace(secret, f"[{name}]")
    return text


def one_line(text: str) -> str:
    r"""Return a text without secrets on one line: what would break or forge a line is shown.

    Examples
    --------
    >>> one_line("AAPL\nall is well")
    'AAPL\\nall is well'
    """
    return redact("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))


class RedactingFormatter(logging.Formatter):
    """A formatter whose lines hold no secret, and no line break that came with a message.

    The lines of a traceback are set in, so that none passes for a message.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; a traceback keeps its own."""
        record.msg, record.args = one_line(record.getMessage()), ()
        return redact(super().format(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's name
        """Return a traceback, set in."""
        text = super().formatException(ei)
        return "\n".join(f"    {one_line(line)}" for line in text.splitlines())
