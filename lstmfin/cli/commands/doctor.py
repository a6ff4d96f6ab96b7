"""Look after the workspace."""

import contextlib
import datetime as dt
import os
import platform
import shutil
import sqlite3
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, NamedTuple

import click

import lstmfin
from lstmfin.cli.job import Job
from lstmfin.errors import ExitCode, LstmfinError

LIBRARIES = ("numpy", "pandas", "scipy", "matplotlib", "yfinance")
LEAST_FREE = 200_000_000
"""Bytes that should be free: a store of some hundred symbols takes as many."""

OLD_TEMPORARY = dt.timedelta(days=1)


TONES = {state: state for state in ("good", "odd", "bad")}


class Finding(NamedTuple):
    """One line: what was looked at, whether it is good, odd or bad, and what was seen."""

    check: str
    state: str
    text: str


@click.command("doctor")
@click.pass_obj
def doctor(job: Job, /) -> None:
    """Tell whether the workspace is sound: store, journal, models, configuration, disk, versions.

    Changes nothing. Ends with 65 when something is bad; what is odd only should be looked at.
    """
    from lstmfin.cli.output import Column, Result

    findings = [*_versions(), *_disk(job), *_configuration(job), *_store(job)]
    findings += [*_ledger(job), *_journal(job), *_models(job)]
    columns = [
        Column("check", "check", right=False),
        Column("state", "state", right=False, tones=TONES),
        Column("text", "", right=False, wraps=True),
    ]
    rows = [one._asdict() for one in findings]
    job.emit(Result("doctor", columns, rows, title=f"Workspace {job.workspace.root}"))
    if any(one.state == "bad" for one in findings):
        job.exit_code = ExitCode.DATA


def _versions() -> Iterator[Finding]:
    python, sqlite = platform.python_version(), sqlite3.sqlite_version
    yield Finding("versions", "good", f"lstmfin {lstmfin.__version__}, Python {python}")
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    yield Finding("libraries", "good", f"SQLite {sqlite}, {libraries}")


def _disk(job: Job) -> Iterator[Finding]:
    root = job.workspace.root
    if not root.is_dir():
        yield Finding("folder", "odd", "it is not there yet; lstmfin fetch makes it")
        return
    if not os.access(root, os.W_OK | os.X_OK):
        yield Finding("folder", "bad", "it may not be written")
    free = shutil.disk_usage(root).free
    state = "good" if free >= LEAST_FREE else "odd"
    yield Finding("disk", state, f"{free / 1e6:,.0f} MB free")
    before = (dt.datetime.now(dt.UTC) - OLD_TEMPORARY).timestamp()
    left = [path for path in root.rglob(".tmp-*") if path.lstat().st_mtime < before]
    if left:
        yield Finding("leftovers", "odd", f"{len(left)} temporary files, {left[0]}; remove them")
    cache = job.workspace.cache
    if cache.is_dir() and cache.stat().st_mode & 0o077:
        text = f"{cache} is open to others, and yfinance unpickles from it: chmod 700 {cache}"
        yield Finding("cache", "bad", text)


def _configuration(job: Job) -> Iterator[Finding]:
    try:
        n_watched = len(job.watched_symbols())
    except LstmfinError as error:
        yield Finding("lstmfin.toml", "bad", str(error))
    else:
        there = "sound" if job.workspace.config.exists() else "none, so all is as it comes"
        yield Finding("lstmfin.toml", "good", f"{there}; {n_watched} symbols watched")


def _store(job: Job) -> Iterator[Finding]:
    from lstmfin.data.store import Store

    database = job.workspace.database
    if not database.exists():
        yield Finding("store", "odd", "there are no prices yet; fetch some: lstmfin fetch AAPL")
        return
    try:
        with Store(database) as store:
            broken = store.integrity()
            symbols = store.symbols()
            held = {one.symbol for one in store.held_back()}
            latest = max((store.info(symbol).fetched_at for symbol in symbols), default=None)
    except LstmfinError as error:
        yield Finding("store", "bad", str(error))
        return
    size = database.stat().st_size / 1e6
    yield Finding(
        "store",
        "bad" if broken else "good",
        broken[0] if broken else f"sound; {len(symbols)} series, {size:,.1f} MB",
    )
    yield from _series(job, symbols)
    if held:
        text = f"{', '.join(sorted(held))}; lstmfin data check tells why"
        yield Finding("quarantine", "odd", text)
    now = dt.datetime.now(dt.UTC)
    if latest is not None and latest > now:
        text = (
            f"the clock says {now:%Y-%m-%d %H:%M}, before the last fetch ({latest:%Y-%m-%d %H:%M})"
        )
        yield Finding("clock", "odd", text)


def _series(job: Job, symbols: tuple[str, ...]) -> Iterator[Finding]:
    """Read every series, and with it check every bar."""
    for symbol in symbols:
        try:
            job.prices(symbol)
        except LstmfinError as error:
            yield Finding(f"prices of {symbol}", "bad", str(error))


def _ledger(job: Job) -> Iterator[Finding]:
    """Follow the chain of the trials."""
    from lstmfin.data.ledger import Ledger

    try:
        fault = Ledger(job.workspace.database).fault()
    except LstmfinError as error:
        fault = str(error)
    yield Finding("ledger", "bad" if fault else "good", fault or "sound; no trial is gone")


def _journal(job: Job) -> Iterator[Finding]:
    from lstmfin.ops.journal import Journal
    from lstmfin.ops.review import HOW_TO_PUBLISH, review

    if not job.workspace.database.exists():
        return
    try:
        with Journal(job.workspace.database) as journal:
            found = list(review(journal))
            ((n_rows,),) = journal.read("SELECT count(*) FROM journal")
    except LstmfinError as error:
        found, n_rows = [("bad", str(error))], 0
    sound = f"sound; {n_rows:,} forecasts published" + ("" if n_rows else f"; {HOW_TO_PUBLISH}")
    for state, text in found or [("good", sound)]:
        yield Finding("journal", state, text)


def _models(job: Job) -> Iterator[Finding]:
    from lstmfin.data.store import Store
    from lstmfin.models.shelf import load_model

    folder = job.workspace.root / "models"
    symbols = [_symbol_of(path.name) for path in sorted(folder.glob("m_*"))]
    n_sound = 0
    with contextlib.suppress(LstmfinError), Store(job.workspace.database) as store:
        orphans = sorted({*symbols} - {*store.symbols()})
        if orphans:
            text = f"of {', '.join(orphans)} there are models and no prices; remove or fetch them"
            yield Finding("orphans", "odd", text)
    for symbol in symbols:
        try:
            load_model(job.workspace, symbol)
        except LstmfinError as error:
            yield Finding(f"model of {symbol}", "bad", str(error))
        else:
            n_sound += 1
    yield Finding("models", "good", f"{n_sound} sound")


def _symbol_of(name: str) -> str:
    from urllib.parse import unquote

    return unquote(name.removeprefix("m_"))


COMMAND: Any = doctor
