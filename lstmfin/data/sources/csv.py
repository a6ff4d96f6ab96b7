"""A CSV or Parquet file of the user's own.

Reads what banks, exchanges and data frames write: any common spelling of the columns, comma,
semicolon or tab, newest row first or last, one symbol or many. What could be read in two ways is
refused.
"""

import datetime as dt
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lstmfin.data.faults import VALUE_COLUMNS, find_fault
from lstmfin.data.prices import Prices, make_bars
from lstmfin.data.source import Source, SourceOptions, in_range, unknown_symbol
from lstmfin.data.symbols import parse_symbol, shown_symbol
from lstmfin.data.tables import Table, parse_dates, parse_numbers, read_table
from lstmfin.errors import DataError, LstmfinError, UsageError

COLUMN_NAMES = {
    "session": ("session", "date", "datetime", "timestamp", "time"),
    "symbol": ("symbol", "ticker"),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "closelast", "last", "price", "c"),
    "adj_close": ("adjclose", "adjustedclose", "adjusted"),
    "volume": ("volume", "vol", "v"),
}
"""Spellings of each column, letters only; an earlier one is preferred to a later one."""

REQUIRED = ("session", "close")
OPTIONAL_VALUES = {"volume"}
"""Columns in which single values may be missing."""


class CsvSource:
    """The file that ``--path`` names."""

    canary = None

    def fetch(
        self, symbol: str, *, start: dt.date | None, end: dt.date | None, options: SourceOptions
    ) -> Prices:
        """Return the rows of a file; every error names the line and the column."""
        if options.path is None:
            raise UsageError("--source csv needs --path with a CSV or Parquet file")
        table = read_table(options.path)
        names = _match_columns(table)
        if "symbol" in names:
            table = _select(table, names["symbol"], symbol)
        sessions = parse_dates(table, names["session"])
        values: dict[str, Any] = {}
        for column in VALUE_COLUMNS:
            if column in REQUIRED or (column in names and not table.is_empty(names[column])):
                may_miss = column in OPTIONAL_VALUES
                values[column] = parse_numbers(table, names[column], may_miss=may_miss)
        if len(sessions) > 1 and all(new < old for old, new in itertools.pairwise(sessions)):
            table, sessions = table.reversed(), sessions[::-1]
            values = {column: numbers[::-1] for column, numbers in values.items()}
        for at, (before, after) in enumerate(itertools.pairwise(sessions), 1):
            if after <= before:
                what = "is there twice" if after == before else f"comes after the row of {before}"
                raise table.error(
                    at, names["session"], f"{after} {what}; one row a day is needed, in order"
                )
        bars = make_bars(sessions, **values)
        fault = find_fault(bars, today=options.now.date() + dt.timedelta(days=1))
        if fault is not None:
            raise table.error(fault.position, names.get(fault.column, fault.column), fault.text)
        prices = Prices(symbol, bars, source="csv", label=options.path.name)
        return in_range(prices, start, end)

    def symbols(self) -> None:
        """Return None: which symbols there are, the file alone knows."""


SOURCE: Source = CsvSource()


def names_symbols(path: Path) -> bool:
    """Whether a file has a column that tells whose prices each row holds."""
    return "symbol" in _match_columns(read_table(path))


def _match_columns(table: Table) -> dict[str, str]:
    """Return the name in the file of each column that is there."""
    found = match_columns(table.header, str(table.path))
    missing = [column for column in REQUIRED if column not in found]
    if missing:
        wanted = {"session": "date", "close": "close"}[missing[0]]
        raise DataError(
            f"{table.path}: {table.unit} 1 must name the columns, and names no {wanted} column "
            f"({', '.join(COLUMN_NAMES[missing[0]])}); it has: {', '.join(table.header)}"
        )
    return found


def match_columns(header: Sequence[str], where: str) -> dict[str, str]:
    """Return what each column that is there is called; ``where`` names the table in messages."""
    plain = {name: "".join(filter(str.isalpha, name.lower())) for name in header}
    found: dict[str, str] = {}
    for column, spellings in COLUMN_NAMES.items():
        for spelling in spellings:
            names = [name for name in header if plain[name] == spelling]
            if len(names) > 1:
                raise DataError(f"{where}: two columns are called '{names[0]}'; keep one")
            if names:
                found[column] = names[0]
                break
    return found


def _select(table: Table, column: str, symbol: str) -> Table:
    cells = [_unguarded(cell.strip()) for cell in table.cells(column)]
    chosen = [at for at, cell in enumerate(cells) if symbol in {cell, cell.upper()}]
    if not chosen:
        raise _not_among(table, symbol, sorted(set(cells)))
    return table.take(chosen)


def _unguarded(cell: str) -> str:
    """Return a symbol without the apostrophe by which an export keeps it from being a formula."""
    return cell[1:] if cell.startswith("'=") else cell


def _not_among(table: Table, symbol: str, cells: Sequence[str]) -> LstmfinError:
    """Return the error for a symbol that a file has not; what it has and can be asked for."""
    known, odd = [], []
    for cell in cells:
        try:
            known.append(parse_symbol(cell))
        except UsageError:
            odd.append(shown_symbol(cell))
    if known:
        return unknown_symbol(str(table.path), symbol, known)
    return DataError(f"{table.path}: {odd[0]} is not a symbol; rename it in the file")
