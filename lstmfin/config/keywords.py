"""Options as Python gives them, lists for tuples and texts for dates; and errors in its words."""

import datetime as dt
import functools
import numbers
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

from lstmfin.config.commands import BacktestConfig, FetchConfig, PlotConfig
from lstmfin.config.option import KIND_NAMES, Section, without_none
from lstmfin.config.train import TrainConfig
from lstmfin.errors import LstmfinError, UsageError
from lstmfin.registry import did_you_mean

S = TypeVar("S", bound=Section)
P = ParamSpec("P")
R = TypeVar("R")

OF_PYTHON = (FetchConfig, TrainConfig, BacktestConfig, PlotConfig)
"""Sections whose options Python takes as keywords."""


def with_keywords(section: S, options: Mapping[str, Any], *, but: tuple[str, ...] = ()) -> S:
    """Return a section with some options changed.

    Parameters
    ----------
    options : mapping of str
        By the names of the fields, such as ``learning_rate``.
    but : tuple of str
        Fields that are of the command line alone.

    Raises
    ------
    UsageError
        When there is no such option, or its value cannot be.

    Examples
    --------
    >>> from lstmfin.config import FetchConfig
    >>> with_keywords(FetchConfig(), {"start": "2024-01-02"}).start
    datetime.date(2024, 1, 2)
    """
    known = [spec.name for spec in fields(section) if spec.name not in but]  # type: ignore[arg-type]  # every section is a dataclass
    for name in options:
        if name not in known:
            near = did_you_mean(name, known)
            raise UsageError(f"there is no option '{name}'{near} (there are: {', '.join(known)})")
    hints = get_type_hints(type(section))
    given = {
        name: _plain(without_none(hints[name]), name, value) for name, value in options.items()
    }
    return section.evolve(**given)


def spoken_in_python(work: Callable[P, R]) -> Callable[P, R]:
    """Return a function of the public API whose errors speak of keywords and calls."""

    @functools.wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return work(*args, **kwargs)
        except LstmfinError as error:
            error.args = (in_python(str(error)), *error.args[1:])
            raise

    return call


CALLS = {
    "fetch": "lstmfin.fetch({symbol}{keywords})",
    "train": "lstmfin.Forecaster({keywords}).fit(prices)",
    "backtest": "lstmfin.backtest(prices{keywords})",
}
"""What Python calls where the command line gives a command."""

_LINE = re.compile(
    rf"lstmfin (?P<command>{'|'.join(CALLS)}) (?P<symbol>'[^']*'|[^\s;,-]\S*)"
    r"(?P<options>(?: --[a-z-]+ [^\s;,-]\S*)*)$"
)
_FLAG = re.compile(r"lstmfin [a-z]+(?:'[^']*'|[^;,()'])*|(?<![\w-])--(?P<flag>[a-z]\w*(?:-\w+)*)")
"""A command line, which stays as it is, or an option."""


def in_python(message: str) -> str:
    """Return a message for the command line in the words of Python.

    A command that is advised at its end becomes a call, and an option its keyword. What Python has
    no call for stays a command line.

    Examples
    --------
    >>> in_python("--purge is 1; choose a smaller --learning-rate, or add --replace")
    'purge is 1; choose a smaller learning_rate, or add replace=True'
    >>> in_python("train it for more: lstmfin train '^GSPC' --horizon 30")
    'train it for more: lstmfin.Forecaster(horizon=30).fit(prices)'
    """

    def spoken(found: re.Match[str]) -> str:
        return _keyword(found["flag"]) if found["flag"] else found[0]

    return _FLAG.sub(spoken, _LINE.sub(_call, message))


def _call(line: re.Match[str]) -> str:
    words = shlex.split(line["options"])
    given = [
        f"{_keyword(flag[2:])}={value if value.isdigit() else repr(value)}"
        for flag, value in zip(words[::2], words[1::2], strict=True)
    ]
    told = ", ".join(given)
    keywords = told if line["command"] == "train" else "".join(f", {one}" for one in given)
    (symbol,) = shlex.split(line["symbol"])
    return CALLS[line["command"]].format(symbol=repr(symbol), keywords=keywords)


def _keyword(flag: str) -> str:
    """Return the keyword of an option; ``name=True`` of one that takes no value."""
    name = flag.replace("-", "_")
    for section in OF_PYTHON:
        for spec in fields(section):
            if spec.name.rstrip("_") == name:
                return f"{spec.name}=True" if spec.type in {bool, "bool"} else spec.name
    return name


def _plain(kind: Any, name: str, value: Any) -> Any:
    """Return a value as its option holds it, or refuse one of another type."""
    if value is None:
        return None
    if get_origin(kind) is tuple and isinstance(value, list | tuple):
        return tuple(_plain(get_args(kind)[0], name, one) for one in value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is dt.date and isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError as error:
            raise UsageError(f"{name} is '{value}'; it must be a date as YYYY-MM-DD") from error
    if isinstance(value, dt.datetime):
        value = value.date()
    number = _NUMBERS.get(kind)
    if number is not None and type(value) is not bool and isinstance(value, number):
        return kind(value)
    if number is None and get_origin(kind) is None and isinstance(value, kind):
        return value
    raise UsageError(f"{name} is {value!r:.40}; it must be {KIND_NAMES.get(kind, 'a string')}")


_NUMBERS = {int: numbers.Integral, float: numbers.Real}
"""What stands for a number, those of NumPy among it."""
