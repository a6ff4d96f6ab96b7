"""Prove that no future is seen: on your prices, your inputs, your network and your rules."""

from dataclasses import asdict
from typing import Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.config import BacktestConfig
from lstmfin.errors import ExitCode

HOLDS = {"yes": "good", "NO": "bad"}


@click.command("audit")
@symbols_argument
@section_options(BacktestConfig)
@click.pass_obj
def audit(job: Job, /, symbols: tuple[str, ...], **options: Any) -> None:
    """Poison what comes after t, and show that nothing up to t changes, for each SYMBOL.

    Inputs, scaling, weights, forecasts and positions of the backtest that the same options would
    run must stay the same to the last bit. A forecast that only repeats the past is told of. A leak
    is named, and ends with exit code 4.
    """
    from lstmfin.backtest.audit import audit as checks_of
    from lstmfin.backtest.walkforward import plan_backtest
    from lstmfin.cli.output import Column, Result
    from lstmfin.cli.plans import network_of

    config = job.settings.backtest.evolve(**options)
    rows: list[dict[str, Any]] = []

    def one(symbol: str) -> None:
        network = network_of(job, symbol)
        prices = job.prices(symbol, network.exog)
        plan = plan_backtest(prices, network=network, config=config)
        with job.progress(f"Auditing {symbol}"):
            rows.extend({"symbol": symbol, **asdict(check)} for check in checks_of(plan))

    job.each(job.choose(symbols, job.stored_symbols), one)
    leaks = [row for row in rows if not row["ok"]]
    columns = (
        Column("symbol", "symbol", right=False),
        Column("subject", "of what", right=False, wraps=True),
        Column("ok", "holds", lambda ok: "yes" if ok else "NO", tones=HOLDS),
        Column("text", "found", right=False, wraps=True),
    )
    note = (
        f"{len(leaks)} of {len(rows)} do not hold: what the backtest says cannot be believed."
        if leaks
        else f"All {len(rows)} hold: no number up to t depends on what comes after."
    )
    job.emit(Result("audit", columns, rows, "Audit", [note]))
    if leaks:
        job.exit_code = ExitCode.ALARM
        names = ", ".join(dict.fromkeys(row["subject"] for row in leaks))
        job.tell(f"the future is seen, or the past repeated: {names}", always=True)


COMMAND = audit
