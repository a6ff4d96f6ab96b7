"""Numbers in the words of a page."""

import math
from collections.abc import Callable

MINUS = "\N{MINUS SIGN}"

Show = Callable[[float], str]


def percent(digits: int = 1) -> Show:
    """Show a fraction as percent."""
    return lambda value: _typeset(f"{100 * value:.{digits}f} %")


def signed(digits: int = 1) -> Show:
    """Show a fraction as percent with its sign."""
    return lambda value: _typeset(f"{100 * value:+.{digits}f} %")


def number(digits: int = 2, unit: str = "") -> Show:
    """Show a number with so many digits after the point."""
    return lambda value: _typeset(f"{value:,.{digits}f}{unit}")


def or_dash(value: float | None, show: Show) -> str:
    """Return a number in words, or a dash where there is none."""
    return show(value) if value is not None and math.isfinite(value) else "–"


def _typeset(text: str) -> str:
    """Return a number with a true minus, and none before a zero."""
    plain = text.lstrip("+-")
    if not any(digit in "123456789" for digit in plain):
        return plain
    return text.replace("-", MINUS).replace(" %", "\N{NO-BREAK SPACE}%")
