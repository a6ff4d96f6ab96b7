"""The evening job in one command."""

import contextlib
import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options, symbols_argument
from lstmfin.config import RunConfig, Settings
from lstmfin.errors import ExitCode, LstmfinError
from lstmfin.redaction import one_line

if TYPE_CHECKING:
    from lstmfin.ops.evening import Evening

TONES = {"done": "good", "failed": "bad"}

log = logging.getLogger(__name__)


@click.command("run")
@symbols_argument
@section_options(RunConfig)
@click.pass_obj
def run(job: Job, /, symbols: tuple[str, ...], **options: Any) -> None:
    """Do the evening's work: fetch, score, train what is due, forecast, report.

    Without symbols: the watch-list, else all that the workspace holds. One run at a time works on a
    workspace; what is done already is not done again, and what a crash left undone is.
    """
    from lstmfin.data.symbols import parse_symbol
    from lstmfin.ops.lock import locked

    for symbol in symbols:
        parse_symbol(symbol)  # before anything is touched
    settings = replace(job.settings, run=job.settings.run.evolve(**options))
    if not job.workspace.root.is_dir():
        job.choose(symbols, job.stored_symbols)
    with locked(job.workspace, wait=settings.run.wait):
        chosen = job.choose(symbols, lambda: _watched_or_stored(job))
        _run(job, settings, chosen)


def _watched_or_stored(job: Job) -> Sequence[str]:
    return job.watched_symbols() or job.stored_symbols()


def _run(job: Job, settings: Settings, chosen: tuple[str, ...]) -> None:
    """Run with a log file of its own; a report and the health check tell whatever happens."""
    from lstmfin.cli.interrupts import Terminated, held_back
    from lstmfin.ops.evening import Evening
    from lstmfin.ops.line import exit_code_of, summary_of
    from lstmfin.ops.logs import log_file
    from lstmfin.ops.ping import ping
    from lstmfin.ops.tidy import prune_models, sweep

    began, config = job.now(), settings.run
    evening = Evening(job.workspace, settings, now=job.now, hold=held_back)
    folder = job.workspace.logs
    with log_file(folder, style=job.log_format, now=began, keep=config.keep) as file:
        ping(config.ping, suffix="start")
        try:
            evening.run(chosen)
            sweep(job.workspace, now=began)
            prune_models(job.workspace, keep=config.keep_models)
        except BaseException as error:
            code = ExitCode.TERMINATED if isinstance(error, Terminated) else ExitCode.INTERRUPTED
            if not isinstance(error, KeyboardInterrupt):
                code = getattr(error, "exit_code", ExitCode.BUG)
            said = str(error) or type(error).__name__
            for symbol, line in evening.lines.items():
                if line.state == "done":
                    job.keep(f"what was done for {symbol}")
            with contextlib.suppress(LstmfinError):  # the error itself is told, and what it was
                _end(evening, began=began, code=code, summary=said, file=file)
            raise
        code = ExitCode(exit_code_of(list(evening.lines.values())))
        if code == ExitCode.OK and evening.alarms and config.alarm:
            code = ExitCode.ALARM
        summary = summary_of(list(evening.lines.values()), evening.alarms)
        report = _end(evening, began=began, code=code, summary=summary, file=file)
        _write_pages(job, evening)
    job.symbols = tuple(s for s, line in evening.lines.items() if line.state != "failed")
    job.exit_code = code or job.exit_code
    _show(job, evening)
    job.tell(f"run: {summary}; exit {int(code)}; report {report}", always=code != ExitCode.OK)


def _end(evening: "Evening", *, began: dt.datetime, code: int, summary: str, file: Path) -> Path:
    from lstmfin.ops.ping import ping
    from lstmfin.ops.report import write_report

    config = evening.settings.run
    log.info("ended with %d: %s", code, summary)
    try:
        return write_report(
            evening, began=began, code=code, summary=summary, log=file, keep=config.keep
        )
    finally:
        ping(config.ping, suffix=str(int(code)) if code else "", text=one_line(summary))


def _write_pages(job: Job, evening: "Evening") -> None:
    """Write the pages of symbols with news; whatever comes of that, the run is what it was."""
    from lstmfin.report.site import INDEX, has_site, write_site

    fresh = [symbol for symbol, line in evening.lines.items() if line.state != "nothing new"]
    if evening.settings.run.no_report or not (fresh or not has_site(job.workspace)):
        return
    try:
        write_site(
            job.workspace, fresh, watched=job.watched_symbols(), score=evening.settings.score,
            now=job.now(),
        )  # fmt: skip
        log.info("the report is written: %s", job.workspace.reports / INDEX)
    except Exception as error:
        log.exception("the report could not be written")
        job.tell(f"the report could not be written: {one_line(str(error))}", always=True)


def _show(job: Job, evening: "Evening") -> None:
    from lstmfin.cli.output import Column, Note, Result

    columns = (
        Column("symbol", "symbol", right=False),
        Column("state", "state", right=False, tones=TONES),
        Column("last", "last session", right=False),
        Column("new", "new"),
        Column("scored", "scored", spare=2),
        Column("trained", "trained for", right=False, spare=1),
        Column("published", "published"),
        Column("error", "", right=False, wraps=True),
    )
    rows = [line.row() for line in evening.lines.values()]
    for row in rows:
        del row["seconds"]
    notes = [Note(f"Alarm: {text} has left its band.", tone="bad") for text in evening.alarms]
    notes += [Note(f"Another network: {text}.", tone="odd") for text in evening.notes]
    more = {"notes": evening.notes}
    job.emit(Result("run", columns, rows, title="This evening", notes=notes, more=more))


COMMAND = run
