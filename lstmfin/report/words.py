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


def stepped(value: float, step: float) -> str:
    """Show a number with as many digits as tell it from the next one, a step away.

    Examples
    --------
    >>> stepped(0.0005, 0.0005), stepped(20, 10)
    ('0.0005', '20')
    """
    return number(_digits(step))(value)


def stepped_percent(value: float, step: float) -> str:
    """Show a fraction as percent with as many digits as tell it from the next one."""
    return percent(_digits(100 * step))(value)


def _digits(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9))


def or_dash(value: float | None, show: Show) -> str:
    """Return a number in words, or a dash where there is none."""
    return show(value) if value is not None and math.isfinite(value) else "–"


def _typeset(text: str) -> str:
    """Return a number with a true minus, and none before a zero."""
    plain = text.lstrip("+-")
    if not any(digit in "123456789" for digit in plain):
        return plain
    return text.replace("-", MINUS).replace(" %", "\N{NO-BREAK SPACE}%")
