"""Test the network and the baselines walk-forward, and give a verdict."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.config import BacktestConfig, TrainConfig, section_to_table

if TYPE_CHECKING:
    from lstmfin.backtest.record import Record
    from lstmfin.cli.output import Result


@click.command("backtest")
@symbols_argument
@section_options(BacktestConfig)
@click.pass_obj
def backtest(job: Job, /, symbols: tuple[str, ...], **options: Any) -> None:
    """Test the network and the baselines walk-forward on SYMBOL..., with costs, and give a verdict.

    The network is the one that `train` was told of in the same line, else that of the saved model,
    else the default. It is trained anew in each fold, on sessions before the fold alone. Positions
    are taken in the session after the forecast, at the open where there is one.
    """
    from lstmfin.backtest.record import make_record, save_record
    from lstmfin.backtest.walkforward import backtest as run_backtest

    config = job.settings.backtest.evolve(**options)
    chosen = job.choose(symbols, job.stored_symbols)
    records: list[Record] = []

    def one(symbol: str) -> None:
        train_config = _network(job, symbol)
        if train_config.panel:
            job.tell(f"{symbol}: tested as a network trained on {symbol} alone, not as the panel")
            train_config = train_config.evolve(panel=False)
        prices = job.prices(symbol, train_config.exog)
        with job.progress(f"Backtesting {symbol}") as move:
            result = run_backtest(prices, train_config=train_config, config=config, progress=move)
        settings = {"train": section_to_table(train_config), "backtest": section_to_table(config)}
        record = make_record(
            result, source=prices.source, digest=prices.digest(), settings=settings
        )
        save_record(job.workspace, record)
        job.keep(f"backtest of {symbol}")
        records.append(record)
        if job.style == "table":
            job.emit(_result([record]))

    job.each(chosen, one)
    if job.style != "table":
        job.emit(_result(records))


def _network(job: Job, symbol: str) -> TrainConfig:
    """Return the network to test: that of this line, else of the saved model, else the default."""
    from lstmfin.models.shelf import has_model, load_model

    if job.trained is not None:
        return job.trained
    if has_model(job.workspace, symbol):
        return load_model(job.workspace, symbol)[1].config
    return job.settings.train


CALIBRATION = ("coverage_by_quarter", "pit")
"""Scores that are many numbers: JSON has them beside the rows."""


def _result(records: list["Record"]) -> "Result":
    from lstmfin.cli.output import Column, Result, number, percent, signed_percent

    columns = (
        Column("model", "model", right=False),
        Column("crps_skill", "CRPS skill", signed_percent()),
        Column("crps_skill_at_horizon", "at horizon", signed_percent()),
        Column("coverage_90", "90 % held", percent()),
        Column("hit_rate", "sign right", percent()),
        Column("annual_return", "return", signed_percent()),
        Column("sharpe", "Sharpe", number(2)),
        Column("max_drawdown", "drawdown", percent(), spare=1),
        Column("turnover", "turnover", number(2), spare=2),
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
    notes: list[str | tuple[str, str]] = []
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
                "turn: return a year, turnover a session."
            ),
            "",
            f"Verdict on {record.symbol}",
            *((f"{one.topic}:", one.text) for one in record.findings),
        ]
    return Result("backtest", columns, rows, title=title, notes=notes, more=more)


COMMAND = backtest
