"""From a source into the store: only what is new, unless the past was changed."""

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lstmfin.advice import advised
from lstmfin.config import FetchConfig
from lstmfin.data.courier import Courier
from lstmfin.data.faults import Doubt
from lstmfin.data.gates import find_doubts, review
from lstmfin.data.merge import SAME
from lstmfin.data.prices import Prices, drop_range, validate
from lstmfin.data.source import Source, SourceOptions
from lstmfin.data.store import Store, Update
from lstmfin.data.symbols import is_ticker, parse_symbol
from lstmfin.errors import DataError, UsageError
from lstmfin.registry import SOURCES

log = logging.getLogger(__name__)

OVERLAP = 60
"""Finished sessions that are fetched again, to see whether the past was changed."""


@dataclass(frozen=True)
class Outcome:
    """What a fetch did.

    Parameters
    ----------
    symbol, source : str
        What was fetched, and from where.
    n_new, n_changed : int
        Sessions that were added, and stored ones with a changed value.
    first, last : date
        First and last session that the store now has.
    n_sessions : int
        How many it has.
    rebased : bool
        Whether the source had changed the past, so that all of it was fetched again. A dividend or
        a split does that to adjusted prices.
    replaced : bool
        Whether a stored series was forgotten for this one.
    notes : tuple of str
        What the source did to the published rows.
    """

    symbol: str
    source: str
    n_new: int
    n_changed: int
    first: dt.date
    last: dt.date
    n_sessions: int
    rebased: bool = False
    replaced: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Received:
    """What a source has of a symbol and the store should have, once all checks were passed."""

    prices: Prices
    rebased: bool
    is_known: bool


def fetch(
    store: Store,
    source_name: str,
    symbol: str,
    *,
    config: FetchConfig,
    cache: Path,
    now: dt.datetime,
    courier: Courier | None = None,
) -> Outcome:
    """Bring a series in the store up to date. Whatever goes wrong, its prices stay as they were.

    What a source on the network sent and should not be stored goes to the quarantine, with why.

    Parameters
    ----------
    store : Store
        Where the prices go.
    source_name : str
        Where they come from: the name of a source. It wins over ``config.source``.
    symbol : str
        As the user typed it.
    config : FetchConfig
        The range wanted, the file, and whether a series of another source may be replaced.
    cache : Path
        Private folder for the source.
    now : datetime
        The present, with a time zone.
    courier : Courier, optional
        What carries the requests of this run; one for this symbol alone if not given.

    Raises
    ------
    UsageError
        When the symbol or the source cannot be, or the stored series has another source.
    DataError
        When the prices are malformed or implausible, or stored sessions are no longer among them.
    SourceError, TryLaterError, WriteError
        As the source and the store say.
    """
    received = receive(
        store, source_name, symbol, config=config, cache=cache, now=now, courier=courier
    )
    update = store.update(received.prices, now=now, replace=config.replace)
    replaced = config.replace and received.is_known
    return _outcome(store, received.prices, update, rebased=received.rebased, replaced=replaced)


def receive(
    store: Store,
    source_name: str,
    symbol: str,
    *,
    config: FetchConfig,
    cache: Path,
    now: dt.datetime,
    courier: Courier | None = None,
) -> Received:
    """Do all of ``fetch`` but the update of the store, which may be one for many symbols."""
    symbol = parse_symbol(symbol)
    source: Source = SOURCES.get(source_name)
    if source.canary is not None and not is_ticker(symbol):
        raise UsageError(
            f"{symbol} can only be from a file: --path FILE; {source_name} has none such"
        )
    if config.path is not None and source_name != "csv":
        raise UsageError(f"--path is for --source csv, not for --source {source_name}")
    options = SourceOptions(config.path, cache, now, config.timeout)
    get = _Getter(source, symbol, options, courier or Courier(patience=config.patience))

    stored = _stored(store, symbol, source_name, config, now)
    known = None if config.replace else stored
    with _holding_back(store, source, source_name, symbol, now):
        if known is None:
            prices, rebased = get(config.start, config.end), False
        else:
            prices, rebased = _bring_up_to_date(get, known, config)
    if source.canary is not None and not config.accept:
        _refuse_doubtful(store, prices, find_doubts(prices, known), now)
    if config.path is not None:  # of a file of one's own it is told, and no more
        prices = replace(prices, notes=(*prices.notes, *_remarks(prices)))
    return Received(prices, rebased, is_known=stored is not None)


def _stored(
    store: Store, symbol: str, source_name: str, config: FetchConfig, now: dt.datetime
) -> Prices | None:
    """Return the series as it stands, and refuse to mix it with another source's."""
    if symbol not in store:
        return None
    stored = store.prices(symbol)
    if stored.source != source_name and not config.replace:
        raise UsageError(
            f"{symbol} is stored from {stored.source}; add --replace to forget that and take it "
            f"from {source_name}, or fetch it with --source {stored.source}"
        )
    if now < store.info(symbol).fetched_at:
        log.warning("%s: the clock says %s, which is before the last fetch", symbol, now)
    return stored


@contextmanager
def _holding_back(
    store: Store, source: Source, source_name: str, symbol: str, now: dt.datetime
) -> Iterator[None]:
    """Note in the quarantine why what a source on the network sent cannot be used."""
    try:
        yield
    except DataError as error:
        if source.canary is not None:
            doubts = [Doubt("rows", "", str(error).removeprefix(f"{symbol}: "))]
            store.hold_back(symbol, source_name, doubts, now=now)
        raise


def _outcome(
    store: Store, prices: Prices, update: Update, *, rebased: bool, replaced: bool
) -> Outcome:
    info = store.info(prices.symbol)
    return Outcome(
        prices.symbol,
        prices.source,
        n_new=update.n_new,
        n_changed=update.n_changed,
        first=info.first,
        last=info.last,
        n_sessions=info.n_sessions,
        rebased=rebased,
        replaced=replaced,
        notes=prices.notes,
    )


@dataclass(frozen=True)
class _Getter:
    """Fetches one symbol from one source and checks the answer."""

    source: Source
    symbol: str
    options: SourceOptions
    courier: Courier

    def __call__(self, start: dt.date | None, end: dt.date | None) -> Prices:
        prices = self.courier.carry(self.source, self.symbol, start, end, self.options)
        log.info(
            "%s: %d sessions from %s to %s", self.symbol, len(prices), *prices.sessions[[0, -1]]
        )
        # Somewhere it may be tomorrow already.
        validate(prices, today=self.options.now.astimezone(dt.UTC).date() + dt.timedelta(days=1))
        return prices


def _refuse_doubtful(store: Store, prices: Prices, doubts: list[Doubt], now: dt.datetime) -> None:
    """Put implausible prices into quarantine and say so."""
    if not doubts:
        return
    store.hold_back(prices.symbol, prices.source, doubts, now=now)
    worst, more = doubts[0], f" (and {len(doubts) - 1} more)" if len(doubts) > 1 else ""
    raise DataError(
        f"{prices.symbol} was put in quarantine and its stored prices stay as they are: "
        f"{worst.session}: {worst.text}{more}. The next fetch tries again; if it is right, add "
        "--accept, if it is long ago, --start after it"
    )


def _remarks(prices: Prices) -> list[str]:
    """Return a note on what is remarkable in a file, if anything is."""
    found = sorted(review(prices), key=lambda one: one.gate != "positive")
    if not found:
        return []
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    line = advised("data", "check", prices.symbol)
    return [f"{found[0].session}: {found[0].text}{more}; look at it: {line}"]


def _bring_up_to_date(get: _Getter, stored: Prices, config: FetchConfig) -> tuple[Prices, bool]:
    """Return what to merge into the stored series, and whether its past was changed."""
    first, last = _dates(stored)
    end = None if config.end is None else max(config.end, last)
    finished = stored.finished()
    wants_more = config.start is not None and config.start < first
    is_read_whole = config.path is not None  # a file may have been corrected anywhere
    if not wants_more and not is_read_whole and len(finished) > OVERLAP:
        start: dt.date = finished.sessions[-OVERLAP].item()
        prices = get(start, end)
        _refuse_lost_sessions(stored, prices, start)
        if prices.has_range and not stored.has_range:
            prices = drop_range(prices)
        if prices.has_range == stored.has_range and not _is_changed(stored, prices):
            return prices, False
    start = min(first, config.start or first)
    prices = get(start, end)
    _refuse_lost_sessions(stored, prices, start)
    if is_read_whole and stored.has_range != prices.has_range and prices.has_range:
        prices = drop_range(prices)
    return prices, not wants_more and not is_read_whole and _is_changed(stored, prices)


def _is_changed(stored: Prices, prices: Prices) -> bool:
    """Whether the past was: its scale, or it has sessions now that an earlier answer left out."""
    first, last = stored.sessions[[0, -1]]
    inside = prices.sessions[(prices.sessions >= first) & (prices.sessions <= last)]
    return _is_rebased(stored, prices) or len(np.setdiff1d(inside, stored.sessions)) > 0


def _is_rebased(stored: Prices, prices: Prices) -> bool:
    """Whether the oldest session that both have was changed; then so was all before it.

    Splits and dividends scale every adjusted price before them by one factor. Where they fall
    inside the overlap, its newer part is as it was; its oldest session never is.
    """
    at = int(np.searchsorted(stored.sessions, prices.sessions[0]))
    if at == len(stored) or stored.sessions[at] != prices.sessions[0]:
        return False
    return any(
        not np.isclose(stored.column(name)[at], prices.column(name)[0], rtol=SAME, atol=0)
        for name in ("close", "adj_close")
    )


def _refuse_lost_sessions(stored: Prices, prices: Prices, start: dt.date) -> None:
    known = stored.sessions[stored.bars["final"].to_numpy(dtype=bool)]
    lost = np.setdiff1d(known[known >= np.datetime64(start)], prices.sessions)
    if len(lost):
        raise DataError(
            f"{prices.source} no longer has {len(lost)} stored sessions of {prices.symbol}, the "
            f"first {lost[0]}; nothing was changed. Try again later, or add "
            "--replace to take it as it is"
        )


def _dates(prices: Prices) -> tuple[dt.date, dt.date]:
    return prices.sessions[0].item(), prices.sessions[-1].item()
