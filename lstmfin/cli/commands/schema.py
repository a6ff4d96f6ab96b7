"""What programs may rely on in JSON and CSV."""

import json
from pathlib import Path

import click

from lstmfin.cli.completion import words
from lstmfin.cli.job import Job
from lstmfin.errors import UsageError
from lstmfin.registry import did_you_mean

FOLDER = Path(__file__).parents[1] / "schema"
"""A JSON schema for each result, named after it."""


def names() -> tuple[str, ...]:
    """Return the results that have a schema."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


@click.command("schema")
@click.argument("name", required=False, metavar="[NAME]", shell_complete=words(names))
@click.pass_obj
def schema(job: Job, /, name: str | None) -> None:
    """Tell where the JSON schema of each command's result lies, with every key and its unit.

    With NAME, such as "schema forecast", that of one result; at the head of the line only.

    --format json prints one such document for one command, and a list of them for a chain. A row of
    --format csv holds the same keys: text as it is, empty for null, all else as JSON.
    """
    from lstmfin.cli.output import Column, Result

    if name is not None and name not in names():
        near = did_you_mean(name, names())
        raise UsageError(f"there is no result '{name}'{near} (there are: {', '.join(names())})")
    rows = [
        {
            "result": path.stem,
            "description": json.loads(path.read_text(encoding="utf-8"))["description"],
            "path": str(path),
        }
        for path in sorted(FOLDER.glob("*.json"))
        if name in {None, path.stem}
    ]
    columns = (
        Column("result", "result", right=False),
        Column("description", "what it is", right=False, wraps=True, spare=1),
        Column("path", "schema", right=False),
    )
    job.emit(Result("schema", columns, rows, title="Schemas of results"))


COMMAND = schema
