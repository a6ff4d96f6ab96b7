"""Secrets of the environment, kept out of whatever is printed or logged."""

import logging
import os

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


class RedactingFormatter(logging.Formatter):
    """A formatter whose lines hold no secret, and no line break that came with a message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line; a traceback keeps its own."""
        message = record.getMessage()
        record.msg, record.args = (
            "".join(c if c.isprintable() else repr(c)[1:-1] for c in message),
            (),
        )
        return redact(super().format(record))
