"""Results on stdout: a table for people, JSON or CSV for programs."""

import csv
import json
import math
import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Show = Callable[[Any], str]

PIPE_WIDTH = 200
"""Columns of a table where there is no terminal: as wide as it needs."""

GAP = 2
"""Blanks between columns."""

NOTE_WIDTH = 96
MARGIN = 11
"""Widest paragraph below a table, and room for what stands in its margin."""


@dataclass(frozen=True)
class Column:
    """One column: its key in JSON and CSV, its header for people, and how a value is shown."""

    key: str
    header: str
    show: Show = str
    right: bool = True
    spare: int = 0
    """Above 0, left out where the terminal is too narrow: all of the highest number first."""


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
    notes : list of str or of tuple of str
        Paragraphs below the table, for people; of two strings the first stands in the margin.
    more : dict
        What only JSON holds.
    """

    command: str
    columns: Sequence[Column]
    rows: list[dict[str, Any]]
    title: str = ""
    notes: Sequence[str | tuple[str, str]] = ()
    more: dict[str, Any] = field(default_factory=dict)

    def print(self, style: str) -> None:
        """Print as a table or as CSV."""
        if style == "csv":
            self._print_csv()
        else:
            self._print_table()

    def document(self) -> dict[str, Any]:
        """Return what JSON holds."""
        return {"command": self.command, "rows": self.rows, **self.more}

    def _print_csv(self) -> None:
        keys = list(dict.fromkeys(key for row in self.rows for key in row))
        writer = csv.DictWriter(sys.stdout, keys, lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: _safe_cell(v) for k, v in row.items()} for row in self.rows)

    def _print_table(self) -> None:
        from rich.console import Console
        from rich.markup import escape

        terminal = Console(file=sys.stdout).width if sys.stdout.isatty() else PIPE_WIDTH
        columns, needed = self._fitting(terminal)
        # A line that is too long even so is the terminal's to break: no value is cut short.
        console = Console(file=sys.stdout, width=max(terminal, needed), highlight=False)
        if self.title:
            console.print(f"\n{escape(self.title)}\n", style="bold")
        console.print(self._table(columns))
        for note in self.notes:
            console.print(escape(_paragraph(note, min(terminal, NOTE_WIDTH))))

    def _fitting(self, terminal: int) -> tuple[Sequence[Column], int]:
        """Return the columns that the terminal has room for, and the room they take."""
        columns = list(self.columns)
        while True:
            needed = sum(self._width(column) + GAP for column in columns) - GAP
            most = max((column.spare for column in columns), default=0)
            if needed <= terminal or most == 0:
                return columns, needed
            columns = [column for column in columns if column.spare < most]

    def _width(self, column: Column) -> int:
        """Return the room for every value, and for every word of the header."""
        texts = [*column.header.split(), *(_shown(column, row) for row in self.rows)]
        return max((len(text) for text in texts), default=0)

    def _table(self, columns: Sequence[Column]) -> Any:
        from rich.box import SIMPLE_HEAD
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
        for column in columns:
            width = self._width(column)
            table.add_column(
                textwrap.fill(column.header, max(width, 1)),
                justify="right" if column.right else "left",
                width=width,
            )
        for row in self.rows:
            table.add_row(*(escape(_shown(column, row)) for column in columns))
        return table


def _paragraph(note: str | tuple[str, str], width: int) -> str:
    if isinstance(note, str):
        return textwrap.fill(note, width)
    margin, text = note
    return textwrap.fill(
        text, width, initial_indent=f"  {margin:<{MARGIN}}", subsequent_indent=" " * (MARGIN + 2)
    )


def _shown(column: Column, row: dict[str, Any]) -> str:
    value = row.get(column.key)
    missing = value is None or (isinstance(value, float) and not math.isfinite(value))
    return "-" if missing else column.show(value)


def _safe_cell(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula (CWE-1236); numbers stay numbers."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r", " ")  # the writer does not quote it
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\0")) else text


def print_json(results: Sequence[Result]) -> None:
    """Print one document: an object for one command, a list of them for a chain."""
    documents = [_plain(result.document()) for result in results]
    whole = documents[0] if len(documents) == 1 else documents
    sys.stdout.write(json.dumps(whole, indent=2, allow_nan=False) + "\n")


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: a number that is none is null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


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
