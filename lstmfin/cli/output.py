"""What commands found, and how its values are shown."""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TextIO

Show = Callable[[Any], str]

Row = dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One column: its key in JSON and CSV, its header for people, and how a value is shown."""

    key: str
    header: str
    show: Show = str
    right: bool = True
    spare: int = 0
    """Above 0, left out where the terminal is too narrow: all of the highest number first."""

    wraps: bool = False
    """Whether a text that is too long goes on in the next line."""

    tones: Mapping[str, str] | None = None
    """By the text that is shown: good, odd or bad."""


@dataclass(frozen=True)
class Picture:
    """A last column that terminals alone show, drawn in the room that is left.

    Parameters
    ----------
    header : callable
        Returns what stands above it, of its width.
    draw : callable
        Returns the picture of a row, of its width.
    least, most : int
        Characters that it may be wide.
    """

    header: Callable[[int], str]
    draw: Callable[[Row, int], str]
    least: int = 8
    most: int = 40
    spare: int = 1


class Note(NamedTuple):
    """A paragraph below a table; its tone, as of a column, is that of what its colon follows."""

    text: str
    margin: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Result:
    """What a command found.

    Parameters
    ----------
    command : str
        Name of the command.
    columns : sequence of Column
        What the table shows; JSON and CSV hold every key of the rows.
    rows : list of dict
        Plain values; None where there is nothing.
    title : str
        A line above the table.
    notes : list of str or Note
        Paragraphs below the table, for people.
    more : dict
        What only JSON holds.
    picture : Picture, optional
        A column that is drawn.
    trace : callable, optional
        Returns a line below the title, of a width at most; terminals alone show it.
    legend : mapping of str to str
        Sentences by the key of a column, ``"picture"`` for the picture; after the first note stand
        those of the columns that there is room for.
    """

    command: str
    columns: Sequence[Column]
    rows: list[Row]
    title: str = ""
    notes: Sequence[str | Note] = ()
    more: dict[str, Any] = field(default_factory=dict)
    picture: Picture | None = None
    trace: Callable[[int], str] | None = None
    legend: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return what JSON holds."""
        return {"command": self.command, "rows": self.rows, **self.more}


def is_plain(stream: TextIO) -> bool:
    """Tell whether a stream gets text alone: no terminal, a simple one, or told by NO_COLOR."""
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return True
    encoding = getattr(stream, "encoding", None) or "utf-8"
    simple = os.environ.get("TERM", "").lower() in {"dumb", "unknown"}
    return simple or not encoding.lower().startswith("utf")


def shown(column: Column, row: Row) -> str:
    """Return the text of a value; a character that would move the cursor is a question mark."""
    value = row.get(column.key)
    missing = value is None or (isinstance(value, float) and not math.isfinite(value))
    text = "-" if missing else column.show(value)
    return "".join(one if one.isprintable() else "?" for one in text)


def percent(digits: int = 1) -> Show:
    """Show a fraction as percent."""
    return lambda value: f"{100 * value:.{digits}f} %"


def signed_percent(digits: int = 1) -> Show:
    """Show a fraction as percent with its sign."""
    return lambda value: f"{100 * value:+.{digits}f} %"


def number(digits: int = 2) -> Show:
    """Show a number with so many digits after the point."""
    return lambda value: f"{value:,.{digits}f}"


def price(value: float) -> str:
    """Show a price with as many digits as its size calls for."""
    digits = 2 if abs(value) >= 10 else 4
    return f"{value:,.{digits}f}"
