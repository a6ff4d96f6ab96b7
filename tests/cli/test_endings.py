"""How a line ends when something goes wrong: a sentence, an exit code, and nothing half-written."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lstmfin.registry import COMMANDS

BUSY = ("train", "--epochs", "100000", "--patience", "100000", "--hidden", "64")


def wait_until_training(process, folder):
    """Wait until the process has surely begun to train."""
    for _ in range(200):
        if process.poll() is not None or (folder / "models" / "m_GARCH" / "current").exists():
            return
        time.sleep(0.05)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_says_what_was_kept(process, tmp_path, number, code):
    """Ctrl-C and SIGTERM leave whole files, say which, and end with 130 and 143."""
    line = ("-C", "w", "fetch", "GARCH", "--source", "synthetic", "train", "--epochs", "1")
    running = process(*line, *BUSY)
    wait_until_training(running, tmp_path / "w")
    time.sleep(0.5)
    running.send_signal(number)
    _, err = running.communicate(timeout=30)
    assert running.returncode == code
    assert "interrupted. Kept: prices of GARCH, model of GARCH" in err
    assert "Traceback" not in err
    assert not list((tmp_path / "w").rglob(".tmp-*"))


def test_a_bug_leaves_a_log_and_a_sentence(lstmfin, tmp_path, monkeypatch):
    """What was not foreseen ends with 70; the traceback is in a file whose path is told."""

    def fail(*_, **__):
        raise RuntimeError("a thing that cannot be")

    monkeypatch.setattr(COMMANDS.get("train"), "callback", fail)
    ended = lstmfin("train")
    assert ended.code == 70
    assert ended.err.count("\n") == 1
    log = re.search(r"traceback in (\S+)", ended.err)[1]
    assert "a thing that cannot be" in Path(log).read_text()
    assert log.startswith(str(tmp_path / "w" / "logs"))


def test_a_full_disk_under_stdout(process):
    """Results that cannot be printed are a failure to write, not a bug."""
    with Path("/dev/full").open("w") as full:
        running = process("--version", stdout=full)
        _, err = running.communicate(timeout=30)
    assert running.returncode == 74
    assert "cannot print the results" in err
    assert "Traceback" not in err


def test_a_reader_that_leaves(process):
    """A closed pipe is no failure: ``lstmfin ... | head`` says nothing."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        running = process("--help", stdout=closed)
        _, err = running.communicate(timeout=30)
    assert (running.returncode, err) == (0, "")


@pytest.mark.parametrize(
    "line", [("fetch", "GARCH", "--source", "synthetic"), ("init",)], ids=lambda line: line[0]
)
def test_a_workspace_that_cannot_be_made(lstmfin, tmp_path, line):
    """A workspace below a file cannot be written: 74 and the path."""
    (tmp_path / "file").write_text("")
    ended = lstmfin("-C", tmp_path / "file" / "w", *line, workspace=False)
    assert ended.code == 74
    assert str(tmp_path / "file" / "w") in ended.err
    assert "Traceback" not in ended.err


READ_ONLY = """
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99
shift
exec "$@"
"""


def on_read_only(folder, *words):
    """Run a line with a folder mounted read-only: root may write into any other."""
    done = subprocess.run(
        [
            *("unshare", "--map-root-user", "--mount", "sh", "-c", READ_ONLY, "sh", folder),
            *(sys.executable, "-m", "lstmfin", "-C", folder, *words),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode in {1, 99} and "lstmfin" not in done.stderr:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    assert "Traceback" not in done.stderr
    return done


def test_a_read_only_workspace(trained, tmp_path):
    """Nothing can be written, all can be read, and what was there is there."""
    workspace = tmp_path / "w"
    before = {p: p.read_bytes() for p in workspace.rglob("*") if p.is_file()}
    read = on_read_only(str(workspace), "forecast", "GARCH")
    assert read.returncode == 0, read.stderr
    for words in [
        ("fetch", "AR1", "--source", "synthetic"),
        ("train", "GARCH", "--epochs", "1", "--window", "10"),
        ("plot", "forecast", "GARCH"),
    ]:
        done = on_read_only(str(workspace), *words)
        assert done.returncode == 74, done.stderr
        assert "cannot write" in done.stderr
        assert "read-only" in done.stderr.lower()
    assert {p: p.read_bytes() for p in workspace.rglob("*") if p.is_file()} == before


def test_an_unknown_key_in_the_configuration(lstmfin, tmp_path):
    """The key, the nearest one and 78; and --help still helps."""
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "lstmfin.toml").write_text("[train]\nwindw = 20\n")
    ended = lstmfin("train")
    assert ended.code == 78
    assert "unknown key 'windw'; did you mean 'window'?" in ended.err
    assert lstmfin("train", "--help").code == 0


def test_a_model_cut_short(trained, tmp_path):
    """A damaged model is refused with its path and the command that makes a new one."""
    weights = next((tmp_path / "w" / "models" / "m_GARCH").rglob("weights.npz"))
    weights.write_bytes(weights.read_bytes()[:300])
    ended = trained("forecast", "GARCH")
    assert ended.code == 65
    assert "weights.npz is" in ended.err
    assert "lstmfin train" in ended.err


BAD_FILES = {
    "empty": ("", ["empty"]),
    "text": ("Date,Close\n2020-01-02,1\n2020-01-03,abc\n", ["line 3", "Close", "abc"]),
    "nan": ("Date,Close\n2020-01-02,1\n2020-01-03,nan\n", ["line 3", "Close"]),
    "infinite": ("Date,Close\n2020-01-02,inf\n", ["line 2", "Close", "inf"]),
    "duplicated": ("Date,Close\n2020-01-02,1\n2020-01-02,1\n", ["line 3", "2020-01-02"]),
    "unordered": (
        "Date,Close\n2020-01-02,1\n2020-01-06,1\n2020-01-03,1\n",
        ["line 4", "2020-01-03"],
    ),
    "future": ("Date,Close\n2020-01-02,1\n2999-01-02,1\n", ["line 3", "future"]),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_changes_nothing(lstmfin, tmp_path, name):
    """What is wrong is named by line and column, and the good series stays as it was."""
    good = tmp_path / "good.csv"
    good.write_text("Date,Close\n2020-01-02,1\n2020-01-03,2\n")
    assert lstmfin("fetch", "ACME", "--path", good).code == 0
    before = (tmp_path / "w" / "lstmfin.db").read_bytes()
    content, words = BAD_FILES[name]
    (tmp_path / "bad.csv").write_text(content)
    ended = lstmfin("fetch", "ACME", "--path", tmp_path / "bad.csv")
    assert ended.code == 65
    for word in ["bad.csv", *words]:
        assert word in ended.err
    assert (tmp_path / "w" / "lstmfin.db").read_bytes() == before


@pytest.mark.parametrize("price", ["0", "-36.98"])
def test_prices_without_a_return(lstmfin, tmp_path, price):
    """A price at or below zero is kept as data, and refused where returns are needed."""
    path = tmp_path / "OIL.csv"
    rows = [f"2020-{m:02d}-{d:02d},{20 + d}" for m in range(1, 13) for d in range(1, 29)]
    rows[107] = f"2020-04-24,{price}"
    path.write_text("Date,Close\n" + "\n".join(rows) + "\n")
    assert lstmfin("fetch", "--path", path).code == 0
    ended = lstmfin("train", "OIL", "--window", 10)
    assert ended.code == 65
    assert "2020-04-24" in ended.err
    assert price in ended.err


def test_work_goes_on_when_the_reader_leaves(process, tmp_path):
    """A closed pipe ends the printing, not the work that was asked for."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        line = "-C w -q fetch GARCH --source synthetic train --epochs 1 forecast".split()
        running = process(*line, stdout=closed)
        _, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, "")
    assert (tmp_path / "w" / "models" / "m_GARCH" / "current").is_file()


def test_a_closed_stdout(tmp_path):
    """Without a stdout at all the work is done as well."""
    command = f"{sys.executable} -m lstmfin --version >&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_too_little_memory(lstmfin, monkeypatch):
    """Too large a network is told in a sentence."""

    def fail(*_, **__):
        raise MemoryError

    monkeypatch.setattr(COMMANDS.get("train"), "callback", fail)
    ended = lstmfin("train")
    assert ended.code == 2
    assert "not enough memory" in ended.err
    assert "--hidden" in ended.err


def test_a_corrected_file_is_read_whole(lstmfin, tmp_path):
    """A value that was corrected long ago in a file is corrected in the store, and told."""
    path = tmp_path / "ACME.csv"
    rows = [f"2020-{m:02d}-{d:02d},{20 + d}" for m in range(1, 13) for d in range(1, 29)]
    path.write_text("Date,Close\n" + "\n".join(rows) + "\n")
    assert lstmfin("fetch", "--path", path).code == 0
    rows[3] = "2020-01-04,99"
    path.write_text("Date,Close\n" + "\n".join(rows) + "\n")
    ended = lstmfin("--format", "json", "fetch", "--path", path)
    assert json.loads(ended.out)["rows"][0]["changed"] == 1


def test_series_of_files_wait_for_their_file(fetched, tmp_path):
    """The evening's fetch brings what it can, and says which series need their file."""
    path = tmp_path / "ACME.csv"
    path.write_text("Date,Close\n2020-01-02,1\n2020-01-03,2\n")
    assert fetched("fetch", "--path", path).code == 0
    ended = fetched("--format", "json", "fetch")
    assert ended.code == 0
    assert "lstmfin fetch ACME --path FILE" in ended.err
    assert {row["symbol"] for row in json.loads(ended.out)["rows"]} == {"GARCH", "RANDOM-WALK"}


def test_a_model_belongs_to_its_series(trained, tmp_path):
    """After the series was replaced by one of another source, the old model forecasts no more."""
    days = [f"2020-{m:02d}-{d:02d}" for m in range(1, 13) for d in range(1, 29)]
    path = tmp_path / "GARCH.csv"
    path.write_text("Date,Close\n" + "".join(f"{day},{i % 7 + 9}\n" for i, day in enumerate(days)))
    assert trained("fetch", "--path", path).code == 2
    assert trained("fetch", "--path", path, "--replace").code == 0
    ended = trained("forecast", "GARCH")
    assert ended.code == 65
    assert "trained on prices from synthetic" in ended.err


def test_a_model_belongs_to_its_symbol(trained, tmp_path):
    """A model that was moved to another symbol is refused."""
    models = tmp_path / "w" / "models"
    shutil.rmtree(models / "m_RANDOM-WALK")
    shutil.copytree(models / "m_GARCH", models / "m_RANDOM-WALK")
    ended = trained("forecast", "RANDOM-WALK")
    assert ended.code == 65
    assert "model of another symbol" in ended.err


def test_a_watch_list_that_cannot_be(lstmfin, tmp_path):
    """A symbol in the configuration that cannot be is a fault of the configuration."""
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "lstmfin.toml").write_text('symbols = ["../x"]\n')
    ended = lstmfin("fetch")
    assert ended.code == 78
    assert "lstmfin.toml: symbols: '../x' is not a symbol" in ended.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("plot", "GARCH", "training"), "KIND comes first: lstmfin plot training GARCH"),
        (("plot", "trainning", "GARCH"), "did you mean 'training'"),
        (("plot", "forcast", "GARCH"), "did you mean 'forecast'"),
        (("plot", "GARCH", "timing"), "KIND comes first: lstmfin plot timing GARCH"),
    ],
)
def test_kinds_in_the_wrong_place(trained, words, message):
    """A KIND that is mistyped or stands behind a symbol is told as such."""
    ended = trained(*words)
    assert ended.code == 2
    assert message in ended.err
