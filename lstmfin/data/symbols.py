"""Which texts are symbols: one whitelist, for every place where one comes in."""

import difflib
import re
from collections.abc import Iterable

from lstmfin.errors import UsageError

MAX_LENGTH = 32
_SYMBOL = re.compile(r"[A-Z0-9^](?:[A-Z0-9]|[.&=^_-](?!\.))*")


def parse_symbol(text: str) -> str:
    """Return a symbol in upper case, or refuse what cannot be one.

    A symbol becomes part of addresses, file names and log lines, so that nothing passes here that
    could leave its place in any of them: no slash, blank, control character or two dots in a row.

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
    >>> parse_symbol("eurusd=x")
    'EURUSD=X'
    """
    symbol = text.upper()
    if text.isascii() and len(symbol) <= MAX_LENGTH and _SYMBOL.fullmatch(symbol):
        return symbol
    shown = text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH] + "..."
    message = (
        f"{shown!a} is not a symbol; a symbol has 1 to {MAX_LENGTH} letters, digits or "
        "the signs . & = ^ _ - and starts with a letter, a digit or ^"
    )
    raise UsageError(message)


def near_symbol(symbol: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'AAPL'?"`` where a known symbol is near, else an empty string."""
    near = difflib.get_close_matches(symbol, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
