"""The configuration that ``init`` writes, line by line."""

import tomllib

import pytest

from lstmfin.config import (
    Settings,
    allowed_text,
    choice_names,
    load_settings,
    saved_fields,
    section_from_table,
)
from lstmfin.registry import SOURCES

WRITTEN = ("fetch", "train", "tune", "backtest", "plot", "forecast", "score", "run")


@pytest.fixture
def text(lstmfin, tmp_path):
    """What init writes for a watch-list of one."""
    assert lstmfin("-q", "init", "aapl").code == 0
    return (tmp_path / "w" / "lstmfin.toml").read_text()


def section_lines(text, name):
    return text.partition(f"\n[{name}]\n")[2].partition("\n\n[")[0].splitlines()


@pytest.mark.parametrize("name", WRITTEN)
def test_every_key_appears_once_below_its_help(text, name):
    """In the order of the section: a line of help with bounds and choices, then the key."""
    lines = section_lines(text, name)
    specs = saved_fields(type(getattr(Settings(), name)))
    assert len(lines) == 2 * len(specs)
    for about, line, (key, spec) in zip(lines[::2], lines[1::2], specs.items(), strict=True):
        assert about.startswith(f"# {spec.metadata['help']}")
        assert allowed_text(spec.metadata) in about
        assert all(one in about for one in choice_names(spec.metadata))
        assert line.startswith(f"# {key} =")


@pytest.mark.parametrize("name", WRITTEN)
def test_each_comment_turned_on_is_the_default(text, name):
    """A key with its mark taken away says what would hold without it; no value is no default."""
    kind = type(getattr(Settings(), name))
    for line in section_lines(text, name)[1::2]:
        key, _, value = line.removeprefix("# ").partition(" =")
        field = saved_fields(kind)[key].name
        if value:
            table = tomllib.loads(line.removeprefix("# "))
            assert section_from_table(kind, table, where="here") == kind()
            assert getattr(kind(), field) is not None
        else:
            assert getattr(kind(), field) is None


def test_what_is_not_commented_out_is_the_watch_list(text):
    """As it comes the file sets nothing but the symbols."""
    assert tomllib.loads(text) == {"symbols": ["AAPL"], **{name: {} for name in WRITTEN}}


@pytest.mark.parametrize("source", SOURCES.names())
def test_a_source_that_is_named_is_set(lstmfin, tmp_path, source):
    """The source of the line is that of the workspace, the default one as a comment."""
    assert lstmfin("init", "--source", source).code == 0
    path = tmp_path / "w" / "lstmfin.toml"
    assert load_settings(path).fetch.source == source
    assert ("\n# source = " in path.read_text()) == (source == Settings().fetch.source)


def test_a_watch_list_holds_each_symbol_once(lstmfin, tmp_path):
    """In capitals and in the order of the line."""
    lstmfin("init", "msft", "^gspc", "MSFT", "brk-b")
    assert load_settings(tmp_path / "w" / "lstmfin.toml").symbols == ("MSFT", "^GSPC", "BRK-B")


@pytest.mark.parametrize("words", [["a/b"], ["--source", "yahu"]])
def test_a_mistake_writes_nothing(lstmfin, tmp_path, words):
    """Neither a file nor its folder."""
    assert lstmfin("init", *words).code == 2
    assert not (tmp_path / "w").exists()
