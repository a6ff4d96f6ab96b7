"""The search from the command line."""

import json
import signal
import time

from lstmfin.cli.main import run
from lstmfin.config import load_settings

FAST = "--trials 3 --over hidden,learning-rate --train 200 --test 100 --kept 100".split()
TOML = "[train]\nepochs = 1\nwindow = 10\nhorizon = 3\nhidden = 4\n"


def test_a_search_from_end_to_end(fetched, tmp_path):
    """A table, what the best is worth beside luck, and lines of lstmfin.toml that can be pasted."""
    toml = tmp_path / "w" / "lstmfin.toml"
    toml.write_text(TOML)
    ended = fetched("tune", "GARCH", *FAST)
    assert ended.code == 0, ended.err
    text = " ".join(ended.out.split())
    assert "The best of 3 trials saves" in text
    assert "by luck alone the best of 3 equal ones would lie" in text
    again = fetched("--format", "json", "tune", "GARCH", *FAST)
    assert "GARCH: 3 of 3 trials were run before" in again.err
    found = json.loads(again.out)
    best = max(found["rows"], key=lambda row: row["skill"])
    assert found["reading"]["skill"] == best["skill"]
    assert found["rows"][0] == best
    changes = found["reading"]["changes"]
    if changes:
        lines = ended.out[ended.out.index("[train]") :].split("\n")[1:]
        toml.write_text("[train]\n" + "\n".join(lines))
        train = load_settings(toml).train
        assert {name: getattr(train, name) for name in changes} == changes
    else:
        assert "there is nothing to change" in ended.out
    listed = json.loads(fetched("--format", "json", "trials", "GARCH").out)
    assert [row["kind"] for row in listed["rows"]] == ["tune"] * 3
    assert listed["searches"][0]["n_trials"] == 3


def test_a_killed_search_goes_on(fetched, process, tmp_path):
    """Whatever ended before the signal is found again."""
    (tmp_path / "w" / "lstmfin.toml").write_text(TOML)
    line = ("tune", "GARCH", *FAST[2:], "--trials", "60")
    child = process("-C", tmp_path / "w", *line)
    for _ in range(600):
        time.sleep(0.1)
        listed = _n_trials(tmp_path)
        if listed >= 2 or child.poll() is not None:
            break
    child.send_signal(signal.SIGKILL)
    child.wait(timeout=60)
    for stream in (child.stdout, child.stderr):
        stream.close()
    n = _n_trials(tmp_path)
    assert 2 <= n < 60
    ended = fetched("tune", "GARCH", *FAST[2:], "--trials", n + 1)
    assert ended.code == 0, ended.err
    assert f"GARCH: {n} of {n + 1} trials were run before" in ended.err


def _n_trials(tmp_path):
    from lstmfin.data.ledger import Ledger

    return sum(one.kind == "tune" for one in Ledger(tmp_path / "w" / "lstmfin.db").trials("GARCH"))


def test_what_cannot_be_is_told(fetched, tmp_path):
    """A sentence and the exit code."""
    for line, code, words in (
        ("--over hiden", 2, "did you mean 'hidden'"),
        ("--kept 5000", 65, "are not to be looked at"),
        ("--train 5000", 2, "leave no test block"),
        ("--trials 0", 2, "--trials is 0"),
    ):
        ended = fetched("tune", "GARCH", *line.split())
        assert ended.code == code, ended.err
        assert words in ended.err
    (tmp_path / "w" / "lstmfin.toml").write_text('[train]\ntarget = "volatility"\n')
    ended = fetched("tune", "GARCH")
    assert ended.code == 2
    assert "--target returns" in ended.err
    assert run(["-C", str(tmp_path / "w"), "tune", "NONE"]) == 65
