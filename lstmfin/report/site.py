"""The site of a workspace: its pages, written whole, the index last."""

import datetime as dt
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lstmfin.config import ScoreConfig
from lstmfin.data.reader import Reader
from lstmfin.data.store import Store
from lstmfin.ops.alarm import threshold_of
from lstmfin.ops.journal import Journal
from lstmfin.ops.report import run_folder
from lstmfin.ops.score import tracks
from lstmfin.report.changes import FILE_NAME, Told, load_told, save_told
from lstmfin.report.facts import Facts, Missing, facts_of
from lstmfin.report.index_rows import index_rows, page_of
from lstmfin.report.pages import LastRun, index_page, symbol_page
from lstmfin.workspace import Workspace, write_atomically

log = logging.getLogger(__name__)

INDEX = "index.html"


@dataclass(frozen=True)
class Written:
    """A page that was written: where, and what of it was never computed, by its command."""

    symbol: str
    path: Path
    missing: tuple[str, ...]


def has_site(workspace: Workspace) -> bool:
    """Tell whether a report was written before."""
    return (workspace.reports / INDEX).is_file()


def write_site(
    workspace: Workspace,
    symbols: Sequence[str],
    *,
    watched: Sequence[str] = (),
    score: ScoreConfig | None = None,
    now: dt.datetime,
    advance: Callable[[float, float], None] = lambda _done, _total: None,
) -> list[Written]:
    """Write the pages of symbols that are stored, and the index of all that is stored or watched.

    Each file is written whole or not at all, and the index after what it leads to. Pages of other
    symbols stay as they are; those that were never written are made.

    Parameters
    ----------
    watched : sequence of str
        The watch-list; its symbols stand first.
    score : ScoreConfig, optional
        Whose rate of false alarms the alarms have.
    now : datetime
        With a time zone.
    advance : callable
        Told how many pages are done, of how many.

    Raises
    ------
    WriteError
        When a page cannot be written.
    """
    written, told = load_told(workspace.reports / FILE_NAME)
    with Store(workspace.database) as store, Journal(workspace.database) as journal:
        stored = store.symbols()
        known = {one: told[one] for one in stored if one in told and _has_page(workspace, one)}
        due = [one for one in stored if one in symbols or one not in known]
        threshold = _threshold(journal, score or ScoreConfig())
        pages, reader = [], Reader(store)
        for number, symbol in enumerate(due):
            advance(number, len(due))
            facts = facts_of(workspace, reader, journal, symbol, threshold=threshold)
            row = facts.row()
            known[symbol] = known[symbol].renewed(row, written) if symbol in known else Told(row)
            path = workspace.reports / page_of(symbol)
            write_atomically(path, symbol_page(facts, known[symbol], now=now))
            pages.append(Written(symbol, path, _missing(facts)))
        save_told(workspace.reports / FILE_NAME, known, now=now)
        every = tuple(dict.fromkeys((*watched, *stored)))
        rows = index_rows(every, known, today=now.astimezone(dt.UTC).date())
    index = index_page(rows, n_watched=len(set(watched)), run=last_run(workspace), now=now)
    write_atomically(workspace.reports / INDEX, index)
    return pages


def _has_page(workspace: Workspace, symbol: str) -> bool:
    return (workspace.reports / page_of(symbol)).is_file()


def _threshold(journal: Journal, score: ScoreConfig) -> float:
    """Return the threshold of the alarms over all that was published."""
    n_tracks = sum(len(tracks(journal, symbol)) for symbol in journal.symbols())
    return threshold_of(score.false_alarms, n_tracks)


def _missing(facts: Facts) -> tuple[str, ...]:
    parts = (facts.model, facts.record, facts.forecast, facts.gates)
    return tuple(dict.fromkeys(p.command or p.text for p in parts if isinstance(p, Missing)))


def last_run(workspace: Workspace) -> LastRun | None:
    """Return how the last evening job ended; None where there was none."""
    reports = sorted(run_folder(workspace).glob("run-*.json"))
    if not reports:
        return None
    try:
        table = json.loads(reports[-1].read_bytes())
        ended = dt.datetime.fromisoformat(table["ended"])
        return LastRun(f"{ended:%Y-%m-%d %H:%M}", int(table["exit_code"]), str(table["summary"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        log.warning("%s cannot be read (%s)", reports[-1], error)
        return None
