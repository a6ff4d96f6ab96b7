"""Search settings of the network, walk-forward, and say what the best of them is worth."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.config import TuneConfig

if TYPE_CHECKING:
    from lstmfin.backtest.tune import Reading, Tried

SHOWN = 10
"""Trials that a table shows: the best, and the settings as they were."""


@click.command("tune")
@symbols_argument
@section_options(TuneConfig)
@click.pass_obj
def tune(job: Job, /, symbols: tuple[str, ...], **options: Any) -> None:
    """Search settings of `train` for each SYMBOL: random ones, each judged walk-forward.

    It begins with the settings as they are: those of `train` in the same line, else of
    lstmfin.toml. Each trial is kept as soon as it ends, and the same
    line goes on where it was stopped. The last --kept sessions are not looked at: a backtest of
    what was found says more there than here.
    """
    from lstmfin.backtest.tune import reading_of
    from lstmfin.backtest.tune import tune as search
    from lstmfin.data.ledger import Ledger
    from lstmfin.data.symbols import parse_symbol

    config = job.settings.tune.evolve(**options)
    ledger = Ledger(job.workspace.database)

    network = job.trained or job.settings.train
    network = replace(network, exog=tuple(map(parse_symbol, network.exog)))

    def one(symbol: str) -> None:
        with job.progress(f"Tuning {symbol}") as move:
            trials = search(
                job.prices(symbol, network.exog),
                network=network,
                config=config,
                ledger=ledger,
                progress=move,
            )
        job.keep(f"trials of {symbol}")
        again = sum(trial.was_kept for trial in trials)
        if again:
            job.tell(f"{symbol}: {again} of {len(trials)} trials were run before")
        job.emit(_result(symbol, trials, reading_of(trials), whole=job.style != "table"))

    job.each(job.choose(symbols, job.stored_symbols), one)


def _result(symbol: str, trials: list["Tried"], reading: "Reading", *, whole: bool) -> Any:
    """Return the trials, the best first; a table shows some of them."""
    from lstmfin.cli.output import Column, Result, signed_percent

    names = sorted({name for trial in trials for name in trial.changes})
    rows: list[dict[str, Any]] = [
        {
            "symbol": symbol,
            "trial": number,
            **{name: trial.changes.get(name) for name in names},
            "skill": trial.skill,
            "skill_worst_fold": min(trial.skills),
            "skill_best_fold": max(trial.skills),
            "folds": len(trial.skills),
        }
        for number, trial in enumerate(trials, 1)
    ]
    columns = (
        Column("trial", "trial"),
        *(Column(name, name.replace("_", "-"), _setting) for name in names),
        Column("skill", "CRPS skill", signed_percent(2)),
        Column("skill_worst_fold", "worst fold", signed_percent(2), spare=1),
        Column("skill_best_fold", "best fold", signed_percent(2), spare=1),
    )
    ranked = sorted(rows, key=lambda row: -row["skill"])
    shown = [row for n, row in enumerate(ranked) if whole or n < SHOWN or row["trial"] == 1]
    text, lines = _words(symbol, trials, reading), _lines(reading)
    more = {"reading": {"symbol": symbol, **_numbers(reading)}}
    title = f"{symbol}  {len(trials)} trials in {rows[0]['folds']} folds"
    return Result("tune", columns, shown, title=title, notes=[text, *lines], more=more)


def _setting(value: Any) -> str:
    return "as it is" if value is None else str(value)


def _words(symbol: str, trials: list["Tried"], reading: "Reading") -> str:
    """Return what the best is worth, the search counted."""
    best, n = reading.best, len(trials)
    text = (
        f"Skill is the share of the CRPS of the naive law that is saved, over all horizons. The "
        f"best of {n} trials saves {best.skill:+.2%}, {symbol}'s settings as they are "
        f"{trials[0].skill:+.2%}"
    )
    if n == 1:
        return text + ". One trial is no search."
    text += (
        f". The best lies {reading.lead:.2%} above the mean of all; by luck alone the best of "
        f"{n} equal ones would lie {reading.lead_by_luck:.2%} above it"
    )
    if reading.deflated <= 0:
        return text + ": nothing is left of its lead, and any of these settings is as good."
    return text + f": {reading.deflated:.2%} of its lead is left."


def _lines(reading: "Reading") -> list[str]:
    """Return what to paste into ``lstmfin.toml``."""
    from lstmfin.config import toml_value

    if not reading.best.changes:
        return ["The settings as they are were the best: there is nothing to change."]
    pairs = sorted(reading.best.changes.items())
    return [
        "For lstmfin.toml:",
        "[train]",
        *(f"{name.replace('_', '-')} = {toml_value(value)}" for name, value in pairs),
    ]


def _numbers(reading: "Reading") -> dict[str, Any]:
    return {
        "changes": reading.best.changes,
        "skill": reading.best.skill,
        "lead": reading.lead,
        "lead_by_luck": reading.lead_by_luck,
        "deflated": reading.deflated,
    }


COMMAND = tune
