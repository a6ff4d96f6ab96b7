"""Results as a table, as wide as the terminal; in colour and with pictures where it shows them."""

import sys
import textwrap
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lstmfin.cli.output import Column, Note, Picture, Result, Row, is_plain, shown

GAP = 2
"""Blanks between columns."""

NOTE_WIDTH = 96
MARGIN = 11
"""Widest paragraph below a table, and room for what stands in its margin."""

TEXT_WIDTH = 20
"""Room that a text is left before its words go on in the next line."""

STYLES = {"good": "green", "odd": "yellow", "bad": "bold red", "picture": "cyan"}
"""What a tone looks like; the words say it, too."""

Fitted = list[tuple[Column | Picture, int]]


def print_table(result: Result) -> None:
    """Print a result for people.

    Where there is no terminal the table is as wide as it needs. On one, columns that may be spared
    go until it fits; a line that is too long even so is the terminal's to break: no value is cut.
    """
    plain = is_plain(sys.stdout)
    terminal = Console(file=sys.stdout).width if sys.stdout.isatty() else None
    pictures = [] if plain or result.picture is None else [result.picture]
    fitted = _fitting([*result.columns, *pictures], result.rows, terminal)
    needed = sum(width + GAP for _, width in fitted) - GAP
    console = Console(
        file=sys.stdout,
        width=max(needed, terminal or 0, NOTE_WIDTH),
        color_system=None if plain else "auto",
        highlight=False,
    )
    width = min(terminal or NOTE_WIDTH, NOTE_WIDTH)
    if result.title:
        title = result.title if terminal is None else textwrap.fill(result.title, terminal)
        console.print(f"\n{title}\n", style="bold", markup=False)
    if result.trace and not plain:
        console.print(result.trace(width) + "\n", style=STYLES["picture"], markup=False)
    console.print(_table(fitted, result.rows))
    there = {"picture" if isinstance(one, Picture) else one.key for one, _ in fitted}
    legend = " ".join(text for key, text in result.legend.items() if key in there)
    for note in [*result.notes[:1], *filter(None, [legend]), *result.notes[1:]]:
        console.print(_paragraph(note if isinstance(note, Note) else Note(note), width))


def _fitting(
    columns: Sequence[Column | Picture], rows: Sequence[Row], terminal: int | None
) -> Fitted:
    """Return the columns that the terminal has room for, and how wide each of them is."""
    columns = list(columns)
    while True:
        sizes = [_sizes(column, rows) for column in columns]
        needed = sum(least + GAP for least, _ in sizes) - GAP
        spared = max((column.spare for column in columns), default=0)
        if terminal is None or needed <= terminal or spared == 0:
            break
        columns = [column for column in columns if column.spare < spared]
    widths = []
    for least, most in sizes:
        width = most if terminal is None else min(most, least + max(0, terminal - needed))
        needed += width - least
        widths.append(width)
    return list(zip(columns, widths, strict=True))


def _sizes(column: Column | Picture, rows: Sequence[Row]) -> tuple[int, int]:
    """Return the least room and the most that is of use: for each value, and word of the header."""
    if isinstance(column, Picture):
        return column.least, column.most
    words = [len(word) for word in column.header.split()]
    texts = [shown(column, row) for row in rows]
    most = max([*words, *map(len, texts)], default=0)
    if not column.wraps:
        return most, most
    parts = [len(part) for text in texts for part in text.split()]
    return max([*words, *parts, min(most, TEXT_WIDTH)]), most


def _table(fitted: Fitted, rows: Sequence[Row]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for column, width in fitted:
        if isinstance(column, Picture):
            table.add_column(Text(column.header(width)), width=width)
            continue
        header = Text(textwrap.fill(column.header, max(width, 1)))
        table.add_column(header, justify="right" if column.right else "left", width=width)
    for row in rows:
        table.add_row(*(_cell(column, row, width) for column, width in fitted))
    return table


def _cell(column: Column | Picture, row: Row, width: int) -> Text:
    if isinstance(column, Picture):
        return Text(column.draw(row, width), style=STYLES["picture"])
    text = shown(column, row)
    tone = (column.tones or {}).get(text)
    lines = textwrap.fill(text, max(width, 1), break_on_hyphens=False) if column.wraps else text
    return Text(lines, style=STYLES[tone] if tone else "")


def _paragraph(note: Note, width: int) -> Text:
    indents: dict[str, Any] = {}
    if note.margin:
        indents["initial_indent"] = f"  {note.margin:<{MARGIN}}"
        indents["subsequent_indent"] = " " * (MARGIN + 2)
    text = Text(textwrap.fill(note.text, width, **indents))
    said = note.text.partition(":")[0]
    if note.tone and (at := text.plain.find(said)) >= 0:
        text.stylize(STYLES[note.tone], at, at + len(said))
    return text
