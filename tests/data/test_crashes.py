"""``fetch`` killed, or refused by the disk, at every call that writes: old prices or new, never torn.

strace stops the command at the n-th call of each kind, for n = 1, 2, ... until a run comes through;
then once more with ENOSPC and EIO in place of the call.
"""

import shutil
import signal

import pytest
from crash_driver import CALLS, CERTAIN, MODES, Crashes
from made_prices import build_prices

from lstmfin.cli.main import run
from lstmfin.data.store import Store

pytestmark = pytest.mark.slow

MOST = 200
"""Calls of one kind that a fetch certainly does not make."""

OLD, NEW = build_prices(120, symbol="TEST"), build_prices(150, symbol="TEST")


@pytest.fixture(scope="module", params=["new", "known"])
def before(request, tmp_path_factory):
    """A workspace without prices, or with known ones; and the file that brings more."""
    folder = tmp_path_factory.mktemp(request.param)
    NEW.bars.drop(columns="final").to_csv(folder / "new.csv")
    OLD.bars.drop(columns="final").to_csv(folder / "old.csv")
    (folder / "w").mkdir()
    if request.param == "known":
        assert run(fetch(folder / "w", folder / "old.csv")) == 0
    return folder


def fetch(workspace, file):
    return ["-q", "-C", str(workspace), "--format", "csv", "fetch", "TEST", "--path", str(file)]


def digest(workspace):
    """Return what the store holds, or nothing; and that SQLite finds it sound."""
    with Store(workspace / "lstmfin.db") as store:
        if "TEST" not in store:
            return None
        assert store.integrity() == []
        return store.prices("TEST").digest()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("call", CALLS)
def test_old_or_new(before, tmp_path, call, mode):
    """At every point; what was acknowledged is there, and a second run completes."""
    old, new = digest(before / "w"), before / "new.csv"
    with Crashes(call, mode) as crash:
        shutil.copytree(before / "w", tmp_path / "whole")
        assert crash(fetch(tmp_path / "whole", new), n=0)[0] == 0
        n_whole = 0
        for n in range(1, MOST):
            workspace = tmp_path / str(n)
            shutil.copytree(before / "w", workspace)
            code, said = crash(fetch(workspace, new), n=n)
            assert "Traceback" not in said
            found = digest(workspace)
            assert found in (old, NEW.digest())
            if code == 0:
                assert found == NEW.digest()
            elif mode == "signal=KILL":
                assert code == -signal.SIGKILL
            else:
                assert code == 74, (n, said)
                assert said.startswith("lstmfin: error: cannot ")
            assert run(fetch(workspace, new)) == 0
            assert digest(workspace) == NEW.digest()
            shutil.rmtree(workspace)
            n_whole = n_whole + 1 if code == 0 else 0
            if n_whole == CERTAIN:
                break
        else:
            pytest.fail(f"{call} was still met after {MOST} calls")
    assert n > CERTAIN or call not in {"pwrite64", "fdatasync"}  # a commit makes these
