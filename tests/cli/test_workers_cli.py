"""Backtests on workers: the same bytes wherever they run, and however often they were killed."""

import json
import shutil
import signal
import time

import pytest

from lstmfin.cli.main import run

FOLDS = ("--train", "300", "--test", "40")
NETWORK = (
    "--hidden",
    "8",
    "--window",
    "10",
    "--horizon",
    "3",
    "--epochs",
    "12",
    "--patience",
    "12",
)
LINE = ("-q", "train", *NETWORK[:-4], "--epochs", "1", "GARCH", "RANDOM-WALK", "backtest", *FOLDS)


def _records(folder):
    return {path.parent.name: path.read_bytes() for path in folder.rglob("backtest.json")}


@pytest.fixture(scope="module")
def whole(made, tmp_path_factory):
    """The records of a backtest of two symbols in one process, that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(made / "fetched", folder / "w")
    assert run(["-C", str(folder / "w"), *LINE]) == 0
    assert not (folder / "w" / "cache" / "folds" / "m_GARCH").exists()
    return _records(folder / "w")


def test_processes_give_the_same_bytes(fetched, tmp_path, whole):
    """Two symbols and their folds over two processes end in the same records."""
    assert fetched("--workers", "local:2", *LINE).code == 0
    assert _records(tmp_path / "w") == whole


@pytest.mark.parametrize("workers", ["serial", "local:2"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143)])
def test_killed_it_goes_on_at_its_fold(process, fetched, tmp_path, workers, number, code):
    """The same line ends with the same bytes as one that was not killed, and does no fold twice."""
    line = ("backtest", "GARCH", *FOLDS)
    (tmp_path / "w" / "lstmfin.toml").write_text(
        "[train]\nhidden = 8\nwindow = 10\nhorizon = 3\nepochs = 12\npatience = 12\n"
    )
    running = process("-C", "w", "--workers", workers, *line)
    folds = tmp_path / "w" / "cache" / "folds" / "m_GARCH"
    for _ in range(4000):
        if len(list(folds.glob("*.npz"))) >= 2 or running.poll() is not None:
            break
        time.sleep(0.005)
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    assert running.returncode == code
    kept = {path: path.stat().st_mtime_ns for path in folds.glob("*.npz")}
    assert len(kept) >= 2
    assert not _records(tmp_path / "w")
    if number == signal.SIGTERM:
        assert f"Kept: {len(kept)} folds (the same line goes on after them)" in err
    resumed = fetched(*line)
    assert resumed.code == 0
    assert f"GARCH: going on after {len(kept)} folds" in resumed.err
    after = _records(tmp_path / "w")
    assert not folds.exists()
    shutil.rmtree(tmp_path / "w" / "reports")
    assert fetched(*line).code == 0
    assert _records(tmp_path / "w") == after


def test_a_deadline_costs_the_symbol_that_passes_it(fetched, tmp_path):
    """A fold that takes too long is named, with its deadline; nothing is written of its symbol."""
    ended = fetched("--deadline", "0.001", "backtest", "GARCH", "--train", "300")
    assert ended.code == 69
    assert "the fold of 20" in ended.err
    assert "longer than the 0.001 seconds of --deadline" in ended.err
    assert not (tmp_path / "w" / "reports").exists()


@pytest.mark.parametrize(
    ("spec", "code", "words"),
    [
        ("local:0", 2, ["--workers is 'local:0'", "serial, local:N"]),
        ("spark", 2, ["--workers is 'spark'", "dask:tcp://HOST:PORT"]),
        ("dask:tcp://127.0.0.1:9", 69, ["tcp://127.0.0.1:9", "dask scheduler"]),
    ],
)
def test_workers_that_cannot_be(fetched, tmp_path, spec, code, words):
    """Refused with a sentence in time, and nothing is written."""
    if spec.startswith("dask"):
        pytest.importorskip("distributed", reason="the extra [dask] is not installed")
    began = time.monotonic()
    ended = fetched("--workers", spec, "backtest", "GARCH", "--train", "300")
    assert time.monotonic() - began < 10
    assert ended.code == code
    assert all(word in ended.err for word in words)
    assert "Traceback" not in ended.err
    assert not (tmp_path / "w" / "reports").exists()


def test_one_symbol_that_cannot_be_is_left_out(fetched, tmp_path):
    """The others are tested, and the exit code says so."""
    ended = fetched("--format", "json", "backtest", "NONE", "GARCH", "--train", "500")
    assert ended.code == 3
    assert "NONE failed: no prices for NONE" in ended.err
    assert {row["symbol"] for row in json.loads(ended.out)["rows"]} == {"GARCH"}
