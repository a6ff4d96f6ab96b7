"""Prices as a file for others: CSV that a spreadsheet opens safely, or Parquet."""

import csv
import io
from pathlib import Path

import pandas as pd

from lstmfin.data.faults import VALUE_COLUMNS
from lstmfin.data.prices import Prices
from lstmfin.errors import UsageError

SUFFIXES = (".csv", ".parquet")


def export_bytes(prices: Prices, suffix: str) -> bytes:
    """Return the finished bars of a series as the content of a file.

    Columns: symbol, session, open, high, low, close, adj_close, volume, dividend, split. The source
    ``csv`` reads it back to the same bits.

    Parameters
    ----------
    suffix : str
        ``".csv"`` or ``".parquet"``.

    Raises
    ------
    UsageError
        When it is another, or Parquet cannot be written here.

    Notes
    -----
    A cell that begins like a formula runs in some spreadsheets (CWE-1236). A symbol that does
    is written after an apostrophe, numbers stay numbers, and no other text is written.
    """
    if suffix not in SUFFIXES:
        raise UsageError(f"prices are exported to {' or '.join(SUFFIXES)} files, not to '{suffix}'")
    frame = _frame(prices.finished())
    if suffix == ".parquet":
        return _parquet(frame)
    if prices.symbol.startswith("="):
        frame["symbol"] = f"'{prices.symbol}"
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    for row in frame.itertuples(index=False):
        writer.writerow(["" if cell != cell else cell for cell in row])  # noqa: PLR0124 - NaN
    return text.getvalue().encode()


def export_place(out: Path, symbol_name: str) -> Path:
    """Return the file for a symbol: the one named, or one in the folder named."""
    return out if out.suffix and not out.is_dir() else out / f"{symbol_name}.csv"


def _frame(prices: Prices) -> pd.DataFrame:
    frame = prices.bars[list(VALUE_COLUMNS)].copy()
    for kind in ("dividend", "split"):
        chosen = prices.actions[prices.actions["kind"] == kind]
        frame[kind] = chosen.set_index("session")["value"].reindex(frame.index)
    frame.insert(0, "symbol", prices.symbol)
    frame.insert(1, "session", prices.sessions.tolist())
    return frame.reset_index(drop=True)


def _parquet(frame: pd.DataFrame) -> bytes:
    try:
        import pyarrow  # noqa: F401, ICN001 - only whether it is there
    except ImportError as error:
        raise UsageError(
            "writing Parquet needs pyarrow; install it with: pip install 'lstmfin[parquet]'"
        ) from error
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()
