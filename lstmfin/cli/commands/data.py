"""Look at the prices of the workspace."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from lstmfin.cli.completion import first_word
from lstmfin.cli.job import Job
from lstmfin.cli.options import section_options
from lstmfin.config import DataConfig
from lstmfin.errors import UsageError
from lstmfin.registry import did_you_mean

if TYPE_CHECKING:
    from lstmfin.cli.output import Result
    from lstmfin.data.store import Store

Rows = list[dict[str, Any]]


@click.command("data")
@click.argument(
    "words",
    nargs=-1,
    metavar="[list|show|check|diff|export] [SYMBOL]...",
    shell_complete=first_word(lambda: tuple(ACTIONS), needed=True),
)
@section_options(DataConfig)
@click.pass_obj
def data(job: Job, /, words: tuple[str, ...], **options: Any) -> None:
    """Look at the prices of SYMBOL...; of all that the workspace holds without one.

    list: what there is. show: the last bars. check: gaps, odd values, and what is in quarantine.
    diff: what a source changed afterwards, and when. export: a CSV or Parquet file.
    """
    from lstmfin.data.store import Store

    config = DataConfig().evolve(**options)
    action = words[0] if words else "list"
    if action not in ACTIONS:
        near = did_you_mean(action, ACTIONS)
        raise UsageError(f"data does not know {action!a}{near} (it knows: {', '.join(ACTIONS)})")
    with Store(job.workspace.database) as store:
        # What was never stored may still wait in quarantine.
        held_only = action == "check" and not store.symbols() and store.held_back()
        chosen = job.choose(words[1:], tuple if held_only else job.stored_symbols)
        ACTIONS[action](job, store, chosen, config)


def _list(job: Job, store: "Store", chosen: tuple[str, ...], config: DataConfig) -> None:
    del config
    held = [one.symbol for one in store.held_back()]
    rows: Rows = []

    def one(symbol: str) -> None:
        info = store.info(symbol)
        rows.append(
            {
                "symbol": symbol,
                "source": info.source,
                "sessions": info.n_sessions,
                "first": str(info.first),
                "last": str(info.last),
                "revisions": info.n_revisions,
                "held_back": held.count(symbol),
                "changed_at": f"{info.fetched_at:%Y-%m-%d %H:%M}",
                "currency": info.currency,
                "timezone": info.timezone,
                "label": info.label,
            }
        )

    job.each(chosen, one)
    spare = {"revisions": 1, "changed_at": 2, "label": 3}
    keys = "symbol source sessions first last revisions held_back changed_at label"
    job.emit(_result("Prices in the workspace", rows, keys, spare=spare))


def _show(job: Job, store: "Store", chosen: tuple[str, ...], config: DataConfig) -> None:
    del store
    rows: Rows = []

    def one(symbol: str) -> None:
        prices = job.prices(symbol, as_of=config.as_of)
        bars: Rows = prices.bars.to_dict("records")  # type: ignore[assignment]  # named columns
        own = [
            {"symbol": symbol, "session": str(session), **bar, "action": ""}
            for session, bar in zip(prices.sessions, bars, strict=True)
        ]
        place = {row["session"]: row for row in own}
        for session, kind, value in prices.actions.itertuples(index=False):
            if row := place.get(f"{session:%Y-%m-%d}"):
                row["action"] = f"{row['action']} {kind} {value:g}".strip()
        rows.extend(own if job.style != "table" else own[-config.last :])

    job.each(chosen, one)
    unfinished = [row for row in rows if not row["final"]]
    notes = [
        f"{row['symbol']}: the session of {row['session']} is not over; its bar is kept out of "
        "training and forecasts."
        for row in unfinished
    ]
    keys = "symbol session open high low close adj_close volume final action"
    spare = {"open": 2, "action": 3, "adj_close": 4, "volume": 5, "final": 6}
    job.emit(_result("Bars", rows, keys, spare=spare, notes=notes))


def _check(job: Job, store: "Store", chosen: tuple[str, ...], config: DataConfig) -> None:
    from lstmfin.data.audit import audit

    del config
    now = dt.datetime.now(dt.UTC)
    rows: Rows = []

    def one(symbol: str) -> None:
        found = audit(store, symbol, now=now)
        rows.extend(
            {"symbol": symbol, "session": d.session, "finding": d.gate, "text": d.text}
            for d in found
        )
        if not found:
            rows.append({"symbol": symbol, "session": "", "finding": "none", "text": ""})

    job.each(chosen, one)
    for held in store.held_back():
        if held.symbol not in store:
            rows.append(
                {
                    "symbol": held.symbol,
                    "session": held.session,
                    "finding": "quarantine",
                    "text": f"never stored: {held.reason}",
                }
            )
    job.emit(_result("Findings", rows, "symbol session finding text"))


def _diff(job: Job, store: "Store", chosen: tuple[str, ...], config: DataConfig) -> None:
    del config
    rows: Rows = []
    changes: Rows = []

    def one(symbol: str) -> None:
        store.info(symbol)
        groups: dict[tuple[str, str], Rows] = defaultdict(list)
        for session, field, seen_at, old, new in store.revisions(symbol):
            change = {"symbol": symbol, "seen_at": seen_at, "session": session, "field": field}
            groups[seen_at, field].append({**change, "old": old, "new": new})
        for (seen_at, field), group in groups.items():
            changes.extend(group)
            rows.append({"symbol": symbol, "seen_at": seen_at, "field": field, **_summary(group)})

    job.each(chosen, one)
    note = "No stored value was changed by its source so far."
    if rows:
        note = (
            "Old and new are of the first session. A factor is told where one scales all of them, "
            "as a dividend or a split does with adjusted prices."
        )
    keys = "symbol seen_at field sessions first last old new factor"
    more: dict[str, Any] = {"notes": [note], "more": {"changes": changes}}
    spare = {"last": 1, "sessions": 2, "seen_at": 3}
    job.emit(_result("Changed afterwards", rows, keys, spare=spare, **more))


def _summary(group: Rows) -> dict[str, Any]:
    """Return how many sessions changed and, where it is one, by what factor."""
    from lstmfin.data.merge import SAME

    factors = [row["new"] / row["old"] for row in group if row["old"] and row["new"] is not None]
    alike = len(factors) == len(group) and max(factors) - min(factors) <= 10 * SAME
    return {
        "sessions": len(group),
        "first": group[0]["session"],
        "last": group[-1]["session"],
        "old": group[0]["old"],
        "new": group[0]["new"],
        "factor": sum(factors) / len(factors) if alike else None,
    }


def _export(job: Job, store: "Store", chosen: tuple[str, ...], config: DataConfig) -> None:
    from lstmfin.data.export import export_bytes, export_place
    from lstmfin.workspace import absolute, safe_name, write_atomically

    del store
    out = absolute(config.out) if config.out else job.workspace.reports / "prices"
    if out.suffix and not out.is_dir() and len(chosen) > 1:
        raise UsageError(f"--out {out} is one file, and there are {len(chosen)} symbols")
    rows: Rows = []

    def one(symbol: str) -> None:
        prices = job.prices(symbol, as_of=config.as_of).finished()
        place = export_place(out, safe_name(symbol))
        content = export_bytes(prices, place.suffix.lower())
        write_atomically(place, content, flag="--out" if config.out else "-C")
        job.keep(str(place))
        rows.append({"symbol": symbol, "sessions": len(prices), "path": str(place)})

    job.each(chosen, one)
    job.emit(_result("Exported", rows, "symbol sessions path"))


ACTIONS: dict[str, Callable[[Job, "Store", tuple[str, ...], DataConfig], None]] = {
    "list": _list,
    "show": _show,
    "check": _check,
    "diff": _diff,
    "export": _export,
}

LEFT = {"symbol", "source", "field", "finding", "text", "action", "label", "path"}


def _result(title: str, rows: Rows, keys: str, *, spare: Any = None, **more: Any) -> "Result":
    from lstmfin.cli.output import Column, Result

    columns = [
        Column(
            key,
            key.replace("_", " "),
            _shown,
            right=key not in LEFT,
            spare=(spare or {}).get(key, 0),
            wraps=key == "text",
        )
        for key in keys.split()
    ]
    return Result("data", columns, rows, title=title, **more)


def _shown(value: Any) -> str:
    """Show numbers with what they carry; moments are text already."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.10g}" if isinstance(value, float) else str(value)


COMMAND = data
