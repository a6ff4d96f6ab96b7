"""What the published forecasts were worth."""

from typing import Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.config import ScoreConfig
from lstmfin.errors import ExitCode

NOTE = (
    "Skill is the share of the quantile score that the model saves beside trailing volatility "
    "alone; the quantile score is the CRPS by the five published quantiles, of log returns."
)


@click.command("score")
@symbols_argument
@section_options(ScoreConfig)
@click.pass_obj
def score(job: Job, /, symbols: tuple[str, ...], **options: Any) -> None:
    """Hold the published forecasts of SYMBOL... against what came; all of them without one.

    For each symbol and kind of model: skill against the baseline, over all horizons and at the next
    session, how often the ranges held, how often the side was right, and whether coverage or skill
    has left its band. Doing it twice changes nothing.
    """
    from lstmfin.cli.output import Column, Note, Result, number, percent, signed_percent
    from lstmfin.data.store import Store
    from lstmfin.ops.alarm import threshold_of
    from lstmfin.ops.journal import Journal
    from lstmfin.ops.review import HOW_TO_PUBLISH
    from lstmfin.ops.score import Track, empty_track, fill_in, tracks

    config = job.settings.score.evolve(**options)
    chosen = job.choose(symbols, job.stored_symbols)
    found: list[Track] = []

    with Store(job.workspace.database) as store, Journal(job.workspace.database) as journal:

        def one(symbol: str) -> None:
            prices = store.prices(symbol)
            if fill_in(journal, prices, now=job.now()):
                job.keep(f"scores of {symbol}")
            found.extend(tracks(journal, symbol) or [empty_track(symbol)])

        job.each(chosen, one)
    threshold = threshold_of(config.false_alarms, sum(track.n_published > 0 for track in found))
    rows, notes = [], [Note(NOTE)]
    for track in found:
        alarms = track.alarms(threshold)
        raised = [alarm.test for alarm in alarms if alarm.is_raised]
        evidence = {f"evidence of {alarm.test}": alarm.value / threshold for alarm in alarms}
        rows.append({**track.row(), **evidence, "alarm": ", ".join(raised)})
        notes += [
            Note(f"Alarm: {test} of {track.kind} on {track.symbol} has left its band.", tone="bad")
            for test in raised
        ]
    if unpublished := [track.symbol for track in found if not track.n_published]:
        text = f"Nothing is published of {', '.join(unpublished)} yet: {HOW_TO_PUBLISH}"
        notes.append(Note(text, tone="odd"))
    if config.alarm and any(row["alarm"] for row in rows):
        job.exit_code = job.exit_code or ExitCode.ALARM
    told = {row["alarm"]: "bad" for row in rows if row["alarm"]}
    columns = (
        Column("symbol", "symbol", right=False),
        Column("kind", "model", right=False),
        Column("published", "published", "{:,}".format, spare=3),
        Column("scored", "scored", "{:,}".format),
        Column("skill_next", "next session", signed_percent(1)),
        Column("skill", "skill", signed_percent(1)),
        Column("coverage_90", "90 % held", percent(1)),
        Column("coverage_50", "50 % held", percent(1), spare=1),
        Column("hit_rate", "side right", percent(1)),
        Column("quantile_crps", "quantile score", number(5), spare=2),
        Column("alarm", "alarm", right=False, tones=told),
    )
    job.emit(Result("score", columns, rows, title="Published forecasts", notes=notes))


COMMAND = score
