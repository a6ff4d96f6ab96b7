"""Kept folds: the same bits back, for just that fold, and nothing but laws."""

import json
from dataclasses import replace

import numpy as np
import pytest

from lstmfin.backtest.fold import run_fold
from lstmfin.backtest.fold_files import FoldFiles
from lstmfin.backtest.panel import plan_panel
from lstmfin.backtest.walkforward import plan_backtest
from lstmfin.config import BacktestConfig, TrainConfig
from lstmfin.data.panel import beside
from lstmfin.data.prices import drop_range
from lstmfin.workspace import Workspace

NETWORK = TrainConfig(hidden=2, window=5, horizon=2, epochs=1, batch=64, features=("log-return",))
FOLDS = BacktestConfig(train=100, test=45)


@pytest.fixture(scope="module")
def fold(prices):
    return plan_backtest(prices, network=NETWORK, config=FOLDS).folds[0]


@pytest.fixture(scope="module")
def done(fold):
    return run_fold(fold, lambda _: None)


@pytest.fixture
def files(tmp_path):
    return FoldFiles(Workspace(tmp_path / "w"), "^GARCH/")


def test_what_is_kept_comes_back(files, fold, done):
    """Every law, bit for bit, and the weights."""
    assert files.load(fold) is None
    files.save(fold, done)
    back = files.load(fold)
    assert files.n_there == 1
    np.testing.assert_array_equal(back.weights, done.weights)
    assert back.weights.dtype == done.weights.dtype
    assert list(back.laws) == list(done.laws)
    for name, laws in done.laws.items():
        for a, b in zip(laws, back.laws[name], strict=True):
            assert type(a) is type(b)
            for part in ("location", "scale", "dof"):
                np.testing.assert_array_equal(getattr(a, part), getattr(b, part))


def _changed(fold, prices):
    bars = prices.bars.copy()
    bars.loc[bars.index[3], "adj_close"] *= 1.001
    later = prices.bars.copy()
    later.loc[later.index[-1], ["close", "adj_close", "open", "high", "low"]] *= 1.001
    return {
        "network": replace(fold, network=replace(NETWORK, seed=1)),
        "number": replace(fold, number=1),
        "train": replace(fold, train=fold.train[1:]),
        "tests": replace(fold, tests=(fold.tests[0][:-1],)),
        "warm": replace(fold, warm_start=np.zeros(3, np.float32)),
        "prices": replace(fold, prices=replace(prices, bars=bars)),
        "the same": replace(fold, prices=replace(prices, bars=later)),
    }


@pytest.mark.parametrize(
    "what", ["network", "number", "train", "tests", "warm", "prices", "the same"]
)
def test_a_file_is_that_of_one_fold(files, fold, done, prices, what):
    """Any change but in bars that the fold does not see makes it another."""
    files.save(fold, done)
    found = files.load(_changed(fold, prices)[what])
    assert (found is None) == (what != "the same")


def test_a_file_is_that_of_one_panel(files, prices):
    """What the others did before the end of the fold makes it another; what they did later not."""
    own, other = drop_range(prices), replace(drop_range(prices), symbol="OTHER")
    network = replace(NETWORK, panel=True, target="volatility", features=("panel-day",))
    plan = plan_panel([own, other], network=network, config=FOLDS)
    fold = plan.folds[0].folds[0]
    files.save(fold, run_fold(replace(fold, network=NETWORK), lambda _: None))
    last = int(fold.tests[-1][-1])

    def moved(at):
        bars = other.bars.copy()
        bars.loc[bars.index[at], ["close", "adj_close"]] *= 1.001
        return replace(fold, prices=beside(own, [replace(other, bars=bars)]))

    assert files.load(fold) is not None
    assert files.load(moved(len(prices) - 5)) is not None
    assert files.load(moved(last - 5)) is None


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "gone", "foreign"])
def test_a_damaged_file_is_none(files, fold, done, damage):
    """The fold is run again, then."""
    files.save(fold, done)
    (path,) = files.folder.iterdir()
    raw = path.read_bytes()
    if damage == "foreign":
        with np.load(path) as stored:
            arrays = dict(stored)
        structure = json.loads(arrays["structure"].tobytes())
        structure[0]["lstm"][0]["class"] = ["lstmfin.workers.tasks", "Outcome"]
        arrays["structure"] = np.frombuffer(json.dumps(structure).encode(), np.uint8)
        np.savez(path, **arrays)
    else:
        middle = len(raw) // 2
        path.write_bytes(
            {
                "cut": raw[:middle],
                "flipped": raw[:middle] + bytes([raw[middle] ^ 1]) + raw[middle + 1 :],
                "empty": b"",
                "gone": raw,
            }[damage]
        )
        if damage == "gone":
            path.unlink()
    assert files.load(fold) is None


def test_the_cache_is_private_whoever_makes_it(files, fold, done):
    """Other things lie in it that are read without suspicion."""
    files.save(fold, done)
    assert files.cache.stat().st_mode & 0o077 == 0


def test_removed_is_removed(files, fold, done):
    """Twice does no harm."""
    files.save(fold, done)
    files.remove()
    files.remove()
    assert not files.folder.exists()


def test_warm_starts_are_chained(prices, run):
    """Each training begins where the one before ended; the first fold is the same as a fresh one's."""
    fresh, warm = run(prices), run(prices, warm_start=True)
    n = FOLDS.test
    a, b = (one.laws["lstm"].base.scale for one in (fresh, warm))
    np.testing.assert_array_equal(a[:n], b[:n])
    assert (a[n:] != b[n:]).any()
    for name in ("drift", "zero-return"):
        np.testing.assert_array_equal(fresh.laws[name].base.scale, warm.laws[name].base.scale)
    assert BacktestConfig(warm_start=True).warm_start
