"""Results on stdout: a table for people, JSON or CSV for programs."""

import csv
import json
import math
import sys
from collections.abc import Sequence
from typing import Any

from lstmfin.cli.output import Result


def print_result(result: Result, style: str) -> None:
    """Print as a table or as CSV."""
    if style == "csv":
        _print_csv(result)
        return
    from lstmfin.cli.table import print_table

    print_table(result)


def print_json(results: Sequence[Result]) -> None:
    """Print one document: an object for one command, a list of them for a chain."""
    documents = [_plain(result.document()) for result in results]
    whole = documents[0] if len(documents) == 1 else documents
    sys.stdout.write(json.dumps(whole, indent=2, allow_nan=False) + "\n")


def _print_csv(result: Result) -> None:
    keys = list(dict.fromkeys(key for row in result.rows for key in row))
    writer = csv.DictWriter(sys.stdout, keys, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _safe_cell(_plain(v)) for k, v in row.items()} for row in result.rows)


def _safe_cell(value: Any) -> Any:
    """Return a cell: text that no spreadsheet takes for a formula (CWE-1236), all else as JSON."""
    if value is None:
        return None
    if not isinstance(value, str):
        return json.dumps(value)
    text = value.replace("\r", " ")  # the writer does not quote it
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\0")) else text


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: a number that is none is null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
