"""The spread over seeds of a backtest of many members, as it is printed."""

from typing import TYPE_CHECKING, Any

from lstmfin.cli.job import Job

if TYPE_CHECKING:
    from lstmfin.backtest.record import Record

LABELS = {"crps_skill": "CRPS skill", "qlike": "QLIKE", "sharpe": "Sharpe"}


def emit_seeds(job: Job, records: "list[Record]") -> None:
    """Print how well the members of each network do alone: a table a symbol, or all as one."""
    from lstmfin.cli.output import Column, Result, percent

    rows = [row for record in records for row in _rows(record)]
    if not rows:
        return
    names = dict.fromkeys(name for row in rows for name in row["beats"])
    columns = (
        Column("symbol", "symbol", right=False),
        Column("score", "of each seed alone", LABELS.__getitem__, right=False),
        *(Column(f"{key} shown", key) for key in ("least", "median", "most")),
        *(Column(f"beats {name}", f"beat {name}", percent(0), spare=1) for name in names),
    )
    note = (
        "How far the seed alone decides: what the networks would have come to one by one, and the "
        "share of them that is better than each baseline. Nobody knows the best seed in time; the "
        "forecast that is scored above is all of them in equal parts."
    )
    shown = [row | _cells(row) for row in rows] if job.style == "table" else rows
    job.emit(Result("seeds", columns, shown, title="Seeds", notes=[note]))


def _rows(record: "Record") -> list[dict[str, Any]]:
    seeds = record.seeds
    if seeds is None:
        return []
    return [
        {
            "symbol": record.symbol,
            "score": score,
            "seeds": seeds.n,
            **seeds.spread[score],
            "beats": seeds.beats[score],
            "each": seeds.scores[score],
        }
        for score in LABELS
    ]


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row's numbers as its score is shown, and its shares by column."""
    from lstmfin.cli.output import number, signed_percent

    shows = {"crps_skill": signed_percent(), "qlike": number(3), "sharpe": number(2)}
    show = shows[row["score"]]
    ends = {f"{key} shown": row[key] for key in ("least", "median", "most")}
    cells = {key: None if value is None else show(value) for key, value in ends.items()}
    return cells | {f"beats {name}": share for name, share in row["beats"].items()}
