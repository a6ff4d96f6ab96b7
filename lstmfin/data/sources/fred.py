"""FRED of the Federal Reserve Bank of St. Louis: indices, rates and currencies, without a key.

Closes alone, by FRED's own names: SP500, NASDAQCOM, DJIA, VIXCLS, DCOILWTICO, DEXUSEU, DGS10. A day
is published on the next; series of others' prices are for personal use.
"""

import csv
import datetime as dt
import io

from lstmfin.data.calendar import has_ended
from lstmfin.data.http import get
from lstmfin.data.prices import Prices, make_bars
from lstmfin.data.source import Source, SourceOptions
from lstmfin.errors import SourceError, UnknownSymbolError

ADDRESS = "https://fred.stlouisfed.org/graph/fredgraph.csv"
TIMEZONE = "America/New_York"
NO_VALUE = {"", "."}


class FredSource:
    """Daily values of FRED's CSV download."""

    canary = "DGS10"

    def fetch(
        self, symbol: str, *, start: dt.date | None, end: dt.date | None, options: SourceOptions
    ) -> Prices:
        """Return the days of a series that have a value; holidays have none."""
        query = {"id": symbol}
        if start is not None:
            query["cosd"] = str(start)
        if end is not None:
            query["coed"] = str(end)
        body = get(ADDRESS, source="FRED", symbol=symbol, query=query, timeout=options.timeout)
        sessions, values = _parse(body, symbol)
        if not sessions:
            raise UnknownSymbolError(f"FRED has no values of {symbol} in the asked range")
        final = [has_ended(session, TIMEZONE, options.now) for session in sessions]
        return Prices(
            symbol,
            make_bars(sessions, close=values, final=final),
            source="fred",
            timezone=TIMEZONE,
            label=f"{symbol} of FRED",
        ).between(start, end)

    def symbols(self) -> None:
        """Return None: FRED has hundreds of thousands of series."""


SOURCE: Source = FredSource()


def _parse(body: bytes, symbol: str) -> tuple[list[dt.date], list[float]]:
    try:
        (_, name), *rows = csv.reader(io.StringIO(body.decode()), strict=True)
        known = [(dt.date.fromisoformat(d), float(v)) for d, v in rows if v not in NO_VALUE]
    except (ValueError, csv.Error) as error:
        raise SourceError(
            f"FRED answered for {symbol} with something that is not prices; it may be out of order"
        ) from error
    if name.upper() != symbol:
        raise SourceError(f"FRED was asked for {symbol} and answered with {name[:32]!a}")
    return [day for day, _ in known], [value for _, value in known]
