"""Options of the commands, derived from the sections of the configuration."""

import datetime as dt
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import click

from lstmfin.cli.completion import symbols_of, words
from lstmfin.config import Section, allowed_text, choice_names, without_none
from lstmfin.registry import did_you_mean

F = TypeVar("F", bound=Callable[..., Any])

symbols_argument = click.argument(
    "symbols", nargs=-1, metavar="[SYMBOL]...", shell_complete=symbols_of
)
"""The symbols a command works on."""


def section_options(section: type[Section]) -> Callable[[F], F]:
    """Give a command an option for each field of a section; those not given are passed as None."""

    def decorate(command: F) -> F:
        hints = get_type_hints(section)
        for spec in reversed(fields(section)):  # type: ignore[arg-type]  # every section is a dataclass
            if spec.metadata["secret"]:
                continue
            command = _option(spec.name, hints[spec.name], spec.metadata, spec.default)(command)
        return command

    return decorate


def _option(name: str, hint: Any, rules: Any, default: Any) -> Callable[[F], F]:
    kind = without_none(hint)
    flag = f"--{name.rstrip('_').replace('_', '-')}"  # `from` is a word of Python's
    help_text = _help_text(kind, rules, default)
    if kind is bool:
        return click.option(flag, name, is_flag=True, default=None, help=help_text)
    types: dict[Any, Any] = {
        int: click.INT,
        float: click.FLOAT,
        dt.date: _Date(),
        Path: click.Path(path_type=Path),
    }
    listed = get_origin(kind) is tuple
    taken = _Words(get_args(kind)[0]) if listed else types.get(kind, click.STRING)
    complete = words(lambda: choice_names(rules), listed=listed) if rules["choices"] else None
    return click.option(flag, name, type=taken, help=help_text, shell_complete=complete)


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


class Choice(click.Choice[str]):
    """One of some words; of another it is told which was meant."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:  # noqa: ARG002
        """Return what is told of a word that is none of them."""
        names = [str(one) for one in self.choices]
        near = did_you_mean(str(value), names)
        begin = f"{near} It" if near else "; it"
        return f"'{value}'{begin} must be one of: {', '.join(names)}"


class _Date(click.ParamType[dt.date]):
    name = "date"

    def convert(self, value: Any, param: Any, ctx: Any) -> dt.date:
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            self.fail(f"'{value}' is not a date as YYYY-MM-DD", param, ctx)


class _Words(click.ParamType[tuple[Any, ...]]):
    """Values of one kind, separated by commas."""

    name = "list"

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[Any, ...]:
        words = [word.strip() for word in value.split(",") if word.strip()]
        if not words:
            self.fail("an empty list; separate its values by commas", param, ctx)
        try:
            return tuple(self.kind(word) for word in words)
        except ValueError:
            self.fail(f"'{value}' must be whole numbers, separated by commas", param, ctx)
