"""``train``, ``forecast``, ``score`` and ``run`` killed, or refused by the disk, at every call that writes.

strace stops the command at the n-th call of each kind, for n = 1, 2, ... until a run comes through; then once more with ENOSPC and EIO in place of the call. Old state or new, never torn; of
``run``, whose steps are several, that holds for prices, model, forecasts and truths each.
"""

import datetime as dt
import shutil
import signal

import evening_house
import evening_source
import numpy as np
import pytest
from crash_driver import CALLS, CERTAIN, MODES, Crashes

from lstmfin.cli.job import now_utc
from lstmfin.cli.main import run
from lstmfin.data.ledger import Ledger
from lstmfin.data.store import Store
from lstmfin.errors import ModelFileError
from lstmfin.models.shelf import load_model
from lstmfin.ops.journal import Journal
from lstmfin.workspace import Workspace

pytestmark = pytest.mark.slow

MOST = 200
SMALL = ("--hidden", "2", "--window", "5", "--horizon", "3", "--epochs", "1")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Workspaces before each command, and one after each: prices to yesterday, by the real clock."""
    folder = tmp_path_factory.mktemp("crashes")
    now = dt.datetime.now(dt.UTC)
    prices = evening_source.known("S2", now)
    prices = prices.slice(len(prices) - int(prices.sessions[-1] >= np.datetime64(now.date())))

    def store(workspace, n):
        prices.slice(n).bars[["close", "adj_close"]].rename_axis("date").to_csv(folder / "S2.csv")
        call(workspace, "fetch", "--path", folder / "S2.csv")

    def call(workspace, *words):
        assert run(["-q", "-C", str(workspace), *map(str, words)]) == 0

    store(folder / "forecast", len(prices))
    call(folder / "forecast", "train", "S2", *SMALL)
    shutil.copytree(folder / "forecast", folder / "train")
    store(folder / "score", len(prices) - 4)
    call(folder / "score", "train", "S2", *SMALL)
    line = ["-q", "-C", str(folder / "score"), "forecast", "S2"]
    assert run(line, now=lambda: now - dt.timedelta(days=6)) == 0
    store(folder / "score", len(prices))
    evening_house.make(folder / "run", ["S1"], more="retrain-age = 1")
    first = evening_house.start(
        folder / "run", folder / "plug", "-q", "run", at=evening_house.FIRST
    )
    assert first.communicate()
    assert first.returncode == 0
    return folder


EVENING = evening_house.next_evening(evening_house.FIRST)
WORDS = {"train": ("train", "S2", *SMALL, "--seed", "1"), "forecast": ("forecast", "S2"), "score": ("score", "S2"), "run": ("run",)}  # fmt: skip


def clock(command):
    """Return the clock of a command: the evening's for a run."""
    return (lambda: EVENING) if command == "run" else now_utc


def state(command, root):
    """Return what a command leaves, part by part, and prove that each is whole."""
    if command == "run":
        parts = [one_state(part, root, "S1") for part in ("train", "forecast", "score")]
        with Store(root / "lstmfin.db") as store:
            return [*parts, store.prices("S1").digest()]
    return [one_state(command, root)]


def one_state(command, root, symbol="S2"):
    workspace = Workspace(root)
    with Store(workspace.database) as store, Journal(workspace.database) as journal:
        assert store.integrity() == []
        if command == "train":
            assert Ledger(workspace.database).fault() is None
            try:
                return load_model(workspace, symbol)[0]
            except ModelFileError as error:
                pytest.fail(str(error))
        table = {"forecast": "journal", "score": "truths"}[command]
        return journal.read(f"SELECT symbol, origin, horizon FROM {table}")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("command", WORDS)
def test_old_or_new(made, tmp_path, command, call, mode):
    """At every point; what was acknowledged is there, and a second run completes."""
    old, words = state(command, made / command), WORDS[command]
    shutil.copytree(made / command, tmp_path / "whole")
    assert run(["-q", "-C", str(tmp_path / "whole"), *words], now=clock(command)) == 0
    new = state(command, tmp_path / "whole")
    assert all(one != other for one, other in zip(old, new, strict=True))
    at = EVENING if command == "run" else None
    with Crashes(call, mode, env=evening_house.environment(tmp_path / "plug")) as crash:
        assert crash(["-q", "-C", tmp_path / "whole", *words], n=0, at=at)[0] == 0
        n_whole = 0
        for n in range(1, MOST):
            root = tmp_path / str(n)
            shutil.copytree(made / command, root)
            code, said = crash(["-q", "-C", root, *words], n=n, at=at)
            assert "Traceback" not in said
            found = state(command, root)
            assert all(part in pair for part, *pair in zip(found, old, new, strict=True))
            if code == 0:
                assert found == new
            elif mode == "signal=KILL":
                assert code == -signal.SIGKILL
            else:
                assert code == 74, (n, said)
            assert run(["-q", "-C", str(root), *words], now=clock(command)) == 0
            assert state(command, root) == new
            shutil.rmtree(root)
            n_whole = n_whole + 1 if code == 0 else 0
            if n_whole == CERTAIN:
                break
        else:
            pytest.fail(f"{call} was still met after {MOST} calls")
    assert n > CERTAIN or call not in {"pwrite64", "fdatasync"}  # a commit makes these
