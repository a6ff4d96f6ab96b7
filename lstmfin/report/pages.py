"""What stands on each page, in words, and the pages as HTML.

Everything is escaped. Style and script stand in the page, named by their hashes in its
content-security policy: nothing else is run, and nothing is asked of any host.
"""

import base64
import datetime as dt
import hashlib
import re
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

import lstmfin
from lstmfin.advice import advised
from lstmfin.backtest.record import Record
from lstmfin.plots.theme import THEMES
from lstmfin.report import charts, tables
from lstmfin.report.changes import Told, changes
from lstmfin.report.facts import SPARK, Facts, Missing
from lstmfin.report.index_rows import IndexRow

T = TypeVar("T")

FOLDER = Path(__file__).parent / "templates"

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

COLUMNS = (
    ("symbol", "Symbol", "text"),
    ("close", "Last price", "number"),
    ("curve", f"{SPARK} closes", ""),
    ("range", "90 % range", "number"),
    ("chance", "Chance of a rise", "number"),
    ("verdict", "Verdict", "number"),
    ("coverage", "90 % range held", "number"),
    ("fresh", "Last session", "text"),
    ("alarm", "Alarms", "number"),
)
"""Of the index: class, name, and how it is sorted; empty if it is not."""


class LastRun(NamedTuple):
    """How the last evening job ended."""

    ended: str
    code: int
    summary: str


def index_page(
    rows: list[IndexRow], *, n_watched: int = 0, run: LastRun | None, now: dt.datetime
) -> bytes:
    """Return the page of the watch-list, which comes first, and of all else that is stored."""
    news = [row for row in rows if row.news]
    return _render(
        "index.html.j2", now, rows=rows, n_watched=n_watched, run=run, news=news, columns=COLUMNS,
        spark=SPARK,
    )  # fmt: skip


def symbol_page(facts: Facts, told: Told, *, now: dt.datetime) -> bytes:
    """Return the page of a symbol."""
    nothing = Missing(
        f"No forecast of {facts.symbol} was published yet; a forecast publishes sessions that are "
        "not over",
        advised("forecast", facts.symbol),
    )
    return _render(
        "symbol.html.j2",
        now,
        symbol=facts.symbol,
        label=facts.info.label,
        tiles=tables.tiles(facts, told.row, today=now.date()),
        fan=_or_missing(facts.forecast, lambda forecast: charts.fan(forecast, facts.prices)),
        since=told.since,
        changed=changes(told),
        is_the_same=told.is_the_same,
        **_backtest(facts.record),
        another="; ".join(facts.another),
        calibration=_or_missing(facts.calibration, lambda p: [charts.coverage(p), charts.pit(p)]),
        gates=_or_missing(facts.gates, lambda p: [charts.gates(p), charts.reasons(p)]),
        tracks=tables.tracks(facts),
        published=charts.published(facts.published) if facts.published else nothing,
        data=tables.data(facts),
        model=_or_missing(facts.model, tables.model),
        held_back=tables.held_back(facts),
    )  # fmt: skip


def _backtest(record: Record | Missing) -> dict[str, Any]:
    if isinstance(record, Missing):
        return {"findings": [], "equity": record, "scores": [], "skills": []}
    return {
        "findings": record.findings,
        "equity": charts.equity(record),
        "scores": tables.scores(record),
        "skills": tables.skills(record),
    }


def _or_missing(one: T | Missing, show: Callable[[T], Any]) -> Any:
    return one if isinstance(one, Missing) else show(one)


def _render(name: str, now: dt.datetime, **values: Any) -> bytes:
    style, script = _style(), _script()
    page = _environment().get_template(name).render(
        style=Markup(style),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - a file of ours
        policy=(
            f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "img-src data:; base-uri 'none'; form-action 'none'"
        ),
        version=lstmfin.__version__,
        written=now.astimezone(dt.UTC).isoformat(timespec="seconds"),
        **values,
    )  # fmt: skip
    return page.encode("utf-8", "replace")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["dated"] = _dated
    environment.globals["advised"] = advised
    return environment


def _dated(text: str) -> Markup:
    """Return a text whose dates are not broken at the end of a line."""
    marked = DATE.sub(r'<span class="date">\g<0></span>', str(escape(text)))
    return Markup(marked)  # noqa: S704 - escaped in the line before


@cache
def _style() -> str:
    """Return the style sheet, with the colours of the pictures."""
    colours = {
        theme.name: "".join(
            f"--{spec.name}:{getattr(theme, spec.name)};"
            for spec in fields(theme)
            if spec.name != "name"
        )
        for theme in THEMES.values()
    }
    root = (
        f":root{{{colours['light']}}}@media screen and (prefers-color-scheme:dark){{:root{{"
        f"{colours['dark']}}}}}"
    )
    return root + (FOLDER / "report.css").read_text(encoding="utf-8")


@cache
def _script() -> str:
    return (FOLDER / "report.js").read_text(encoding="utf-8")
