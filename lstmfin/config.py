"""Every option once: its default, its bounds and its help text.

A section is a frozen dataclass, one for each command that has options. The command line derives
its options from the fields, ``lstmfin.toml`` its keys, and the model file its record of the choice.
"""

import datetime as dt
import math
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self, TypeVar, get_args, get_origin, get_type_hints

from lstmfin.errors import ConfigError, UsageError
from lstmfin.registry import CELLS, FEATURES, LOSSES, OPTIMISERS, SOURCES, Registry, did_you_mean

CONFIG_NAME = "lstmfin.toml"


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
) -> Any:
    """Return a dataclass field that carries all that is known about an option.

    Parameters
    ----------
    minimum, maximum, above, below : float, optional
        Bounds: the first two may be reached, the last two may not.
    saved : bool
        Whether the option may stand in ``lstmfin.toml``; those of a single call may not.
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
        names = choice_names(rules)
        if names and one not in names:
            near = did_you_mean(str(one), names)
            raise UsageError(f"{name} is '{one}'{near}; it must be one of: {', '.join(names)}")


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


S = TypeVar("S", bound=Section)


@dataclass(frozen=True)
class FetchConfig(Section):
    """Where prices come from."""

    source: str = option("sample", "Where prices come from.", choices=SOURCES)
    path: Path | None = option(None, "CSV or Parquet file, for --source csv.", saved=False)
    start: dt.date | None = option(None, "First session wanted, as YYYY-MM-DD.")
    end: dt.date | None = option(None, "Last session wanted, as YYYY-MM-DD.", saved=False)
    replace: bool = option(
        False, "Replace a stored series by one from another source.", saved=False
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start and self.end and self.end < self.start:
            raise UsageError(f"--end {self.end} is before --start {self.start}")


@dataclass(frozen=True)
class TrainConfig(Section):
    """The network, what it sees, and how it learns."""

    cell: str = option("lstm", "Recurrent cell.", choices=CELLS)
    activation: str | None = option(
        None, "Squashing function of the cell rnn; tanh if not given.", choices=("tanh", "relu")
    )
    layer_norm: bool | None = option(
        None, "Normalise gates and state of the cell lstm over its units."
    )
    peepholes: str | None = option(
        None, "Gates that see the cell state, of the cells peephole (ifo) and coupled (none)."
    )
    reset: str | None = option(
        None,
        "Whether the cell gru resets after the product with U, or before; after if not given.",
        choices=("after", "before"),
    )
    periods: tuple[int, ...] | None = option(
        None, "Periods in steps of the cell clockwork, separated by commas; 1,2 if not given."
    )
    spectral_radius: float | None = option(
        None, "Spectral radius of the cell esn; 0.9 if not given.", minimum=0
    )
    leak: float | None = option(
        None,
        "Share of a state that the cell esn renews at a step; 1 if not given.",
        above=0,
        maximum=1,
    )
    hidden: int = option(32, "Units of each layer.", minimum=1, maximum=4096)
    direction: str = option(
        "forward",
        "Whether layers read a window forward, in reverse, or both ways side by side.",
        choices=("forward", "reverse", "bidirectional"),
    )
    learned_start: bool = option(
        False, "Learn the states before the first step; they are zero otherwise."
    )
    layers: int = option(1, "Recurrent layers, one upon the other.", minimum=1, maximum=16)
    window: int = option(60, "Sessions the network looks back on.", minimum=2, maximum=2000)
    horizon: int = option(10, "Sessions ahead that are forecast.", minimum=1, maximum=720)
    features: tuple[str, ...] = option(
        (),
        "Inputs, separated by commas; all that the series carries if not given.",
        choices=FEATURES,
    )
    loss: str = option("student-t", "Loss, and with it the predicted distribution.", choices=LOSSES)
    epochs: int = option(20, "Passes over the training block, at most.", minimum=1, maximum=100_000)
    batch: int = option(64, "Windows in a training step.", minimum=1, maximum=65_536)
    optimiser: str = option("adamw", "What takes the steps.", choices=OPTIMISERS)
    learning_rate: float = option(0.001, "Peak learning rate of the optimiser.", above=0, maximum=1)
    momentum: float | None = option(
        None, "Nesterov momentum of the optimiser sgd; 0.9 if not given.", minimum=0, below=1
    )
    schedule: str = option(
        "cosine",
        "Course of the learning rate over the run.",
        choices=("constant", "cosine", "plateau"),
    )
    plateau: int = option(
        2,
        "Epochs without a better validation loss after which --schedule plateau halves the rate.",
        minimum=1,
    )
    weight_decay: float | None = option(
        None,
        "Decoupled weight decay of the optimisers adamw and schedule-free, as a share of the "
        "learning rate; 0.01 if not given.",
        minimum=0,
        maximum=1,
    )
    l2: float = option(
        0.0,
        "L2 penalty on all weights but biases, through the gradient and so for any optimiser.",
        minimum=0,
        maximum=1,
    )
    clip_norm: float = option(
        1.0, "Largest norm of the gradient over all weights; 0 does not clip.", minimum=0
    )
    clip_value: float = option(
        0.0, "Largest entry of the gradient, either sign; 0 does not clip.", minimum=0
    )
    ema: float = option(
        0.0,
        "Decay of a moving average of the weights, which is then judged and saved in place of the "
        "last ones; 0 does not average.",
        minimum=0,
        below=1,
    )
    dropout: float = option(
        0.1, "Share of inputs to each layer that is dropped in training.", minimum=0, below=1
    )
    validation: float = option(
        0.2, "Share of the sessions, the last ones, kept for early stopping.", above=0, maximum=0.5
    )
    patience: int = option(
        6, "Epochs without a better validation loss before training ends.", minimum=1
    )
    seed: int = option(0, "Seed of every random draw.", minimum=0, maximum=2**32 - 1)
    resume: bool = option(
        False,
        "Go on from where a training of the same symbol, options and prices was interrupted.",
        saved=False,
    )


@dataclass(frozen=True)
class BacktestConfig(Section):
    """Walk-forward folds, and what trading would have cost."""

    train: int = option(1000, "Sessions before the first test block, at least.", minimum=50)
    test: int = option(250, "Sessions in a test block.", minimum=1)
    purge: int | None = option(
        None, "Sessions left out before a test block; the horizon if not given.", minimum=0
    )
    refit: int | None = option(
        None,
        "Sessions after which the next test block has the model trained anew; --test if not given.",
        minimum=1,
    )
    rolling: bool = option(False, "Train on the last --train sessions only, not on all before.")
    cost_bps: float = option(
        5.0, "Cost of turning a position over, in basis points of the amount.", minimum=0
    )
    long_only: bool = option(False, "Hold or stay out; never sell short.")


@dataclass(frozen=True)
class PlotConfig(Section):
    """Where pictures go."""

    out: Path | None = option(None, "File (.png .svg .pdf) or folder to write.", saved=False)
    theme: str = option("light", "Colours of the pictures.", choices=("light", "dark"))


@dataclass(frozen=True)
class ForecastConfig(Section):
    """How far ahead."""

    horizon: int | None = option(
        None, "Sessions ahead; all that the model was trained for if not given.", minimum=1
    )


@dataclass(frozen=True)
class Settings:
    """All of ``lstmfin.toml``: the watch-list, and a section for each command."""

    symbols: tuple[str, ...] = ()
    fetch: FetchConfig = FetchConfig()
    train: TrainConfig = TrainConfig()
    backtest: BacktestConfig = BacktestConfig()
    plot: PlotConfig = PlotConfig()
    forecast: ForecastConfig = ForecastConfig()


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
        table = tomllib.loads(path.read_text(encoding="utf-8"))
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
    raise ConfigError(f"{where} is {value!r}; it must be {_KIND_NAMES.get(kind, 'a string')}")


_KIND_NAMES = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dt.date: "a date as YYYY-MM-DD",
    tuple[str, ...]: "a list of strings",
    tuple[int, ...]: "a list of whole numbers",
}


def without_none(hint: Any) -> Any:
    """Return the type of a value that may also be None."""
    if type(None) not in get_args(hint):
        return hint
    return next(kind for kind in get_args(hint) if kind is not type(None))


def _date(text: str, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{where} is {text!r}; it must be a date as YYYY-MM-DD") from error
