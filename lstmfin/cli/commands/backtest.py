"""Test the network and the baselines walk-forward, and give a verdict."""

import datetime as dt
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.config import BacktestConfig, ReplayConfig, section_to_table
from lstmfin.errors import LstmfinError, UsageError

if TYPE_CHECKING:
    from lstmfin.backtest.fold_files import FoldFiles
    from lstmfin.backtest.record import Record
    from lstmfin.backtest.scores import Scores
    from lstmfin.backtest.search import Search
    from lstmfin.backtest.walkforward import Backtest, Plan
    from lstmfin.cli.output import Result
    from lstmfin.cli.plans import Plans
    from lstmfin.data.prices import Floats

    Done = tuple[Backtest, Plan, Search, Floats | None]


@click.command("backtest")
@symbols_argument
@section_options(BacktestConfig)
@section_options(ReplayConfig)
@click.pass_obj
def backtest(job: Job, /, symbols: tuple[str, ...], **options: Any) -> None:
    """Test the network and the baselines walk-forward on SYMBOL..., with costs, and give a verdict.

    The network is the one that `train` was told of in the same line, else that of the saved model,
    else the default. It is trained anew in each fold, on sessions before the fold alone. Positions
    are taken in the session after the forecast, at the open where there is one.
    """
    from lstmfin.backtest.record import save_record
    from lstmfin.cli.plans import plans_of
    from lstmfin.cli.seeds import emit_seeds
    from lstmfin.data.sectors import read_sectors

    as_of = options.pop("as_of")
    config = job.settings.backtest.evolve(**options)
    chosen = job.choose(symbols, job.stored_symbols)
    if config.book != "none" and len(chosen) < 2:
        raise UsageError(f"--book {config.book} needs two symbols or more, not {len(chosen)}")
    sectors = read_sectors(config.sectors, chosen) if config.sectors else {}
    plans = plans_of(job, chosen, config, as_of)
    done, files = _run(job, plans, as_of)
    records = _judged(done)
    for record in records:
        save_record(job.workspace, record)
        job.keep(f"backtest of {record.symbol}")
    for one in files:
        one.remove()
    for part in [[record] for record in records] if job.style == "table" else [records]:
        job.emit(_result(part))
    emit_seeds(job, records)
    if config.book != "none" and len(done) > 1:
        from lstmfin.cli.book import emit_book

        results = [result for result, *_ in done]
        of_each = [sectors[one.symbol] for one in results] if sectors else ()
        emit_book(job, results, [one[1] for one in done], config, of_each)


def _run(job: Job, plans: "Plans", as_of: dt.date | None) -> "tuple[list[Done], list[FoldFiles]]":
    """Run what is planned; return what came of each symbol, and the files of folds to remove."""
    from lstmfin.backtest.benchmark import benchmark_returns
    from lstmfin.backtest.fold_files import FoldFiles
    from lstmfin.backtest.search import enter
    from lstmfin.backtest.walkforward import run_backtests
    from lstmfin.data.ledger import Ledger
    from lstmfin.data.symbols import parse_symbol
    from lstmfin.models.forecaster import PANEL
    from lstmfin.workers import Workers, open_workers

    files = {run.label: FoldFiles(job.workspace, run.label) for run in plans.runs}
    ledger, other = Ledger(job.workspace.database), plans.config.benchmark
    market = job.prices(parse_symbol(other), as_of=as_of) if other else None
    done: list[Done] = []

    def one(symbol: str) -> None:
        plan = plans.of[symbol]
        if isinstance(plan, LstmfinError):
            raise plan
        result = next(results)
        if isinstance(result, LstmfinError):
            raise result
        returns = benchmark_returns(market, result) if market else None
        search = enter(ledger, result, plan, now=dt.datetime.now(dt.UTC))
        done.append((result, plan, search, returns))

    what = next(iter(plans.of)) if len(plans.of) == 1 else f"{len(plans.of)} symbols"
    with (
        open_workers(job.workers) if plans.runs else Workers() as workers,
        job.progress(f"Backtesting {what}") as move,
        _keeping(job, files),
        closing(
            run_backtests(
                plans.runs, workers=workers, deadline=job.deadline, files=files.get, progress=move
            )
        ) as results,
    ):
        job.each(list(plans.of), one)
    labels = {PANEL if plan.network.panel else plan.label for _, plan, *_ in done}
    return done, [files[label] for label in labels]


def _judged(done: list["Done"]) -> list["Record"]:
    """Return the records of backtests whose verdict is given together."""
    from lstmfin.backtest.record import make_record
    from lstmfin.backtest.verdict import verdicts

    lines = verdicts([result for result, *_ in done], [search for _, _, search, _ in done])
    return [
        make_record(
            result,
            source=plan.prices.source,
            digest=plan.prices.digest(),
            settings={
                "train": section_to_table(plan.network),
                "backtest": section_to_table(plan.config),
            },
            findings=findings,
            market=market,
        )
        for (result, plan, _, market), findings in zip(done, lines, strict=True)
    ]


@contextmanager
def _keeping(job: Job, files: dict[str, "FoldFiles"]) -> Iterator[None]:
    """Tell what lies of the folds: before, and when it is interrupted."""
    for label, one in files.items():
        if one.n_there:
            job.tell(f"{label}: going on after {one.n_there} folds that lie in {one.folder}")
    try:
        yield
    except KeyboardInterrupt:
        if n_kept := sum(one.n_there for one in files.values()):
            job.keep(f"{n_kept} folds (the same line goes on after them)")
        raise


CALIBRATION = ("coverage_by_quarter", "pit")
"""Scores that are many numbers: JSON has them beside the rows."""


def _result(records: list["Record"]) -> "Result":
    from lstmfin.cli.output import Column, Note, Result, number, percent, signed_percent

    columns = (
        Column("model", "model", right=False),
        Column("crps_skill", "CRPS skill", signed_percent()),
        Column("crps_skill_at_horizon", "at horizon", signed_percent(), spare=1),
        Column("coverage_90", "90 % held", percent()),
        Column("hit_rate", "sign right", percent()),
        Column("annual_return", "return", signed_percent()),
        Column("sharpe", "Sharpe", number(2)),
        Column("max_drawdown", "drawdown", percent(), spare=2),
        Column("turnover", "turnover", number(2), spare=3),
    )
    rows = [{"symbol": r.symbol, **asdict(scores)} for r in records for scores in r.scores]
    calibration = [
        {
            "symbol": row["symbol"],
            "model": row["model"],
            **{key: row.pop(key) for key in CALIBRATION},
        }
        for row in rows
    ]
    verdicts = [{"symbol": r.symbol, **asdict(one)} for r in records for one in r.findings]
    more = {"verdict": verdicts, "calibration": calibration}
    notes: list[str | Note] = []
    title = ""
    if len(records) == 1:
        (record,) = records
        folds = f"{len(record.folds)} fold{'s' if len(record.folds) > 1 else ''}"
        title = (
            f"{record.symbol}  {len(record.sessions):,} sessions out of sample, {folds}, "
            f"{record.folds[0]['test_first']} to {record.folds[-1]['test_last']}"
        )
        horizon = record.settings["train"]["horizon"]
        notes = [
            (
                "Skill is the share of the error of the last price (zero-return) that is saved, at "
                f"the next session and {horizon} ahead. Money is after {record.cost_bps:g} bp a "
                "turn: return a year, turnover a session. " + _trading(record.scores[0])
            ),
            "",
            f"Verdict on {record.symbol}",
            *(
                Note(one.text, margin=f"{one.topic}:", tone="good" if one.edge else "odd")
                for one in record.findings
            ),
        ]
    return Result("backtest", columns, rows, title=title, notes=notes, more=more)


def _trading(scores: "Scores") -> str:
    """Return what is always told of the network's trading, in a sentence."""
    if not scores.exposure:
        return f"The {scores.model} never held anything."
    even = scores.break_even_bps
    breaks_even = "never traded" if even is None else f"breaks even at {even:.1f} bp a turn"
    ends = scores.sharpe_low_bootstrap, scores.sharpe_high_bootstrap
    between = "" if None in ends else f"; its Sharpe is from {ends[0]:.2f} to {ends[1]:.2f} (95 %)"
    return (
        f"The {scores.model} turned over {scores.turnover:.2f} of equity a session, was exposed "
        f"with {scores.exposure:.0%} of it, and {breaks_even}{between}."
    )


COMMAND = backtest
