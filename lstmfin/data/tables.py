"""Tables of text from files, each cell with the line it stands on."""

import csv
import datetime as dt
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from lstmfin.data.parquet import UnpackError, unpacked
from lstmfin.errors import DataError, UsageError

MAX_BYTES = 100_000_000
MAX_ROWS = 1_000_000
MAX_CELLS = 6_000_000
MAX_LINE = 100_000
"""More than daily prices of a hundred symbols over a lifetime; more would not fit into memory."""

DELIMITERS = ",;\t"
EMPTY = {"", "-", "na", "n/a", "#n/a", "nan", "null", "none", "nat"}

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_ISO = re.compile(r"(\d{4})([-/]?)(\d{2})\2(\d{2})(?:[T ].*)?")
_NUMERIC_DATE = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?: .*)?")


@dataclass(frozen=True)
class Table:
    """Rows of text.

    Parameters
    ----------
    path : Path
        The file, for messages.
    header : tuple of str
        Names of the columns.
    rows : sequence of sequences of str
        One cell a column.
    lines : sequence of int
        Number of each row in the file; the header is 1.
    unit : str
        What that number counts: lines of a CSV file, rows of a Parquet file.
    thousands : bool
        Whether a comma in a number can only part thousands.
    """

    path: Path
    header: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    lines: Sequence[int]
    unit: str = "line"
    thousands: bool = False

    def cells(self, column: str) -> list[str]:
        """Return the texts of one column."""
        at = self.header.index(column)
        return [row[at] for row in self.rows]

    def is_empty(self, column: str) -> bool:
        """Whether a column has no value in any row."""
        return all(_is_missing(cell) for cell in self.cells(column))

    def take(self, rows: Sequence[int]) -> "Table":
        """Return some of the rows."""
        return replace(
            self, rows=[self.rows[at] for at in rows], lines=[self.lines[at] for at in rows]
        )

    def reversed(self) -> "Table":
        """Return the rows from last to first."""
        return self.take(range(len(self.rows))[::-1])

    def error(self, row: int, column: str, text: str) -> DataError:
        """Return the error that names the place of a cell."""
        return DataError(f"{self.path}, {self.unit} {self.lines[row]}, column '{column}': {text}")


def read_table(path: Path) -> Table:
    """Return the table in a CSV file, or in a Parquet file by its suffix.

    Raises
    ------
    DataError
        When there is no such file, or it holds no table.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder; name a CSV or Parquet file in it")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"{path} is larger than {MAX_BYTES / 1e6:.0f} MB; export less of it")
        table = (_read_parquet if path.suffix.lower() in {".parquet", ".pq"} else _read_csv)(path)
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path}") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    if not table.rows:
        raise DataError(f"{path} has a header and no rows; prices are needed below it")
    return table


def parse_dates(table: Table, column: str) -> list[dt.date]:
    """Return the dates of a column: YYYY-MM-DD, or an order that all rows together settle."""
    cells = [cell.strip() for cell in table.cells(column)]
    day_first: bool | None = None
    if not _ISO.fullmatch(cells[0]) and _NUMERIC_DATE.fullmatch(cells[0]):
        day_first = _is_day_first(table, column, cells)
    dates = []
    for row, cell in enumerate(cells):
        match = (_ISO if day_first is None else _NUMERIC_DATE).fullmatch(cell)
        if match is None:
            raise table.error(row, column, f"{cell!r} is not a date; write it as YYYY-MM-DD")
        if day_first is None:
            year, month, day = match[1], match[3], match[4]
        else:
            day, month = (match[1], match[2]) if day_first else (match[2], match[1])
            year = match[3]
        try:
            dates.append(dt.date(int(year), int(month), int(day)))
        except ValueError as error:
            raise table.error(row, column, f"{cell!r} is not a date: {error}") from error
    return dates


def parse_numbers(table: Table, column: str, *, may_miss: bool = False) -> list[float]:
    """Return the numbers of a column; ``may_miss`` turns empty cells into NaN."""
    numbers = []
    for row, cell in enumerate(table.cells(column)):
        text = cell.strip().replace("$", "")
        if table.thousands and _THOUSANDS.fullmatch(text):
            text = text.replace(",", "")
        if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
            numbers.append(number)
        elif _is_missing(text):
            if not may_miss:
                raise table.error(row, column, "there is no value; fill it in or remove the row")
            numbers.append(math.nan)
        else:
            hint = ", with a point and not a comma" if "," in text else ""
            raise table.error(row, column, f"{cell!r} is not a finite number{hint}")
    return numbers


def _is_missing(cell: str) -> bool:
    return cell.strip().lower() in EMPTY


def _is_day_first(table: Table, column: str, cells: list[str]) -> bool:
    pairs = [(int(m[1]), int(m[2])) for m in map(_NUMERIC_DATE.fullmatch, cells) if m]
    day_first = any(first > 12 for first, _ in pairs)
    month_first = any(second > 12 for _, second in pairs)
    if day_first == month_first:
        raise table.error(
            0, column, f"{cells[0]!r} may be day or month first; write dates as YYYY-MM-DD"
        )
    return day_first


def _read_csv(path: Path) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return _read_text(path, file)


def _read_text(path: Path, file: TextIO, delimiters: str = DELIMITERS) -> Table:
    try:
        lines = _lines(path, file)
        first = next(lines, "")
        delimiter = max(delimiters, key=first.count)
        reader = csv.reader(chain([first], lines), delimiter=delimiter, strict=True)
        rows = list(_numbered(path, reader))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"{path} is not a CSV file in UTF-8; if it is one of Excel, or packed, save it as CSV"
        ) from error
    if not rows:
        raise DataError(f"{path} is empty; it needs a header and a row a day")
    (_, header), *body = rows
    names = tuple(name.strip() for name in header)
    if any(_NUMBER.fullmatch(name) or _ISO.fullmatch(name) for name in names):
        raise DataError(
            f"{path}: line 1 holds values ({', '.join(names)}); it must name the columns"
        )
    for line, row in body:
        if len(row) != len(names):
            raise DataError(f"{path}, line {line}: {len(row)} cells, but {len(names)} columns")
    return Table(
        path,
        names,
        [row for _, row in body],
        [line for line, _ in body],
        thousands=delimiter == ",",
    )


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """Yield lines, none of which is so long that its cells would not fit into memory."""
    while line := file.readline(MAX_LINE):
        if len(line) == MAX_LINE:
            raise DataError(f"{path} has a line of more than {MAX_LINE:,} characters; no prices do")
        yield line


def _numbered(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells; blank lines are passed over."""
    n_cells = 0
    for row in reader:
        n_cells += len(row)
        if n_cells > MAX_CELLS or reader.line_num > MAX_ROWS:
            raise DataError(
                f"{path} has more than {MAX_ROWS:,} rows or {MAX_CELLS:,} cells; export less of it"
            )
        if "\0" in "".join(row):
            raise csv.Error(f"line {reader.line_num} holds a NUL byte")
        if any(cell.strip() for cell in row):
            yield reader.line_num, row


def _read_parquet(path: Path) -> Table:
    if find_spec("pyarrow") is None:
        raise UsageError(
            "reading Parquet needs pyarrow; install it with: pip install 'lstmfin[parquet]'"
        )
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            raise DataError(f"{path} is not a Parquet file")
    try:
        with unpacked(path) as text:
            return replace(_read_text(path, text, ","), unit="row", thousands=False)
    except UnpackError as error:
        raise DataError(f"{path} is not a Parquet file that can be read: {error}") from error
