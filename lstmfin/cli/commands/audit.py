"""Prove that no future is seen: on your prices, your inputs, your network and your rules."""

from dataclasses import asdict
from typing import Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.config import BacktestConfig
from lstmfin.errors import ExitCode, LstmfinError

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
    from lstmfin.cli.output import Column, Result
    from lstmfin.cli.plans import plans_of
    from lstmfin.models.forecaster import PANEL

    config = job.settings.backtest.evolve(**options)
    plans = plans_of(job, job.choose(symbols, job.stored_symbols), config, None)
    rows: list[dict[str, Any]] = []
    errors: dict[str, LstmfinError] = {}
    for plan in plans.runs:
        try:
            with job.progress(f"Auditing {plan.label}"):
                rows.extend({"symbol": plan.label, **asdict(check)} for check in checks_of(plan))
        except LstmfinError as error:
            errors[plan.label] = error

    def one(symbol: str) -> None:
        found = plans.of[symbol]
        if isinstance(found, LstmfinError):
            raise found
        label = PANEL if found.network.panel else found.label
        if label in errors:
            raise errors[label]

    job.each(list(plans.of), one)
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
