"""All settings of a workspace, and ``lstmfin.toml`` that holds them."""

import datetime as dt
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from lstmfin.config.commands import (
    BacktestConfig,
    FetchConfig,
    ForecastConfig,
    PlotConfig,
    TuneConfig,
)
from lstmfin.config.operations import RunConfig, ScoreConfig
from lstmfin.config.option import KIND_NAMES, Section, without_none
from lstmfin.config.train import TrainConfig
from lstmfin.errors import ConfigError, UsageError
from lstmfin.registry import did_you_mean

CONFIG_NAME = "lstmfin.toml"

MOST_CHARACTERS = 1_000_000
"""A watch-list of a hundred thousand symbols; what is longer is no configuration."""

S = TypeVar("S", bound=Section)


@dataclass(frozen=True)
class Settings:
    """All of ``lstmfin.toml``: the watch-list, and a section for each command."""

    symbols: tuple[str, ...] = ()
    fetch: FetchConfig = FetchConfig()
    train: TrainConfig = TrainConfig()
    tune: TuneConfig = TuneConfig()
    backtest: BacktestConfig = BacktestConfig()
    plot: PlotConfig = PlotConfig()
    forecast: ForecastConfig = ForecastConfig()
    score: ScoreConfig = ScoreConfig()
    run: RunConfig = RunConfig()


def saved_fields(section: type[Section]) -> dict[str, Any]:
    """Return the fields of a section that may stand in ``lstmfin.toml``, by their TOML key."""
    return {
        spec.name.replace("_", "-"): spec
        for spec in fields(section)  # type: ignore[arg-type]  # every section is a dataclass
        if spec.metadata["saved"]
    }


def load_settings(path: Path) -> Settings:
    """Read ``lstmfin.toml``; the defaults where there is none.

    Raises
    ------
    ConfigError
        When the file is not TOML, or has an unknown key, a value of another type or out of bounds.
    """
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS + 1)
        if len(text) > MOST_CHARACTERS:
            raise ConfigError(f"{path} has more than {MOST_CHARACTERS:,} characters")
        table = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    return settings_from_table(table, where=str(path))


def settings_from_table(table: Mapping[str, Any], *, where: str) -> Settings:
    """Return the settings that a parsed TOML table holds; ``where`` names it in messages."""
    sections = {name: kind for name, kind in get_type_hints(Settings).items() if name != "symbols"}
    _refuse_unknown_keys(table, {*sections, "symbols"}, where)
    values: dict[str, Any] = {}
    if "symbols" in table:
        values["symbols"] = _typed(table["symbols"], tuple[str, ...], f"{where}: symbols")
    for name in sections.keys() & table.keys():
        if not isinstance(table[name], dict):
            raise ConfigError(f"{where}: '{name}' must be a table, written [{name}]")
        values[name] = section_from_table(sections[name], table[name], where=f"{where} [{name}]")
    return Settings(**values)


def section_from_table(section: type[S], table: Mapping[str, Any], *, where: str) -> S:
    """Return one section from its TOML or JSON table."""
    known = saved_fields(section)
    _refuse_unknown_keys(table, known, where)
    hints = get_type_hints(section)
    values = {
        known[key].name: _typed(value, hints[known[key].name], f"{where}: {key}")
        for key, value in table.items()
    }
    try:
        return section(**values)
    except UsageError as error:
        raise ConfigError(f"{where}: {error}") from error


def section_to_table(section: Section) -> dict[str, Any]:
    """Return what ``section_from_table`` reads: plain values by TOML key, None left out."""
    table = {key: getattr(section, spec.name) for key, spec in saved_fields(type(section)).items()}
    plain = {
        key: list(value) if isinstance(value, tuple) else value for key, value in table.items()
    }
    return {key: value for key, value in plain.items() if value is not None}


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return what differs between two tables of ``section_to_table``, in words, old → new.

    Examples
    --------
    >>> differences({"cell": "lstm", "hidden": 8}, {"cell": "gru", "hidden": 8, "reset": "before"})
    ['cell lstm → gru', 'reset usual → before']
    """
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return [_difference(key, old.get(key), new.get(key)) for key in keys]


MOST_NAMED = 3
"""Entries of a list that are named where it differs."""


def _difference(key: str, *values: Any) -> str:
    if any(isinstance(one, list) and len(one) > MOST_NAMED for one in values):
        return f"other {key}"
    words = ["usual" if one is None else "none" if one == [] else one for one in values]
    old, new = (",".join(map(str, one)) if isinstance(one, list) else one for one in words)
    return f"{key} {_plain(old)} → {_plain(new)}"


def _plain(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def toml_value(value: Any) -> str:
    """Return a plain value as TOML has it; nothing for None."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(one) for one in value) + "]"
    if isinstance(value, str):
        return f'"{value}"'
    return "" if value is None else str(value)


def _refuse_unknown_keys(table: Mapping[str, Any], known: Any, where: str) -> None:
    for key in table:
        if key not in known:
            near = did_you_mean(key, known)
            raise ConfigError(
                f"{where}: unknown key '{key}'{near} (known: {', '.join(sorted(known))})"
            )


def _typed(value: Any, hint: Any, where: str) -> Any:
    """Return a TOML value as the type of its field, or refuse it by name."""
    kind = without_none(hint)
    if get_origin(kind) is tuple and isinstance(value, list | tuple):
        if all(type(one) is get_args(kind)[0] for one in value):
            return tuple(value)
    elif kind is float and type(value) is int and abs(value) <= sys.float_info.max:
        return float(value)
    elif kind is dt.date and isinstance(value, str):
        return _date(value, where)
    elif type(value) is kind:
        return value
    raise ConfigError(f"{where} is {value!r}; it must be {KIND_NAMES.get(kind, 'a string')}")


def _date(text: str, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{where} is {text!r}; it must be a date as YYYY-MM-DD") from error
