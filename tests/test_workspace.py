"""Where things lie, and that they are written whole or not at all."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.errors import WriteError
from lstmfin.workspace import (
    Workspace,
    find_workspace,
    safe_name,
    write_atomically,
    write_folder_atomically,
)


def test_the_chosen_folder_comes_first(tmp_path, monkeypatch):
    """-C, then the environment, then the nearest lstmfin.toml upward, then the default."""
    (tmp_path / "up" / "down").mkdir(parents=True)
    here, default = tmp_path / "up" / "down", tmp_path / "default"
    assert find_workspace(None, here=here, default=default).root == default
    (tmp_path / "up" / "lstmfin.toml").write_text("")
    assert find_workspace(None, here=here, default=default).root == tmp_path / "up"
    monkeypatch.setenv("LSTMFIN_HOME", str(tmp_path / "home"))
    assert find_workspace(None, here=here, default=default).root == tmp_path / "home"
    assert find_workspace(Path("w"), here=here, default=default).root == Path.cwd() / "w"


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_symbols_do_not_share_a_name(one, other):
    """A file name leads back to one symbol, and never out of its folder."""
    name = safe_name(one)
    assert (name == safe_name(other)) == (one == other)
    assert "/" not in name
    assert name.startswith("m_")
    assert (name.upper() == safe_name(other).upper()) == (one == other)


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_file_is_old_or_new(tmp_path, monkeypatch, call):
    """Whatever fails on the way, the old file stands and nothing is left beside it."""
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    if call == "write":
        monkeypatch.setattr(os, "fdopen", fail)
    elif call == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(WriteError, match=r"cannot write .*file: No space left on device"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_an_interrupt_leaves_nothing_behind(tmp_path, monkeypatch):
    """Ctrl-C while a file is written leaves no temporary file."""

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "file", b"new")
    assert not list(tmp_path.iterdir())


def test_a_folder_is_whole(tmp_path, monkeypatch):
    """A folder appears with all its files, or not at all."""
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError(30, "Read-only")))
        with pytest.raises(WriteError, match="Read-only"):
            write_folder_atomically(tmp_path / "m", {"a": b"1", "b": b"2"})
    assert not list(tmp_path.iterdir())
    write_folder_atomically(tmp_path / "m", {"a": b"1", "b": b"2"})
    assert (tmp_path / "m" / "b").read_bytes() == b"2"


def test_a_damaged_folder_is_set_right(tmp_path):
    """Writing the same folder again heals it, and leaves a sound one alone."""
    files = {"a": b"1", "b": b"2"}
    write_folder_atomically(tmp_path / "m", files)
    before = (tmp_path / "m").stat().st_ino
    write_folder_atomically(tmp_path / "m", files)
    assert (tmp_path / "m").stat().st_ino == before
    (tmp_path / "m" / "a").write_bytes(b"")
    write_folder_atomically(tmp_path / "m", files)
    assert (tmp_path / "m" / "a").read_bytes() == b"1"


def test_a_file_where_a_folder_should_be(tmp_path):
    """A workspace below a file cannot be made, and the message says so."""
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match=r"cannot write .*Not a directory"):
        Workspace(tmp_path / "file" / "w").prepare()
