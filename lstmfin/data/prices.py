"""Prices of one symbol: daily bars and dated actions, checked when they are made.

n sessions.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmfin.data.faults import RANGE_COLUMNS, VALUE_COLUMNS, find_fault
from lstmfin.errors import DataError

ACTION_KINDS = ("dividend", "split")

Floats = NDArray[np.float64]


def make_bars(sessions: Any, *, close: Any, final: Any = True, **columns: Any) -> pd.DataFrame:
    """Return bars in the one shape that ``Prices`` takes; a column not given is NaN.

    Parameters
    ----------
    sessions : array_like of dates (n,)
        Local dates of the exchange.
    close : array_like (n,)
        Raw close, as published. ``adj_close`` equals it where none is given.
    final : bool or array_like of bool (n,)
        False for a bar of a session that is not over.
    **columns : array_like (n,)
        Any of open, high, low, adj_close, volume.
    """
    index = pd.DatetimeIndex(np.asarray(sessions, dtype="datetime64[D]"), name="session")
    values = {"adj_close": close, **columns, "close": close}
    bars = pd.DataFrame(
        {name: np.asarray(values.get(name, np.nan), dtype=float) for name in VALUE_COLUMNS},
        index=index.as_unit("s"),
    )
    bars["final"] = np.asarray(final, dtype=bool)
    return bars


def make_actions(rows: Iterable[tuple[Any, str, float]] = ()) -> pd.DataFrame:
    """Return the frame of actions from rows of (session, kind, value)."""
    sessions, kinds, values = zip(*rows, strict=True) if (rows := list(rows)) else ((), (), ())
    columns = {  # said at once, as this is made for every series and slice
        "session": np.array(sessions, dtype="datetime64[s]"),
        "kind": pd.Series(kinds, dtype=object),
        "value": np.array(values, dtype=np.float64),
    }
    return pd.DataFrame(columns, copy=False)


@dataclass(frozen=True, eq=False)
class Prices:
    """Daily prices of one symbol, validated.

    Parameters
    ----------
    symbol : str
        As ``parse_symbol`` returns it.
    bars : DataFrame
        Indexed by ``session`` (naive dates, strictly rising), with the float columns open, high,
        low, close, adj_close, volume and the bool ``final``. ``close`` is raw, as the source
        publishes it; ``adj_close`` is adjusted for splits and dividends. Open, high and low are all
        there for all sessions or for none; volume is NaN where there is none. See ``make_bars``.
    actions : DataFrame
        Columns session, kind (``"dividend"`` or ``"split"``), value. See ``make_actions``.
    source : str
        Name of the source they come from.
    currency, timezone, label : str
        ISO code, IANA name of the exchange's zone, and name for people; empty if not known.
    notes : tuple of str
        What the source did to the published rows and the user should know; not stored.
    others : tuple of Prices
        Series that a network may look at beside this one, each as far as it was known; not stored.
        They stay whole when this one is cut, and need no cut: see ``lstmfin.data.exogenous``.
    panel : tuple of Prices
        The other series of a panel, likewise: see ``lstmfin.data.panel_variance``.

    Raises
    ------
    DataError
        When a bar cannot be; the message names the symbol, the session and the column.
    """

    symbol: str
    bars: pd.DataFrame
    actions: pd.DataFrame = field(default_factory=make_actions)
    source: str = ""
    currency: str = ""
    timezone: str = ""
    label: str = ""
    notes: tuple[str, ...] = ()
    others: tuple["Prices", ...] = ()
    panel: tuple["Prices", ...] = ()

    def __post_init__(self) -> None:
        validate(self)

    def __len__(self) -> int:
        return len(self.bars)

    @property
    def sessions(self) -> NDArray[np.datetime64]:
        """Dates of the bars, datetime64[D] (n,)."""
        return self.bars.index.to_numpy().astype("datetime64[D]")

    def column(self, name: str) -> Floats:
        """Return one column of the bars, float64 (n,)."""
        return self.bars[name].to_numpy(dtype=np.float64)

    @property
    def has_range(self) -> bool:
        """Whether the bars carry open, high and low."""
        return len(self) > 0 and bool(np.isfinite(self.column("high")).all())

    @property
    def has_volume(self) -> bool:
        """Whether any bar has a positive volume."""
        return bool((self.column("volume") > 0).any())

    def log_returns(self) -> Floats:
        """Return the total log return of each session, float64 (n,); NaN for the first.

        They are differences of the log of ``adj_close``: splits and dividends are in them.

        Raises
        ------
        DataError
            When a price is zero or negative, as crude oil's was on 2020-04-20.
        """
        prices = self.column("adj_close")
        if (prices <= 0).any():
            at = int(np.argmax(prices <= 0))
            raise DataError(
                f"{self.symbol}: the price of {self.sessions[at]} is {prices[at]:g}, and returns "
                "need prices above zero; fetch a range without it (--start or --end, --replace)"
            )
        returns = np.full(len(prices), np.nan)
        returns[1:] = np.diff(np.log(prices))
        return returns

    def adjusted(self, name: str) -> Floats:
        """Return open, high, low or close scaled like ``adj_close``, float64 (n,)."""
        close = self.column("close")
        ratio = np.divide(self.column("adj_close"), close, out=np.ones(len(self)), where=close != 0)
        return self.column(name) * ratio

    def until(self, session: dt.date | np.datetime64 | str) -> "Prices":
        """Return the bars and actions up to a date, that one included."""
        return self.between(None, session)

    def between(self, start: Any, end: Any) -> "Prices":
        """Return the bars and actions from one date to another, both included; None is open."""
        return replace(
            self,
            bars=self.bars[_within(self.bars.index, start, end)],
            actions=self.actions[
                _within(pd.DatetimeIndex(self.actions["session"]), start, end)
            ].reset_index(drop=True),
        )

    def finished(self) -> "Prices":
        """Return the prices without bars at the end whose session is not over."""
        final = self.bars["final"].to_numpy(dtype=bool)
        stop = len(final) - int(np.argmax(final[::-1])) if final.any() else 0
        return self if stop == len(self) else self.slice(stop)

    def slice(self, stop: int) -> "Prices":
        """Return the first ``stop`` bars, and the actions up to the last of them."""
        if not 0 <= stop <= len(self):
            raise DataError(f"{self.symbol}: cannot take {stop} of {len(self)} sessions")
        if stop == 0:
            return replace(self, bars=self.bars.iloc[:0], actions=make_actions())
        return self.until(self.sessions[stop - 1])

    def digest(self) -> str:
        """Return the SHA-256 of sessions and values, in hex; the same on every platform.

        The other series are in it, where there are any; those of a panel have their own.
        """
        hashed = hashlib.sha256(self.sessions.astype("<i8").tobytes())
        for name in VALUE_COLUMNS:
            values = self.column(name).copy()
            values[np.isnan(values)] = np.nan  # a NaN has many bit patterns
            hashed.update((values + 0.0).astype("<f8").tobytes())  # + 0.0: there are two zeros, too
        for other in self.others:
            hashed.update(f"{other.symbol} {other.timezone} {other.digest()}".encode())
        return hashed.hexdigest()


def validate(prices: Prices, *, today: dt.date | None = None) -> None:
    """Refuse prices that cannot be; with ``today``, also bars of the future.

    Raises
    ------
    DataError
        Names the symbol, the session and the column of the first bar at fault.
    """
    bars, actions = prices.bars, prices.actions
    _check_shape(prices.symbol, bars, ("final", *VALUE_COLUMNS))
    fault = find_fault(bars, today=today)
    if fault is not None:
        session = prices.sessions[fault.position]
        raise DataError(f"{prices.symbol}: {session}: {fault.text}")
    if not len(actions):
        return
    known = actions["kind"].isin(ACTION_KINDS) & np.isfinite(actions["value"])
    if not known.all():
        row = actions[~known].iloc[0]
        raise DataError(
            f"{prices.symbol}: {row['session']:%Y-%m-%d}: action {row['kind']!r} of "
            f"{row['value']}; there are {' and '.join(ACTION_KINDS)}, with finite values"
        )


def drop_range(prices: Prices) -> Prices:
    """Return the prices without open, high and low."""
    return replace(prices, bars=prices.bars.assign(**dict.fromkeys(RANGE_COLUMNS, np.nan)))


def _check_shape(symbol: str, bars: pd.DataFrame, columns: Sequence[str]) -> None:
    index = bars.index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is not None or index.hasnans:
        raise DataError(f"{symbol}: bars must be indexed by dates without a time zone")
    days = index.to_numpy()
    if not (days == days.astype("datetime64[D]")).all():
        raise DataError(f"{symbol}: bars must be daily; their index holds times of day")
    if set(bars.columns) != set(columns):
        given = ", ".join(map(str, bars.columns))
        raise DataError(f"{symbol}: bars must have the columns {', '.join(columns)}, not {given}")


def _within(index: pd.Index, start: Any, end: Any) -> NDArray[np.bool_]:
    mask = np.ones(len(index), dtype=bool)
    if start is not None:
        mask &= index >= pd.Timestamp(start)
    if end is not None:
        mask &= index <= pd.Timestamp(end)
    return mask
