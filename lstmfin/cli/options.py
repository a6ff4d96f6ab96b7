"""Options of the commands, derived from the sections of the configuration."""

import datetime as dt
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import click

from lstmfin.config import Section, allowed_text, choice_names
from lstmfin.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

symbols_argument = click.argument("symbols", nargs=-1, metavar="[SYMBOL]...")
"""The symbols a command works on."""


def section_options(section: type[Section]) -> Callable[[F], F]:
    """Give a command an option for each field of a section; those not given are passed as None."""

    def decorate(command: F) -> F:
        hints = get_type_hints(section)
        for spec in reversed(fields(section)):  # type: ignore[arg-type]  # every section is a dataclass
            command = _option(spec.name, hints[spec.name], spec.metadata, spec.default)(command)
        return command

    return decorate


def _option(name: str, hint: Any, rules: Any, default: Any) -> Callable[[F], F]:
    kind = next((one for one in get_args(hint) if one is not type(None)), hint)
    flag = f"--{name.replace('_', '-')}"
    help_text = _help_text(kind, rules, default)
    if kind is bool:
        return click.option(flag, name, is_flag=True, default=None, help=help_text)
    types: dict[Any, Any] = {
        int: click.INT,
        float: click.FLOAT,
        dt.date: _Date(),
        Path: click.Path(path_type=Path),
    }
    is_list = kind is str and get_args(hint)[:1] == (str,)
    return click.option(
        flag, name, type=_Words() if is_list else types.get(kind, click.STRING), help=help_text
    )


def _help_text(kind: Any, rules: Any, default: Any) -> str:
    notes = []
    if names := choice_names(rules):
        notes.append(f"one of {', '.join(names)}")
    if bounds := allowed_text(rules):
        notes.append(bounds)
    if default is not None and default != () and kind is not bool:
        notes.append(f"default {default}")
    text: str = rules["help"]
    return text + (f"  [{'; '.join(notes)}]" if notes else "")


class _Date(click.ParamType[dt.date]):
    name = "date"

    def convert(self, value: Any, param: Any, ctx: Any) -> dt.date:
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is not a date as YYYY-MM-DD", param, ctx)


class _Words(click.ParamType[tuple[str, ...]]):
    name = "names"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:  # noqa: ARG002
        words = tuple(word.strip() for word in value.split(",") if word.strip())
        if not words:
            raise UsageError("an empty list of names; part them with commas")
        return words
