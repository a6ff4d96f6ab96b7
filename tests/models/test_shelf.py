"""The models of a workspace: which is current, and what is there after a crash."""

import errno
import os

import pytest

from lstmfin.errors import ModelFileError, WriteError
from lstmfin.models.artifact import to_files
from lstmfin.models.shelf import CURRENT, has_model, load_model, save_model
from lstmfin.workspace import Workspace

DISK_CALLS = ("replace", "rename", "fsync", "mkdir", "chmod", "unlink", "rmdir")


class Killed(BaseException):
    """The process is gone; nothing of it runs any more, no clean-up either."""


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "home")


@pytest.fixture
def kill_at(monkeypatch):
    """Return a context in which the process dies at its n-th call that changes the disk."""

    def context(n, error=Killed):
        counted = [0]

        def wrapped(call):
            def dying(*args, **kwargs):
                counted[0] += 1
                if counted[0] >= n:
                    raise error
                return call(*args, **kwargs)

            return dying

        patch = monkeypatch.context()
        patched = patch.__enter__()
        for name in DISK_CALLS:
            patched.setattr(os, name, wrapped(getattr(os, name)))
        return patch

    return context


def _save_or_die(kill_at, n, workspace, forecaster):
    """Save; return whether the process died at its n-th call, False when it needs fewer."""
    patch = kill_at(n)
    try:
        save_model(workspace, "GARCH", forecaster)
    except Killed:
        return True
    finally:
        patch.__exit__(None, None, None)
    return False


def test_save_and_load(workspace, trained):
    """What is saved is what is loaded, by its identity; a later one takes its place."""
    assert not has_model(workspace, "GARCH")
    names = []
    for seed in (0, 1):
        forecaster = trained(seed=seed)
        names.append(save_model(workspace, "GARCH", forecaster))
        name, loaded = load_model(workspace, "GARCH")
        assert name == names[-1]
        assert to_files(loaded) == to_files(forecaster)
    assert has_model(workspace, "GARCH")
    assert len(set(names)) == 2
    assert save_model(workspace, "GARCH", trained(seed=0)) == names[0]
    assert load_model(workspace, "GARCH")[0] == names[0]


@pytest.mark.parametrize("symbol", ["^GSPC", "BRK/B", "..", "../../etc", "CON", "EURUSD=X"])
def test_symbols_are_no_paths(workspace, trained, symbol):
    """Whatever a symbol is called, its models stay in the workspace, apart from all others."""
    save_model(workspace, symbol, trained())
    assert has_model(workspace, symbol)
    assert not has_model(workspace, "OTHER")
    assert [path.name for path in workspace.root.iterdir()] == ["models"]
    assert len(list((workspace.root / "models").iterdir())) == 1
    assert list(workspace.root.parent.iterdir()) == [workspace.root]


def test_no_model_says_what_to_do(workspace):
    """Where there is none, the message says how to get one."""
    with pytest.raises(ModelFileError, match=r"no model of AAPL .*lstmfin train AAPL"):
        load_model(workspace, "AAPL")


@pytest.mark.parametrize(
    "content", [b"", b"..", b"../other", b"\xff", b"/etc", b"a/b", b"0123456789ab", b"a\nb"]
)
def test_a_pointer_to_nowhere_is_refused(workspace, trained, content):
    """What is no name of a model there is refused."""
    save_model(workspace, "GARCH", trained())
    (workspace.models("GARCH") / CURRENT).write_bytes(content)
    with pytest.raises(ModelFileError, match="train"):
        load_model(workspace, "GARCH")


def test_no_byte_can_change_unnoticed(workspace, trained):
    """A bit flipped in either file, or the end cut off, is always noticed: the name is a checksum."""
    name = save_model(workspace, "GARCH", trained())
    for file in (workspace.models("GARCH") / name).iterdir():
        content = file.read_bytes()
        for position in range(0, len(content), 11):
            hit = bytearray(content)
            hit[position] ^= 1 << position % 8
            for damaged in (bytes(hit), content[:position]):
                file.write_bytes(damaged)
                with pytest.raises(ModelFileError):
                    load_model(workspace, "GARCH")
        file.write_bytes(content)
    assert load_model(workspace, "GARCH")[0] == name


def test_a_model_in_the_place_of_another_is_refused(workspace, trained):
    """A sound model under the name of another is not the one that was saved."""
    names = [save_model(workspace, "GARCH", trained(seed=seed)) for seed in (0, 1)]
    folder = workspace.models("GARCH")
    for file in (folder / names[0]).iterdir():
        (folder / names[1] / file.name).write_bytes(file.read_bytes())
    with pytest.raises(ModelFileError, match="differs from what was saved"):
        load_model(workspace, "GARCH")


def test_a_damaged_model_is_set_right_by_saving_it_again(workspace, trained):
    """Saving the same model again repairs its folder: a file cut, gone, or a folder gone."""
    name = save_model(workspace, "GARCH", trained())
    folder = workspace.models("GARCH") / name
    for damage in ("cut", "gone"):
        for file in ("weights.npz", "manifest.json"):
            if damage == "cut":
                (folder / file).write_bytes((folder / file).read_bytes()[:-10])
            else:
                (folder / file).unlink()
            with pytest.raises(ModelFileError):
                load_model(workspace, "GARCH")
            assert save_model(workspace, "GARCH", trained()) == name
            assert to_files(load_model(workspace, "GARCH")[1]) == to_files(trained())


def test_killed_at_any_step_one_whole_model_is_there(tmp_path, trained, kill_at):
    """Killed at any call that changes the disk, the old model is current, or the new one: whole."""
    outcomes, n, alive = [], 0, False
    while not alive:
        n += 1
        workspace = Workspace(tmp_path / str(n))
        old = save_model(workspace, "GARCH", trained(seed=0))
        alive = not _save_or_die(kill_at, n, workspace, trained(seed=1))
        name, loaded = load_model(workspace, "GARCH")
        assert to_files(loaded) == to_files(trained(seed=0 if name == old else 1))
        outcomes.append(name == old)
        save_model(workspace, "GARCH", trained(seed=1))
        assert load_model(workspace, "GARCH")[0] != old
    assert n > 8
    assert outcomes == sorted(outcomes, reverse=True)
    assert outcomes[0]
    assert not outcomes[-1]


def test_killed_at_any_step_of_a_repair_nothing_false_is_there(tmp_path, trained, kill_at):
    """Killed while a damaged model is set right, it is whole, or refused; and can be set right."""
    n, alive = 0, False
    while not alive:
        n += 1
        workspace = Workspace(tmp_path / str(n))
        name = save_model(workspace, "GARCH", trained())
        (workspace.models("GARCH") / name / "weights.npz").write_bytes(b"")
        alive = not _save_or_die(kill_at, n, workspace, trained())
        try:
            _, loaded = load_model(workspace, "GARCH")
        except ModelFileError:
            assert not alive
        else:
            assert to_files(loaded) == to_files(trained())
        save_model(workspace, "GARCH", trained())
        assert load_model(workspace, "GARCH")[0] == name


def test_a_full_disk_is_told_and_leaves_the_old_model(workspace, trained, monkeypatch):
    """When nothing more can be written, the error names the file, and no rubbish is left."""
    old = save_model(workspace, "GARCH", trained(seed=0))

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(WriteError, match=r"cannot write .*No space left"):
            save_model(workspace, "GARCH", trained(seed=1))
    assert load_model(workspace, "GARCH")[0] == old
    assert {path.name for path in workspace.models("GARCH").iterdir()} == {old, CURRENT}
