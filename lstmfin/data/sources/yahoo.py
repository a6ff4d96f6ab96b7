"""Yahoo Finance, through yfinance: every argument pinned, every error translated.

yfinance hides its errors by default, and calls whatever went wrong "possibly delisted". Here they
are raised, told apart, and never called that. Yahoo's interface is for personal use.
"""

import contextlib
import datetime as dt
import logging
import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import numpy as np
import pandas as pd

from lstmfin.data.calendar import has_ended
from lstmfin.data.faults import ROUNDING
from lstmfin.data.http import MAX_BYTES
from lstmfin.data.prices import Prices, make_actions, make_bars
from lstmfin.data.source import Source, SourceOptions
from lstmfin.errors import LstmfinError, SourceError, TryLaterError, UnknownSymbolError
from lstmfin.workspace import make_folder

COLUMNS = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Adj Close": "adj_close",
    "Volume": "volume",
}


class YahooSource:
    """Daily bars, dividends and splits of Yahoo Finance."""

    canary = "AAPL"

    def fetch(
        self, symbol: str, *, start: dt.date | None, end: dt.date | None, options: SourceOptions
    ) -> Prices:
        """Return the bars that Yahoo has, the whole history when there is no ``start``."""
        with _quiet(), _translated(symbol, options.timeout):
            frame, meta = _download(symbol, start, end, options)
        echoed = str(meta.get("symbol", symbol)).upper()
        if echoed != symbol:
            raise SourceError(f"Yahoo was asked for {symbol} and answered with {echoed}")
        return _to_prices(symbol, frame, meta, options.now)

    def symbols(self) -> None:
        """Return None: Yahoo has no list of its symbols."""


SOURCE: Source = YahooSource()


def _download(
    symbol: str, start: dt.date | None, end: dt.date | None, options: SourceOptions
) -> tuple[pd.DataFrame, Mapping[str, Any]]:
    import yfinance as yf
    from yfinance.data import YfData

    make_folder(options.cache, mode=0o700)  # yfinance unpickles cookies from it
    yf.set_tz_cache_location(str(options.cache))
    yf.config.debug.hide_exceptions = False
    YfData().cache_get.cache_clear()  # it would give yesterday's answer to a process that lives on
    ticker = yf.Ticker(symbol, session=_session())
    frame = ticker.history(
        period="max" if start is None else None,
        start=start,
        end=None if end is None else end + dt.timedelta(days=1),  # theirs is exclusive
        interval="1d",
        prepost=False,
        actions=True,
        auto_adjust=False,
        back_adjust=False,
        repair=False,
        keepna=True,  # null rows are counted below
        rounding=False,
        timeout=options.timeout,
    )
    return frame, ticker.history_metadata


@cache
def _session() -> Any:
    """Return yfinance's own session, which no longer takes an answer of any length."""
    from curl_cffi.curl import CURL_WRITEFUNC_ERROR
    from yfinance._http import new_session

    session = new_session()
    request = session.request

    def bounded(method: str, url: str, **options: Any) -> Any:
        body = bytearray()

        def keep(chunk: bytes) -> int:
            body.extend(chunk)
            return len(chunk) if len(body) <= MAX_BYTES else CURL_WRITEFUNC_ERROR

        answer = request(method, url, content_callback=keep, **options)
        answer.content = bytes(body)
        return answer

    session.request = bounded
    return session


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the warnings and the log of yfinance to itself; what matters is raised."""
    logger = logging.getLogger("yfinance")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            import yfinance  # noqa: F401 - the import switches its warnings on; they go off after it

            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _translated(symbol: str, timeout: float) -> Iterator[None]:
    """Turn what yfinance raises into errors of ours."""
    from yfinance import exceptions as theirs

    try:
        yield
    except LstmfinError:
        raise
    except theirs.YFRateLimitError as error:
        raise TryLaterError("Yahoo limits the rate of requests; try again later") from error
    except theirs.YFTickerMissingError as error:
        raise _no_prices(symbol) from error
    except OSError as error:  # curl's errors are among these
        status = getattr(getattr(error, "response", None), "status_code", 0)
        if status == HTTPStatus.NOT_FOUND:
            raise _no_prices(symbol) from error
        other = f"it answered with HTTP status {status}" if status else "the connection failed"
        name = type(error).__name__
        late = f"no answer within {timeout:g} s"
        reason = late if name in _TIMEOUTS else _TRANSPORT.get(name, other)
        raise SourceError(f"Yahoo cannot be reached for {symbol}: {reason}") from error
    except Exception as error:
        # yfinance meets a page that is no chart with whatever its parsing stumbles over.
        reason = type(error).__name__
        raise SourceError(
            f"Yahoo answered for {symbol} with something that is not prices ({reason}); "
            "it may be out of order: try again later"
        ) from error


_TIMEOUTS = {"Timeout", "ReadTimeout", "ConnectTimeout"}
_TRANSPORT = {
    "DNSError": "its name cannot be resolved; is there a network?",
    "ConnectionError": "the connection was refused or broken off",
    "ProxyError": "the proxy refuses the connection",
    "SSLError": "its certificate cannot be verified",
    "CertificateVerifyError": "its certificate cannot be verified",
    "IncompleteRead": "the answer was broken off",
}


def _no_prices(symbol: str) -> UnknownSymbolError:
    return UnknownSymbolError(
        f"Yahoo has no prices for {symbol} (unknown symbol, or none in the asked range)"
    )


def _to_prices(
    symbol: str, frame: pd.DataFrame, meta: Mapping[str, Any], now: dt.datetime
) -> Prices:
    if frame.empty:
        raise _no_prices(symbol)
    index = pd.DatetimeIndex(frame.index)
    frame.index = index.tz_localize(None).normalize()  # the exchange's own date
    actions = make_actions(
        (session, kind, float(value))
        for kind, column in (("dividend", "Dividends"), ("split", "Stock Splits"))
        for session, value in frame[column].items()
        if value
    )
    bars = frame[list(COLUMNS)].rename(columns=COLUMNS)
    notes: list[str] = []
    bars = _drop_nulls(bars, notes)
    if not len(bars):
        raise _no_prices(symbol)
    bars = _settle_ranges(bars, notes)
    columns = {str(name): bars[name] for name in bars}
    final = np.ones(len(bars), dtype=bool)
    final[-1] = _is_final(bars.index[-1].date(), meta, now)
    return Prices(
        symbol,
        make_bars(bars.index, final=final, **columns),
        actions=actions.sort_values(["session", "kind"], ignore_index=True),
        source="yahoo",
        currency=str(meta.get("currency") or ""),
        timezone=str(meta["exchangeTimezoneName"]),
        label=str(meta.get("longName") or meta.get("shortName") or ""),
        notes=tuple(notes),
    )


def _drop_nulls(bars: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    null = bars[["close", "adj_close"]].isna().any(axis=1) | (bars["close"] == 0)
    if null.any():
        notes.append(f"left out {null.sum()} sessions without a close, {_last(null)}")
    return bars[~null]


def _settle_ranges(bars: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Widen ranges that do not hold their own open and close; leave all out where some lack one.

    Yahoo has an open of zero for decades of old sessions, and ticks of its own making in
    currencies.
    """
    ohlc = bars[["open", "high", "low", "close"]]
    lacking = (ohlc.isna() | (ohlc == 0)).any(axis=1)
    if lacking.any():
        notes.append(
            f"left out all open, high and low, which {lacking.sum()} sessions lack, "
            f"{_last(lacking)}; --start after it keeps them"
        )
        return bars.drop(columns=["open", "high", "low"])
    high, low = ohlc.max(axis=1), ohlc.min(axis=1)
    slack = ROUNDING * high.abs()
    narrow = (high > bars["high"] + slack) | (low < bars["low"] - slack)
    if narrow.any():
        notes.append(
            f"widened high or low to hold open and close in {narrow.sum()} sessions, "
            f"{_last(narrow)}"
        )
    return bars.assign(high=bars["high"].where(~narrow, high), low=bars["low"].where(~narrow, low))


def _last(mask: pd.Series) -> str:
    return f"the last on {mask[mask].index[-1]:%Y-%m-%d}"


def _is_final(session: dt.date, meta: Mapping[str, Any], now: dt.datetime) -> bool:
    """Whether the session is over, by the trading hours that came with the prices."""
    try:
        close = pd.Timestamp(meta["currentTradingPeriod"]["regular"]["end"]).to_pydatetime()
    except (KeyError, TypeError):
        close = None
    return has_ended(session, str(meta["exchangeTimezoneName"]), now, close=close)
