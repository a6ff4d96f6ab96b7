"""Holds results against the schemas that ship with the program."""

import json
from typing import Any

from jsonschema import Draft202012Validator

from lstmfin.cli.commands.schema import FOLDER

SCHEMAS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def closed(schema: Any) -> Any:
    """Return a schema that allows no key it does not name: the documents must be whole."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: closed(value) for key, value in schema.items()}
    if "properties" in schema and isinstance(schema["properties"], dict):
        made.setdefault("additionalProperties", False)
    return made


def validate(document: Any) -> None:
    """Hold what ``--format json`` printed, of one command or of several, against the schemas."""
    for one in document if isinstance(document, list) else [document]:
        schema = closed(SCHEMAS[one["command"]])
        checker = Draft202012Validator.FORMAT_CHECKER
        Draft202012Validator(schema, format_checker=checker).validate(one)
