"""Small pictures made of characters: a series in a line of blocks, a range as a bar."""

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
OUTER, INNER, MIDDLE = "─", "━", "●"
"""Nine tenths of all outcomes, half of them, and the median."""


def spark(values: Sequence[float], width: int) -> str:
    """Return a series as a line of blocks, the lowest value at the bottom.

    Parameters
    ----------
    values : sequence of float
        Finite, at least one, in order of time.
    width : int
        Characters at most; a longer series is shown by evenly spaced values, the first and the last
        among them.

    Examples
    --------
    >>> spark([1, 2, 3, 4], 10), spark(range(100), 5)
    ('▁▃▆█', '▁▃▅▆█')
    """
    n = min(width, len(values))
    steps = max(n - 1, 1)
    shown = [values[round(at * (len(values) - 1) / steps)] for at in range(n)]
    low, high = min(shown), max(shown)
    unit = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(BLOCKS[round((value - low) * unit)] for value in shown)


def range_bar(quantiles: Sequence[float], low: float, high: float, width: int) -> str:
    """Return five quantiles, in order, as a bar between two ends.

    Examples
    --------
    >>> range_bar([1, 3, 5, 7, 9], 0, 10, 21)
    '  ────━━━━●━━━━────  '
    """
    unit = (width - 1) / (high - low) if high > low else 0.0
    a, b, middle, c, d = (round((value - low) * unit) for value in quantiles)
    cells = [" "] * width
    cells[a : d + 1] = OUTER * (d + 1 - a)
    cells[b : c + 1] = INNER * (c + 1 - b)
    cells[middle] = MIDDLE
    return "".join(cells)
