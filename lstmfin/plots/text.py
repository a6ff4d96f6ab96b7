"""Words and numbers as they stand in pictures."""

import math

SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}  # those that one country alone writes so
LIKELIHOODS = ("student-t", "gaussian", "bernoulli")
_LONGEST = 110  # characters that fit the width of a picture


def literal(text: str, longest: int = _LONGEST) -> str:
    r"""Return a text for one line: control characters as spaces, cut with an ellipsis if too long.

    Examples
    --------
    >>> literal("A\nB" + "C" * 10, 8)
    'A BCCCC…'
    """
    line = "".join(one if one.isprintable() else " " for one in text)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def price(value: float, currency: str = "") -> str:
    """Return a price with its sign or code; four digits after the point for exchange rates.

    Examples
    --------
    >>> price(1234.5, "USD"), price(1.08427, "CHF"), price(98765.4, "JPY"), price(4200)
    ('$1,234.50', 'CHF 1.0843', '¥98,765', '4,200.00')
    """
    size = abs(value)
    digits = 0 if size >= 10_000 else 2 if size >= 10 or size == 0 else 4
    digits = max(digits, min(2 - math.floor(math.log10(size)), 10)) if 0 < size < 0.01 else digits
    sign = SIGNS.get(currency, f"{currency} " if currency else "")
    return f"{'-' if value < 0 else ''}{sign}{size:,.{digits}f}"


def price_label(currency: str, symbol: str) -> str:
    """Return the label of a price axis, with its unit as far as it is known."""
    if currency:
        return f"Price ({currency})"
    return "Level (points)" if symbol.startswith("^") else "Price (no currency given)"


def loss_label(name: str) -> str:
    """Return a loss with its unit: nats of a likelihood, else that of the scaled target."""
    return f"{name} ({'nats' if name in LIKELIHOODS else 'scaled units'})"
