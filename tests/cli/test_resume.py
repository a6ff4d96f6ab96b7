"""A training that is interrupted, and goes on with ``--resume``."""

import shutil
import signal
import time

import pytest

LONG = ("--hidden", "8", "--window", "10", "--horizon", "3", "--epochs", "40", "--patience", "40")
TRAIN = ("train", "GARCH", *LONG)


def _model(tmp_path):
    return (tmp_path / "w" / "models" / "m_GARCH" / "current").read_text()


def _checkpoint(tmp_path):
    return tmp_path / "w" / "models" / "m_GARCH" / "checkpoint.npz"


def _interrupted(process, tmp_path, number):
    """Start a training, send it a signal once it has a checkpoint, and return how it ended."""
    running = process("-C", "w", *TRAIN)
    for _ in range(4000):
        if _checkpoint(tmp_path).is_file() or running.poll() is not None:
            break
        time.sleep(0.005)
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    return running.returncode, err


@pytest.fixture(scope="module")
def whole(made, tmp_path_factory):
    """The identity of the model of a training that nothing interrupted."""
    from lstmfin.cli.main import run

    folder = tmp_path_factory.mktemp("whole")
    shutil.copytree(made / "fetched", folder / "w")
    assert run(["-C", str(folder / "w"), "-q", *TRAIN]) == 0
    assert not _checkpoint(folder).exists()
    return _model(folder)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_killed_and_resumed_is_the_same_model(process, fetched, tmp_path, whole, number, code):
    """Whatever ends a training, --resume makes of it the model it would have been, byte for byte."""
    ended, err = _interrupted(process, tmp_path, number)
    assert ended == code
    if number != signal.SIGKILL:
        assert "Kept: checkpoint of GARCH (the same line with --resume goes on from it)." in err
    assert not (tmp_path / "w" / "models" / "m_GARCH" / "current").exists()
    assert _checkpoint(tmp_path).is_file()
    resumed = fetched(*TRAIN, "--resume")
    assert resumed.code == 0
    assert "GARCH: going on from step " in resumed.err
    assert _model(tmp_path) == whole
    assert not _checkpoint(tmp_path).exists()


def test_another_training_starts_anew(process, fetched, tmp_path, whole):
    """A checkpoint of other options is not gone on from, and one is not used unasked."""
    assert _interrupted(process, tmp_path, signal.SIGKILL)[0] == -9
    kept = _checkpoint(tmp_path).read_bytes()
    other = fetched(*TRAIN, "--resume", "--seed", "1", "--epochs", "1")
    assert other.code == 0
    assert "there is no checkpoint of these options and prices; training from the start" in (
        other.err
    )
    assert _model(tmp_path) != whole
    _checkpoint(tmp_path).write_bytes(kept)
    anew = fetched(*TRAIN)
    assert anew.code == 0
    assert "checkpoint" not in anew.err
    assert _model(tmp_path) == whole


def test_a_damaged_checkpoint_is_none(fetched, tmp_path):
    """Rubbish in its place does no harm and is gone in the end."""
    _checkpoint(tmp_path).parent.mkdir(parents=True)
    _checkpoint(tmp_path).write_bytes(b"PK rubbish")
    ended = fetched("train", "GARCH", *LONG[:6], "--epochs", "1", "--resume")
    assert ended.code == 0
    assert "training from the start" in ended.err
    assert not _checkpoint(tmp_path).exists()


def test_resume_belongs_to_one_call(fetched, tmp_path):
    """It cannot stand in lstmfin.toml."""
    (tmp_path / "w" / "lstmfin.toml").write_text("[train]\nresume = true\n")
    ended = fetched("train", "GARCH")
    assert ended.code == 78
    assert "unknown key 'resume'" in ended.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--optimiser adm", ["--optimiser is 'adm'", "did you mean 'adam'"]),
        ("--optimiser sgd --weight-decay 0.1", ["--weight-decay is nothing", "'sgd'", "--l2"]),
        ("--momentum 0.5", ["--momentum is nothing", "'adamw'", "sgd"]),
        ("--ema 1", ["--ema is 1.0", "below 1"]),
        ("--clip-value -1", ["--clip-value", "at least 0"]),
    ],
)
def test_options_that_cannot_be(fetched, options, words):
    """Bad options of training are refused with 2 and a sentence."""
    ended = fetched("train", "GARCH", *options.split())
    assert ended.code == 2
    for word in words:
        assert word in ended.err
