"""Tiingo: American stocks and funds, with a key of your own in the environment.

Raw prices as they were paid, adjusted closes, dividends and splits. The key goes into a header: no
address, argument, log or error holds it.
"""

import datetime as dt
import json
import os
from typing import Any

from lstmfin.data.calendar import has_ended
from lstmfin.data.http import get
from lstmfin.data.prices import Prices, make_actions, make_bars
from lstmfin.data.source import Source, SourceOptions
from lstmfin.errors import ConfigError, SourceError, TryLaterError, UnknownSymbolError

ADDRESS = "https://api.tiingo.com/tiingo/daily"
KEY_VARIABLE = "TIINGO_API_KEY"
TIMEZONE = "America/New_York"
FIRST = dt.date(1960, 1, 1)
"""Without a start Tiingo sends the last day alone."""

COLUMNS = {
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "adj_close": "adjClose",
    "volume": "volume",
}


class TiingoSource:
    """Daily bars, dividends and splits of Tiingo's end-of-day service."""

    canary = "AAPL"

    def fetch(
        self, symbol: str, *, start: dt.date | None, end: dt.date | None, options: SourceOptions
    ) -> Prices:
        """Return the bars of a symbol; ConfigError when there is no key."""
        key = os.environ.get(KEY_VARIABLE, "").strip()
        if not key.isascii() or not key.isalnum():
            raise ConfigError(
                f"--source tiingo needs your key in the environment variable {KEY_VARIABLE}; "
                "tiingo.com gives one to who signs up"
            )
        query = {"startDate": str(start or FIRST), "format": "json"}
        if end is not None:
            query["endDate"] = str(end)
        body = get(
            f"{ADDRESS}/{symbol.lower()}/prices",
            source="Tiingo",
            symbol=symbol,
            query=query,
            timeout=options.timeout,
            headers={"Authorization": f"Token {key}"},
        )
        rows = _parse(body, symbol)
        if not rows:
            raise UnknownSymbolError(f"Tiingo has no prices for {symbol} in the asked range")
        return _to_prices(symbol, rows, options.now)

    def symbols(self) -> None:
        """Return None: Tiingo has tens of thousands."""


SOURCE: Source = TiingoSource()


def _parse(body: bytes, symbol: str) -> list[dict[str, Any]]:
    if b"hourly request allocation" in body or b"monthly limit" in body:  # with status 200
        raise TryLaterError("Tiingo limits the rate of requests; try again later")
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError):
        rows = None
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        return rows
    raise _not_prices(symbol)


def _to_prices(symbol: str, rows: list[dict[str, Any]], now: dt.datetime) -> Prices:
    try:
        sessions = [dt.date.fromisoformat(str(row["date"])[:10]) for row in rows]
        columns = {name: [float(row[theirs]) for row in rows] for name, theirs in COLUMNS.items()}
        actions = [
            (session, kind, float(row[theirs]))
            for session, row in zip(sessions, rows, strict=True)
            for kind, theirs, nothing in (("dividend", "divCash", 0), ("split", "splitFactor", 1))
            if float(row[theirs]) != nothing
        ]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise _not_prices(symbol) from error
    return Prices(
        symbol,
        make_bars(sessions, final=[has_ended(day, TIMEZONE, now) for day in sessions], **columns),
        actions=make_actions(actions),
        source="tiingo",
        currency="USD",
        timezone=TIMEZONE,
    )


def _not_prices(symbol: str) -> SourceError:
    return SourceError(
        f"Tiingo answered for {symbol} with something that is not prices; it may be out of order"
    )
