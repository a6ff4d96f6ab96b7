"""What no bar may be: the checks that every series passes, whatever its source."""

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

RANGE_COLUMNS = ("open", "high", "low")
VALUE_COLUMNS = ("open", "high", "low", "close", "adj_close", "volume")
FIRST_SESSION = np.datetime64("1900-01-01")

ROUNDING = 1e-6
"""Relative slack of low <= open, close <= high: sources publish single precision (6e-8)."""


class Fault(NamedTuple):
    """A bar that cannot be: its position, the column at fault, and what is wrong in words."""

    position: int
    column: str
    text: str


class Doubt(NamedTuple):
    """A reason to keep prices out: the gate they did not pass, the session, and why in words."""

    gate: str
    session: str
    text: str


def find_fault(bars: pd.DataFrame, *, today: dt.date | None = None) -> Fault | None:
    """Return the first fault in the bars, or None.

    Parameters
    ----------
    bars : DataFrame
        As ``Prices`` describes them.
    today : date, optional
        No session may be after it.
    """
    for column, bad, text in _checks(bars, today):
        if bad.any():
            at = int(np.argmax(bad))
            value = f"{bars[column].iloc[at]:.10g} " if column in VALUE_COLUMNS else ""
            return Fault(at, column, f"{column} {value}{text}")
    return None


def _checks(
    bars: pd.DataFrame, today: dt.date | None
) -> Iterator[tuple[str, NDArray[np.bool_], str]]:
    sessions = bars.index.to_numpy().astype("datetime64[D]")
    yield "session", sessions < FIRST_SESSION, "is before 1900"
    if today is not None:
        yield "session", sessions > np.datetime64(today), f"is in the future (today is {today})"
    not_rising = np.zeros(len(bars), dtype=bool)
    not_rising[1:] = np.diff(sessions) <= np.timedelta64(0, "D")
    yield "session", not_rising, "does not come after the one before it"

    values = {name: bars[name].to_numpy(dtype=np.float64) for name in VALUE_COLUMNS}
    for name in ("close", "adj_close"):
        yield name, ~np.isfinite(values[name]), "is not a finite number"
    yield "volume", (values["volume"] < 0) | np.isinf(values["volume"]), "is not a volume"

    ranges = np.array([values[name] for name in RANGE_COLUMNS])  # (3, n)
    if np.isnan(ranges).all():
        return
    for name in RANGE_COLUMNS:
        yield name, ~np.isfinite(values[name]), "is not a finite number, but others are"
    slack = ROUNDING * np.maximum(np.abs(ranges).max(axis=0), np.abs(values["close"]))
    body = np.array([values["open"], values["close"]])  # (2, n)
    yield "low", values["low"] > body.min(axis=0) + slack, "is above the open or the close"
    yield "high", values["high"] < body.max(axis=0) - slack, "is below the open or the close"
