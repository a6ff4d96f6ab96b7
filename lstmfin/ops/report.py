"""The report of a run: one JSON file, with the state of each symbol and the running scores."""

import datetime as dt
import json
import math
from pathlib import Path
from typing import Any

import lstmfin
from lstmfin.ops.evening import Evening
from lstmfin.ops.logs import prune, stamp
from lstmfin.redaction import one_line
from lstmfin.workspace import Workspace, write_atomically


def write_report(
    evening: Evening, *, began: dt.datetime, code: int, summary: str, log: Path, keep: int
) -> Path:
    """Write the report of a run into ``reports/runs``, whole or not at all; return its path.

    The oldest go once there are more than ``keep``. Nothing of the configuration stands in it.
    """
    folder = run_folder(evening.workspace)
    path = folder / f"run-{stamp(began)}.json"
    ended = evening.now()
    document = {
        "version": lstmfin.__version__,
        "began": began.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "ended": ended.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "exit_code": code,
        "summary": one_line(summary),
        "log": log.name,
        "seed": evening.settings.train.seed,
        "symbols": [line.row() for line in evening.lines.values()],
        "alarms": evening.alarms,
        "notes": evening.notes,
        "scores": [_finite(track.row()) for track in evening.scores],
    }
    write_atomically(path, json.dumps(document, indent=1, allow_nan=False).encode())
    prune(folder, "run-*.json", keep=keep)
    return path


def run_folder(workspace: Workspace) -> Path:
    """Return the folder of the reports of runs."""
    return workspace.reports / "runs"


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }
