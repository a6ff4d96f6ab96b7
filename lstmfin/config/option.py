"""What an option is: a field that carries its default, bounds and help text, and is checked."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import field, fields, replace
from typing import Any, Self, get_args

from lstmfin.errors import UsageError
from lstmfin.registry import Registry, did_you_mean

KIND_NAMES = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dt.date: "a date as YYYY-MM-DD",
    tuple[str, ...]: "a list of strings",
    tuple[int, ...]: "a list of whole numbers",
}
"""What a value of each type must be, in words."""


def option(
    default: Any,
    help_text: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] | Registry | None = None,
    saved: bool = True,
    secret: bool = False,
) -> Any:
    """Return a dataclass field that carries all that is known about an option.

    Parameters
    ----------
    minimum, maximum, above, below : float, optional
        Bounds: the first two may be reached, the last two may not.
    saved : bool
        Whether the option may stand in ``lstmfin.toml``; those of a single call may not.
    secret : bool
        Whether it stands in ``lstmfin.toml`` alone: what is typed is seen by all on the machine.
    """
    return field(
        default=default,
        metadata={
            "help": help_text,
            "minimum": minimum,
            "maximum": maximum,
            "above": above,
            "below": below,
            "choices": choices,
            "saved": saved,
            "secret": secret,
        },
    )


class Section:
    """What all sections share: they refuse values out of bounds when they are made."""

    def __post_init__(self) -> None:
        for spec in fields(self):  # type: ignore[arg-type]  # every section is a dataclass
            value = getattr(self, spec.name)
            if value is not None and spec.metadata:
                _check_bounds(f"--{spec.name.replace('_', '-')}", value, spec.metadata)

    def evolve(self, **changes: Any) -> Self:
        """Return a copy with some options changed; None leaves an option as it is."""
        known = {name: value for name, value in changes.items() if value is not None}
        return replace(self, **known)  # type: ignore[type-var]  # every section is a dataclass


def _check_bounds(name: str, value: Any, rules: Mapping[str, Any]) -> None:
    values = value if isinstance(value, tuple) else (value,)
    allowed = allowed_text(rules)
    for one in values:
        outside = (
            (isinstance(one, float) and not math.isfinite(one))
            or (rules["minimum"] is not None and one < rules["minimum"])
            or (rules["maximum"] is not None and one > rules["maximum"])
            or (rules["above"] is not None and one <= rules["above"])
            or (rules["below"] is not None and one >= rules["below"])
        )
        if outside:
            raise UsageError(f"{name} is {one}; it must be {allowed or 'a finite number'}")
        if rules["choices"] and one not in rules["choices"]:
            names = choice_names(rules)
            near = did_you_mean(str(one), names)
            begin = f"{near} It" if near else "; it"
            raise UsageError(f"{name} is '{one}'{begin} must be one of: {', '.join(names)}")


def choice_names(rules: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the values that an option may take, or none when any will do."""
    choices = rules["choices"]
    return choices.names() if isinstance(choices, Registry) else (choices or ())


def allowed_text(rules: Mapping[str, Any]) -> str:
    """Return the bounds of an option in words: ``at least 1 and at most 64``."""
    words = (
        ("minimum", "at least"),
        ("above", "above"),
        ("maximum", "at most"),
        ("below", "below"),
    )
    return " and ".join(f"{word} {rules[key]}" for key, word in words if rules[key] is not None)


def without_none(hint: Any) -> Any:
    """Return the type of a value that may also be None."""
    if type(None) not in get_args(hint):
        return hint
    return next(kind for kind in get_args(hint) if kind is not type(None))
