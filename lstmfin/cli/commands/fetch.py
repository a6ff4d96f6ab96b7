"""Bring prices into the workspace."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstmfin.advice import advised
from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.config import FetchConfig
from lstmfin.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from lstmfin.cli.output import Result
    from lstmfin.data.courier import Courier
    from lstmfin.data.fetch import Outcome
    from lstmfin.data.prices import Prices
    from lstmfin.data.store import Store

TRACED = 250
"""Sessions that a line of blocks shows: about a year."""


@click.command("fetch")
@symbols_argument
@section_options(FetchConfig)
@click.pass_obj
def fetch(job: Job, /, symbols: tuple[str, ...], **options: Any) -> None:
    """Bring the prices of SYMBOL... up to date.

    Without symbols: those of the watch-list, else those the workspace holds; with --path, the one
    that the file is called after, ACME of ACME.csv. Of a file with a column of symbols, name those
    that are wanted.
    """
    if options["path"] is not None:
        options["source"] = options["source"] or "csv"
        symbols = symbols or (_called_after(options["path"]),)
        _refuse_one_for_many(options["path"], symbols)
    config = job.settings.fetch.evolve(**options)
    chosen = job.choose(symbols, lambda: _watched_or_stored(job))
    job.workspace.prepare()
    trip = _Trip(job, config, is_named=options["source"] is not None)
    with job.progress("Fetching") as move:

        def one(symbol: str) -> None:
            trip.bring(symbol)
            move(len(trip.rows), len(chosen))

        job.each(chosen, one)
    if any(courier.gave_up for courier in trip.couriers.values()):
        job.exit_code = ExitCode.TRY_LATER
    job.emit(_result(trip))


def _called_after(path: Path) -> str:
    """Return the symbol that a file is called after; UsageError where its name can be none."""
    from lstmfin.data.symbols import parse_symbol, shown_symbol

    try:
        return parse_symbol(path.stem)
    except UsageError as error:
        raise UsageError(
            f"no SYMBOL is given, and the name of the file, {shown_symbol(path.stem)}, cannot be "
            "one; give it: lstmfin fetch ACME --path FILE"
        ) from error


def _refuse_one_for_many(path: Path, symbols: tuple[str, ...]) -> None:
    """Refuse to store the prices of one file, which names no symbols, under many."""
    from lstmfin.data.sources.csv import names_symbols

    if len(set(symbols)) > 1 and path.is_file() and not names_symbols(path):
        raise UsageError(
            f"{path} has no column of symbols, so its prices are of one; fetch it by itself: "
            f"{advised('fetch', symbols[0], '--path', str(path))}"
        )


@dataclass
class _Trip:
    """What was fetched in one call, and who carried it.

    Attributes
    ----------
    is_named : bool
        Whether the call named the source; else a stored series keeps the one it came from.
    closes : dict of str to list of float
        The last sessions of each symbol, adjusted.
    """

    job: Job
    config: FetchConfig
    is_named: bool
    rows: list[dict[str, Any]] = field(default_factory=list)
    couriers: "dict[str, Courier]" = field(default_factory=dict)
    closes: dict[str, list[float]] = field(default_factory=dict)

    def bring(self, symbol: str) -> None:
        """Fetch one symbol."""
        from lstmfin.data.fetch import fetch as fetch_prices
        from lstmfin.data.store import Store

        job = self.job
        with Store(job.workspace.database) as store:
            source = self._source(store, symbol)
            outcome = fetch_prices(
                store,
                source,
                symbol,
                config=self.config,
                cache=job.workspace.cache,
                now=job.now(),
                courier=self._courier(source),
            )
            prices = store.prices(symbol)
        self.rows.append(_row(symbol, outcome, prices))
        self.closes[symbol] = prices.column("adj_close")[-TRACED:].tolist()
        job.keep(f"prices of {symbol}")
        for note in outcome.notes:
            job.tell(f"{symbol}: {note}")

    def _source(self, store: "Store", symbol: str) -> str:
        """Return the source named in the call, else the one a stored series came from."""
        if self.is_named or symbol not in store:
            return self.config.source
        return store.info(symbol).source

    def _courier(self, source: str) -> "Courier":
        from lstmfin.data.courier import Courier

        config = self.config
        if source not in self.couriers:
            self.couriers[source] = Courier(
                patience=config.patience, max_runtime=config.max_runtime
            )
        return self.couriers[source]


def _row(symbol: str, outcome: "Outcome", prices: "Prices") -> dict[str, Any]:
    return {
        "symbol": symbol,
        "source": outcome.source,
        "sessions": outcome.n_sessions,
        "first": str(outcome.first),
        "last": str(outcome.last),
        "new": outcome.n_new,
        "changed": outcome.n_changed,
        "last_close": float(prices.column("close")[-1]),
        "currency": prices.currency,
        "final": bool(prices.bars["final"].iloc[-1]),
    }


def _result(trip: _Trip) -> "Result":
    from lstmfin.cli.glyphs import spark
    from lstmfin.cli.output import Column, Picture, Result, price

    columns = (
        Column("symbol", "symbol", right=False),
        Column("source", "source", right=False, spare=3),
        Column("sessions", "sessions", "{:,}".format),
        Column("first", "first", spare=2),
        Column("last", "last"),
        Column("new", "new", "{:,}".format),
        Column("changed", "changed", "{:,}".format, spare=4),
        Column("last_close", "last close", price),
        Column("currency", "", right=False),
    )
    notes = [
        f"{row['symbol']}: the session of {row['last']} is not over; its bar is kept out of "
        "training and forecasts."
        for row in trip.rows
        if not row["final"]
    ]
    picture = Picture(
        lambda _width: "a year",
        lambda row, width: spark(trip.closes[row["symbol"]], width),
        most=24,
    )
    title = "Prices in the workspace"
    return Result("fetch", columns, trip.rows, title=title, notes=notes, picture=picture)


def _watched_or_stored(job: Job) -> Sequence[str]:
    """Return the watch-list, else what is stored; series from files need their file to be named."""
    if job.settings.symbols:
        return job.watched_symbols()
    if not job.workspace.database.exists():
        raise UsageError("name the symbols to fetch: lstmfin fetch AAPL MSFT")
    from lstmfin.data.store import Store

    stored = job.stored_symbols()
    with Store(job.workspace.database) as store:
        of_files = [symbol for symbol in stored if store.info(symbol).source == "csv"]
    for symbol in of_files:
        line = advised("fetch", symbol, "--path", "FILE")
        job.tell(f"{symbol} is from a file; to fetch it again: {line}")
    if len(of_files) == len(stored):
        raise UsageError("all series are from files; name one and its file: --path FILE")
    return [symbol for symbol in stored if symbol not in of_files]


COMMAND = fetch
