"""Options as Python gives them: lists for tuples, texts for dates and paths."""

import datetime as dt
import numbers
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from lstmfin.config.option import KIND_NAMES, Section, without_none
from lstmfin.errors import UsageError
from lstmfin.registry import did_you_mean

S = TypeVar("S", bound=Section)


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
    try:
        return section.evolve(**given)
    except UsageError as error:  # it speaks of the command line's options
        flag = re.compile(r"--([a-z]+(?:-[a-z]+)*)")
        said = flag.sub(lambda found: found[1].replace("-", "_"), str(error))
        raise UsageError(said) from error


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
