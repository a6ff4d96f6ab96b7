"""What programs may rely on in JSON and CSV."""

import json
from pathlib import Path

import click

from lstmfin.cli.job import Job

FOLDER = Path(__file__).parents[1] / "schema"
"""A JSON schema for each result, named after it."""


@click.command("schema")
@click.pass_obj
def schema(job: Job, /) -> None:
    """Tell where the JSON schema of each command's result lies, with every key and its unit.

    --format json prints one such document for one command, and a list of them for a chain. A row of
    --format csv holds the same keys: text as it is, empty for null, all else as JSON.
    """
    from lstmfin.cli.output import Column, Result

    rows = [
        {
            "result": path.stem,
            "description": json.loads(path.read_text(encoding="utf-8"))["description"],
            "path": str(path),
        }
        for path in sorted(FOLDER.glob("*.json"))
    ]
    columns = (
        Column("result", "result", right=False),
        Column("description", "what it is", right=False, wraps=True, spare=1),
        Column("path", "schema", right=False),
    )
    job.emit(Result("schema", columns, rows, title="Schemas of results"))


COMMAND = schema
