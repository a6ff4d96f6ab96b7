"""Which sector each symbol is in, as the user's own file says."""

import csv
from collections.abc import Sequence
from pathlib import Path

from lstmfin.errors import DataError, UsageError


def read_sectors(path: Path, symbols: Sequence[str]) -> dict[str, str]:
    """Return the sector of each symbol, from a CSV file with the columns symbol and sector.

    Raises
    ------
    UsageError
        When the file is not there.
    DataError
        When it is no such file, says two things of a symbol, or nothing of one that is asked for.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except FileNotFoundError as error:
        raise UsageError(f"--sectors {path}: there is no such file") from error
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"--sectors {path} cannot be read: {error}") from error
    found: dict[str, str] = {}
    for row in rows:
        symbol, sector = (row.get("symbol") or "").strip(), (row.get("sector") or "").strip()
        if not symbol or not sector or found.get(symbol, sector) != sector:
            raise DataError(
                f"--sectors {path}: each line needs a symbol and one sector, under the header "
                f"'symbol,sector'; this one has '{symbol}' and '{sector}'"
            )
        found[symbol] = sector
    if missing := [symbol for symbol in symbols if symbol not in found]:
        raise DataError(f"--sectors {path} says no sector of {', '.join(missing)}; add it")
    return {symbol: found[symbol] for symbol in symbols}
