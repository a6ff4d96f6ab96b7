"""Options as Python gives them: lists for tuples, texts for dates and paths."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from lstmfin.config.option import Section, without_none
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
    return section.evolve(
        **{name: _plain(without_none(hints[name]), name, value) for name, value in options.items()}
    )


def _plain(kind: Any, name: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    if kind is dt.date and isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError as error:
            raise UsageError(f"{name} is '{value}'; it must be a date as YYYY-MM-DD") from error
    return value
