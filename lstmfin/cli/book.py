"""The book over the symbols of a backtest, as it is printed and entered."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lstmfin.cli.job import Job
from lstmfin.config import BacktestConfig

if TYPE_CHECKING:
    from lstmfin.backtest.book import Book
    from lstmfin.backtest.walkforward import Backtest, Plan
    from lstmfin.cli.output import Result


def emit_book(
    job: Job,
    results: "list[Backtest]",
    plans: "list[Plan]",
    config: BacktestConfig,
    sectors: Sequence[str] = (),
) -> None:
    """Print the book of each model, and enter the network's in the ledger."""
    from lstmfin.backtest.book import EQUAL_PARTS, books_of, enter_book
    from lstmfin.data.ledger import Ledger

    books = books_of(results, config, sectors)
    name, own = next(iter(books.items()))
    for warning in own.warnings:
        job.tell(warning, always=True)
    digests = "".join(plan.prices.digest() for plan in plans)
    search = enter_book(
        Ledger(job.workspace.database),
        books,
        config,
        plans[0].network,
        hashlib.sha256(digests.encode()).hexdigest(),
        now=dt.datetime.now(dt.UTC),
        sectors=sectors,
    )
    probability = search.deflated(own.net() - books[EQUAL_PARTS].net())
    note = (
        f"The book of {name} is truly better than {EQUAL_PARTS} with probability {probability:.0%} "
        f"(deflated Sharpe ratio; books tried: {search.n_trials}). Money is after costs."
    )
    job.emit(_result(config.book, books, note))


def _result(kind: str, books: "dict[str, Book]", note: str) -> "Result":
    from lstmfin.cli.output import Column, Result, number, percent, signed_percent
    from lstmfin.metrics import returns as r

    def row(name: str, book: "Book") -> dict[str, Any]:
        net = book.net()
        return {
            "book": kind,
            "model": name,
            "annual_return": r.annualised_return(net),
            "sharpe": r.sharpe(net),
            "max_drawdown": r.max_drawdown(net),
            "turnover": book.turnover,
            "exposure": book.exposure,
            "break_even_bps": book.break_even_bps,
        }

    columns = (
        Column("model", "model", right=False),
        Column("annual_return", "return", signed_percent()),
        Column("sharpe", "Sharpe", number(2)),
        Column("max_drawdown", "drawdown", percent()),
        Column("turnover", "turnover", number(2), spare=1),
        Column("exposure", "exposure", percent(0), spare=2),
        Column("break_even_bps", "break-even bp", number(1)),
    )
    first = next(iter(books.values()))
    title = (
        f"Book '{kind}' of {len(first.symbols)} symbols, {len(first.sessions):,} sessions, "
        f"{first.sessions[0]} to {first.sessions[-1]}"
    )
    return Result("book", columns, [row(*one) for one in books.items()], title=title, notes=[note])
