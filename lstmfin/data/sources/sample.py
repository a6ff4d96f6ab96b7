"""Real prices that ship with the package; ``data/README.md`` says where each series is from."""

import csv
import datetime as dt
import io
import zipfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lstmfin.data.prices import Prices, make_bars
from lstmfin.data.source import Source, SourceOptions, in_range, unknown_symbol

_PACKAGE = Path(__file__).parents[2]
FOLDERS = (_PACKAGE / "sample_data", _PACKAGE.parent / "data" / "series")
"""Where the series lie: in an installed package, and in a checkout."""


class _Entry(NamedTuple):
    """A row of the catalogue."""

    symbol: str
    file: str
    currency: str
    timezone: str
    label: str


class SampleSource:
    """The series of the package, offline; values as they were published."""

    canary = None

    def fetch(
        self, symbol: str, *, start: dt.date | None, end: dt.date | None, options: SourceOptions
    ) -> Prices:
        """Return one of the sample series."""
        del options
        catalogue = _catalogue()
        if symbol not in catalogue:
            raise unknown_symbol("sample", symbol, tuple(catalogue))
        entry = catalogue[symbol]
        with (
            zipfile.ZipFile(_folder() / entry.file) as archive,
            archive.open(f"{symbol}.csv") as member,
        ):
            (_, *names), *rows = csv.reader(io.TextIOWrapper(member, encoding="utf-8"))
        values = np.array([row[1:] for row in rows]).astype(np.float64)  # exact, digit for digit
        columns = dict(zip(names, values.T, strict=True))
        prices = Prices(
            symbol,
            make_bars([row[0] for row in rows], **columns),
            source="sample",
            currency=entry.currency,
            timezone=entry.timezone,
            label=entry.label,
        )
        return in_range(prices, start, end)

    def symbols(self) -> tuple[str, ...]:
        """Return the symbols that ship with the package."""
        return tuple(_catalogue())


SOURCE: Source = SampleSource()


@cache
def _catalogue() -> dict[str, _Entry]:
    with (_folder() / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return {row["symbol"]: _Entry(**row) for row in csv.DictReader(file)}


def _folder() -> Path:
    return next(folder for folder in FOLDERS if folder.is_dir())
