"""The configuration: bounds, types, and the table of ``lstmfin.toml``."""

import datetime as dt
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.config import (
    BacktestConfig,
    FetchConfig,
    ForecastConfig,
    PlotConfig,
    Settings,
    TrainConfig,
    load_settings,
    saved_fields,
    section_from_table,
    section_to_table,
    settings_from_table,
)
from lstmfin.errors import ConfigError, UsageError

SECTIONS = (FetchConfig, TrainConfig, BacktestConfig, PlotConfig, ForecastConfig)
OPTIONS = [(section, spec) for section in SECTIONS for spec in fields(section)]


def option_id(value):
    return getattr(value, "__name__", None) or getattr(value, "name", None)


def outside(rules):
    """Return values just outside the bounds of an option."""
    for key, step in (("minimum", -1), ("maximum", 1), ("above", 0), ("below", 0)):
        if rules[key] is not None:
            yield rules[key] + step
    if rules["choices"]:
        yield "no-such-name"


@pytest.mark.parametrize(("section", "spec"), OPTIONS, ids=option_id)
def test_every_option_is_told(section, spec):
    """Each option has a help text that is a sentence, and a default within its bounds."""
    assert spec.metadata["help"].endswith(".")
    section()


@pytest.mark.parametrize(("section", "spec"), OPTIONS, ids=option_id)
def test_every_bound_holds(section, spec):
    """A value out of bounds is refused; the message names option and value."""
    for value in outside(spec.metadata):
        given = (value,) if isinstance(spec.default, tuple) else value
        with pytest.raises(UsageError) as caught:
            section(**{spec.name: given})
        assert f"--{spec.name.replace('_', '-')} is" in str(caught.value)
        assert str(value) in str(caught.value)
        assert "must be" in str(caught.value)


def test_numbers_have_bounds():
    """No numeric option is without any bound at all."""
    for _, spec in OPTIONS:
        if isinstance(spec.default, int | float) and not isinstance(spec.default, bool):
            rules = spec.metadata
            assert any(rules[key] is not None for key in ("minimum", "above")), spec.name


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_only_finite_numbers(value):
    """NaN and infinity are refused even where there is no upper bound."""
    with pytest.raises(UsageError, match="--cost-bps"):
        BacktestConfig(cost_bps=value)


def test_dates_in_order():
    """A range that ends before it starts is refused."""
    with pytest.raises(UsageError, match="2020-01-01 is before --start 2021-01-01"):
        FetchConfig(start=dt.date(2021, 1, 1), end=dt.date(2020, 1, 1))


def test_evolve_changes_only_what_is_given():
    """None leaves an option as it is."""
    changed = TrainConfig(hidden=5).evolve(hidden=None, window=7)
    assert (changed.hidden, changed.window) == (5, 7)


@given(
    hidden=st.integers(1, 4096),
    dropout=st.floats(0, 0.99),
    features=st.lists(st.sampled_from(["log-return", "range"]), unique=True),
)
def test_tables_round_trip(hidden, dropout, features):
    """A section read from its own table is the same section."""
    section = TrainConfig(hidden=hidden, dropout=dropout, features=tuple(features))
    assert section_from_table(TrainConfig, section_to_table(section), where="test") == section


def test_options_of_one_call_are_not_saved():
    """A file to read or write belongs to one call, not to the configuration."""
    assert "path" not in saved_fields(FetchConfig)
    assert "out" not in saved_fields(PlotConfig)
    assert "learning-rate" in saved_fields(TrainConfig)


def test_settings_of_a_file(tmp_path):
    """Sections and the watch-list are read; what is not said is as it comes."""
    path = tmp_path / "lstmfin.toml"
    path.write_text(
        'symbols = ["AAPL"]\n[fetch]\nstart = "2020-01-02"\n[train]\nlearning-rate = 1\n'
    )
    settings = load_settings(path)
    assert settings.symbols == ("AAPL",)
    assert settings.fetch.start == dt.date(2020, 1, 2)
    assert settings.train == TrainConfig(learning_rate=1.0)
    assert settings.backtest == BacktestConfig()


def test_toml_dates_are_dates(tmp_path):
    """A date may be written with or without quotes."""
    path = tmp_path / "lstmfin.toml"
    path.write_text("[fetch]\nstart = 2020-01-02\n")
    assert load_settings(path).fetch.start == dt.date(2020, 1, 2)


def test_no_file_means_the_defaults(tmp_path):
    """A workspace needs no configuration."""
    assert load_settings(tmp_path / "lstmfin.toml") == Settings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[train]\nhiden = 3\n", ["[train]", "unknown key 'hiden'", "did you mean 'hidden'"]),
        ("[trian]\n", ["unknown key 'trian'", "did you mean 'train'"]),
        ("symbls = []\n", ["unknown key 'symbls'", "did you mean 'symbols'"]),
        ("[train]\nhidden = 0\n", ["[train]", "--hidden is 0", "at least 1"]),
        ("[train]\nhidden = 3.5\n", ["hidden is 3.5", "a whole number"]),
        ("[train]\nhidden = true\n", ["hidden is True", "a whole number"]),
        ('[train]\ndropout = "a"\n', ["dropout is 'a'", "a number"]),
        ("[train]\ncell = 3\n", ["cell is 3", "a string"]),
        ('[train]\ncell = "lsmt"\n', ["'lsmt'", "did you mean 'lstm'"]),
        ('[train]\nfeatures = "a"\n', ["features is 'a'", "a list of strings"]),
        ("[backtest]\nrolling = 1\n", ["rolling is 1", "true or false"]),
        ('[fetch]\nstart = "yesterday"\n', ["start is 'yesterday'", "YYYY-MM-DD"]),
        ('[fetch]\npath = "x.csv"\n', ["unknown key 'path'"]),
        ("symbols = 3\n", ["symbols is 3", "a list of strings"]),
        ("train = 3\n", ["'train' must be a table", "[train]"]),
        ("hidden = \n", ["not valid TOML"]),
        ("\xff", ["not valid TOML"]),
    ],
)
def test_what_a_file_may_not_say(tmp_path, text, words):
    """Whatever is wrong is named with the file, the key and what would be right."""
    path = tmp_path / "lstmfin.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as caught:
        load_settings(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_a_folder_is_no_file(tmp_path):
    """A configuration that cannot be read says why."""
    with pytest.raises(ConfigError, match="cannot read"):
        load_settings(tmp_path)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["train", "hidden", "symbols", "x"]), inner)
        ),
        max_leaves=8,
    )
)
def test_no_table_brings_anything_but_a_sentence(table):
    """Any table is read, or refused as configuration; nothing else comes out of it."""
    if not isinstance(table, dict):
        table = {"train": table}
    try:
        settings_from_table(table, where=str(Path("lstmfin.toml")))
    except ConfigError as error:
        assert "lstmfin.toml" in str(error)  # noqa: PT017 - it may be read as well


def test_a_configuration_without_end(tmp_path):
    """It is not read to its end."""
    path = tmp_path / "lstmfin.toml"
    path.write_text("#" * 1_000_001)
    with pytest.raises(ConfigError, match="more than 1,000,000 characters"):
        load_settings(path)
