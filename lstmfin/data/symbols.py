"""Which texts are symbols: one whitelist, for every place where one comes in."""

import difflib
import re
from collections.abc import Iterable

from lstmfin.errors import UsageError

MAX_LENGTH = 32
_TICKER = re.compile(r"[A-Z0-9^](?:[A-Z0-9]|[.&=^_-](?!\.))*")
_NAME = re.compile(r"[A-Za-z0-9^=<(](?:[A-Za-z0-9<>()]|[.&=^_-](?!\.)|(?<=<)/)*")
"""What a file may call its series. A slash only closes a tag, so that none can be a path; what a
shell would expand, parts lists or moves the cursor is in none."""


def is_ticker(symbol: str) -> bool:
    """Tell whether a symbol is one of the kind that exchanges and their addresses know."""
    return symbol.isascii() and len(symbol) <= MAX_LENGTH and bool(_TICKER.fullmatch(symbol))


def unit_of(symbol: str, currency: str) -> str:
    """Return the currency of a price; none of an index, ``^`` and a name, which counts points.

    Sources name the currency of its exchange.

    Examples
    --------
    >>> unit_of("AAPL", "USD"), unit_of("^GSPC", "USD")
    ('USD', '')
    """
    return "" if symbol.startswith("^") else currency


def parse_symbol(text: str) -> str:
    """Return a symbol, one of an exchange in upper case, or refuse what cannot be one.

    A symbol becomes part of file names, pages and log lines, so that nothing passes here that could
    leave its place in any of them: no path, blank, control character or two dots in a row. What a
    file calls its series stays as it is: ``"=cmd()"``. Addresses take tickers alone
    (``is_ticker``), file names encode (``workspace.safe_name``), and pages and exports escape.

    Parameters
    ----------
    text : str
        What the user typed: ``"aapl"``, ``"^GSPC"``, ``"EURUSD=X"``, ``"BRK-B"``.

    Raises
    ------
    UsageError
        When the text is empty, longer than 32 characters, or has a character out of the list.

    Examples
    --------
    >>> parse_symbol("eurusd=x"), parse_symbol("<b>x</b>")
    ('EURUSD=X', '<b>x</b>')
    """
    symbol = text.upper()
    if text.isascii() and is_ticker(symbol):
        return symbol
    if len(text) <= MAX_LENGTH and _NAME.fullmatch(text):
        return text
    message = (
        f"{shown_symbol(text)} is not a symbol; a symbol has 1 to {MAX_LENGTH} letters, digits or "
        "the signs . & = ^ _ - < > ( ) and starts with a letter, a digit or one of ^ = < ("
    )
    parts = text.upper().split(",")
    if len(text) <= 2 * MAX_LENGTH and all(map(is_ticker, parts)):
        message += f"; separate several by blanks: {' '.join(parts)}"
    raise UsageError(message)


def shown_symbol(text: str) -> str:
    """Return any text in quotes, on one line and short, with nothing that moves the cursor."""
    return ascii(text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH] + "...")


def near_symbol(symbol: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'AAPL'?"`` where a known symbol is near, else an empty string."""
    near = difflib.get_close_matches(symbol, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
