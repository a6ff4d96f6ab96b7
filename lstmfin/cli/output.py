"""Results on stdout: a table for people, JSON or CSV for programs."""

import csv
import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Show = Callable[[Any], str]

PIPE_WIDTH = 200
"""Columns of a table where there is no terminal: as wide as it needs."""


@dataclass(frozen=True)
class Column:
    """One column: its key in JSON and CSV, its header for people, and how a value is shown."""

    key: str
    header: str
    show: Show = str
    right: bool = True


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
    notes : list of str
        Lines below the table, for people.
    more : dict
        What only JSON holds.
    """

    command: str
    columns: Sequence[Column]
    rows: list[dict[str, Any]]
    title: str = ""
    notes: list[str] = field(default_factory=list)
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
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        width = None if sys.stdout.isatty() else PIPE_WIDTH
        console = Console(file=sys.stdout, width=width, highlight=False, soft_wrap=width is None)
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for column in self.columns:
            table.add_column(column.header, justify="right" if column.right else "left")
        for row in self.rows:
            table.add_row(*(escape(_shown(column, row)) for column in self.columns))
        if self.title:
            console.print(f"\n{escape(self.title)}\n", style="bold")
        console.print(table)
        for note in self.notes:
            console.print(escape(note))


def _shown(column: Column, row: dict[str, Any]) -> str:
    value = row.get(column.key)
    missing = value is None or (isinstance(value, float) and not math.isfinite(value))
    return "-" if missing else column.show(value)


def _safe_cell(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula (CWE-1236); numbers stay numbers."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "\0")):
        return "'" + value
    return value


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
