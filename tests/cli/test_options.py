"""Options of a command, derived from a section."""

import datetime as dt
from dataclasses import dataclass, fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.cli.instruments import BenchConfig, GradientsConfig, SelftestConfig
from lstmfin.cli.options import section_options
from lstmfin.config import (
    BacktestConfig,
    DataConfig,
    FetchConfig,
    ForecastConfig,
    PlotConfig,
    ReplayConfig,
    Section,
    TrainConfig,
    allowed_text,
    choice_names,
    option,
)

SECTIONS = (
    FetchConfig,
    TrainConfig,
    BacktestConfig,
    PlotConfig,
    ForecastConfig,
    DataConfig,
    ReplayConfig,
    SelftestConfig,
    GradientsConfig,
    BenchConfig,
)
every_section = pytest.mark.parametrize("section", SECTIONS, ids=lambda one: one.__name__)


@dataclass(frozen=True)
class Made(Section):
    """One field of each type."""

    word: str = option("lstm", "A word.", choices=("lstm", "gru"))
    number_of: int | None = option(None, "A count.", minimum=1, maximum=9)
    share: float = option(0.5, "A share.", above=0, below=1)
    day: dt.date | None = option(None, "A day.")  # noqa: RUF009 - `option` is a field
    file: Path | None = option(None, "A file.")  # noqa: RUF009 - `option` is a field
    flag: bool = option(False, "A flag.")
    names: tuple[str, ...] = option((), "Names.")
    steps: tuple[int, ...] | None = option(None, "Steps.")


def command(section):
    """A command that gives back what it was passed."""

    def body(**passed):
        return passed

    return click.command("made")(section_options(section)(body))


def passed(section, *words):
    return command(section).main(words, prog_name="made", standalone_mode=False)


@every_section
def test_every_field_is_an_option(section):
    """In the order of the section, underscores as dashes, each with its text first in its help."""
    params = command(section).params
    assert [one.name for one in params] == [spec.name for spec in fields(section)]
    for one, spec in zip(params, fields(section), strict=True):
        assert one.opts == [f"--{spec.name.rstrip('_').replace('_', '-')}"]
        assert one.help.startswith(spec.metadata["help"])
        assert one.help.count("  [") <= 1


@every_section
def test_help_holds_bounds_choices_and_defaults(section):
    """Nobody need guess: what is allowed and what comes by itself stand in the help."""
    for one, spec in zip(command(section).params, fields(section), strict=True):
        for name in choice_names(spec.metadata):
            assert name in one.help
        assert allowed_text(spec.metadata) in one.help
        shown = f"default {spec.default}"
        spoken = spec.default not in (None, ()) and not isinstance(spec.default, bool)
        assert (shown in one.help) == spoken


@every_section
def test_nothing_given_changes_nothing(section):
    """Options not given are None, so that lstmfin.toml decides, and then the default."""
    nothing = passed(section)
    assert set(nothing.values()) == {None}
    assert section().evolve(**nothing) == section()


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--word", "gru"], "word", "gru"),
        (["--number-of", "3"], "number_of", 3),
        (["--share=1e-1"], "share", 0.1),
        (["--day", "2024-02-29"], "day", dt.date(2024, 2, 29)),
        (["--file", "a/b.csv"], "file", Path("a/b.csv")),
        (["--flag"], "flag", True),
        (["--names", "close"], "names", ("close",)),
        (["--names", " a, b ,,c,"], "names", ("a", "b", "c")),
        (["--steps", "1,2, 4"], "steps", (1, 2, 4)),
    ],
)
def test_words_become_values_of_the_field(words, name, value):
    """Each type of field reads its words as that type, and leaves the others alone."""
    given_ = passed(Made, *words)
    assert given_.pop(name) == value
    assert type(value) is bool or type(getattr(Made().evolve(**{name: value}), name)) is type(value)
    assert set(given_.values()) == {None}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--number-of", "3.0"], "integer"),
        (["--share", "half"], "float"),
        (["--day", "2024-02-30"], "'2024-02-30' is not a date as YYYY-MM-DD"),
        (["--day", "tomorrow"], "YYYY-MM-DD"),
        (["--names", ""], "separate its values by commas"),
        (["--names", " , ,"], "separate its values by commas"),
        (["--steps", "1,two"], "'1,two' must be whole numbers, separated by commas"),
        (["--steps", "1.5"], "whole numbers"),
        (["--flag=yes"], "does not take a value"),
        (["--numberof", "1"], "--number-of"),
    ],
)
def test_words_of_another_type_are_usage(words, message):
    """With the option's name and what it takes, and exit code 2."""
    ended = CliRunner().invoke(command(Made), words)
    assert ended.exit_code == 2
    assert words[0].partition("=")[0][:8] in ended.output
    assert message in ended.output


@given(
    st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=9), st.sampled_from([",", " , "])
)
def test_a_list_is_read_back(numbers, comma):
    """Whole numbers joined by commas, with or without blanks, give the numbers."""
    assert passed(Made, "--steps=" + comma.join(map(str, numbers)))["steps"] == tuple(numbers)


@given(st.dates())
def test_a_date_is_read_back(day):
    """Any date as it is written."""
    assert passed(Made, "--day", day.isoformat())["day"] == day


def test_the_last_of_two_counts():
    """An option that is given twice is the one given last, as shells and aliases expect."""
    assert passed(Made, "--word", "lstm", "--word", "gru")["word"] == "gru"
