"""Bring prices into the workspace."""

from collections.abc import Sequence
from typing import Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.config import FetchConfig
from lstmfin.errors import ExitCode, UsageError


@click.command("fetch")
@symbols_argument
@section_options(FetchConfig)
@click.pass_obj
def fetch(job: Job, /, symbols: tuple[str, ...], **options: Any) -> None:
    """Bring the prices of SYMBOL... up to date.

    Without symbols: those of the watch-list, else those the workspace holds; with --path, the file
    is named after its symbol.
    """
    from lstmfin.cli.output import Column, Result, price
    from lstmfin.data.courier import Courier
    from lstmfin.data.fetch import fetch as fetch_prices
    from lstmfin.data.store import Store

    if options["path"] is not None:
        options["source"] = options["source"] or "csv"
        symbols = symbols or (options["path"].stem,)
    config = job.settings.fetch.evolve(**options)
    chosen = job.choose(symbols, lambda: _watched_or_stored(job))
    job.workspace.prepare()
    rows: list[dict[str, Any]] = []
    couriers: dict[str, Courier] = {}

    def one(symbol: str, *, move: Any) -> None:
        with Store(job.workspace.database) as store:
            source = _source_of(store, symbol, config, named=options["source"] is not None)
            if source not in couriers:
                couriers[source] = Courier(patience=config.patience, max_runtime=config.max_runtime)
            outcome = fetch_prices(
                store,
                source,
                symbol,
                config=config,
                cache=job.workspace.cache,
                now=job.now(),
                courier=couriers[source],
            )
            prices = store.prices(symbol)
        rows.append(
            {
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
        )
        job.keep(f"prices of {symbol}")
        for note in outcome.notes:
            job.tell(f"{symbol}: {note}")
        move(len(rows), len(chosen))

    with job.progress("Fetching") as move:
        job.each(chosen, lambda symbol: one(symbol, move=move))
    if any(courier.gave_up for courier in couriers.values()):
        job.exit_code = ExitCode.TRY_LATER
    columns = (
        Column("symbol", "symbol", right=False),
        Column("source", "source", right=False),
        Column("sessions", "sessions", "{:,}".format),
        Column("first", "first"),
        Column("last", "last"),
        Column("new", "new", "{:,}".format),
        Column("changed", "changed", "{:,}".format, spare=1),
        Column("last_close", "last close", price),
        Column("currency", "", right=False),
    )
    notes = [
        f"{row['symbol']}: the session of {row['last']} is not over; its bar is kept out of "
        "training and forecasts."
        for row in rows
        if not row["final"]
    ]
    job.emit(Result("fetch", columns, rows, title="Prices in the workspace", notes=notes))


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
        job.tell(f"{symbol} is from a file; to fetch it again: lstmfin fetch {symbol} --path FILE")
    if len(of_files) == len(stored):
        raise UsageError("all series are from files; name one and its file: --path FILE")
    return [symbol for symbol in stored if symbol not in of_files]


def _source_of(store: Any, symbol: str, config: FetchConfig, *, named: bool) -> str:
    """Return the source named in the call, else the one a stored series came from."""
    return config.source if named or symbol not in store else str(store.info(symbol).source)


COMMAND = fetch
