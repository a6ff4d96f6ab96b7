"""The commands that look at the engine itself."""

import datetime as dt
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from lstmfin import __version__
from lstmfin.engine.cells.mgu import MGU


def rows(ended):
    assert ended.code == 0, ended.err
    return json.loads(ended.out)["rows"]


def test_selftest_proves_a_cell(lstmfin):
    """Each variant is a row with its largest error, and the verdict is a line."""
    found = rows(lstmfin("--format", "json", "selftest", "--cell", "gru,mgu"))
    assert [row["name"] for row in found] == ["gru", "gru(reset=before)", "mgu"]
    assert all(row["ok"] and row["largest_error"] < 1e-6 for row in found)
    assert "All 1 are right" in lstmfin("selftest", "--cell", "mgu").out


def test_selftest_that_fails_ends_with_70(lstmfin, monkeypatch):
    """A wrong sign in one cell is named on stderr, and the others are still checked."""
    right = MGU.step_backward

    def wrong(self, p, t, d):
        right(self, p, t, d)
        t.dgates[1][:] *= -1

    monkeypatch.setattr(MGU, "step_backward", wrong)
    ended = lstmfin("-q", "--format", "json", "selftest", "--cell", "mgu,rnn")
    assert ended.code == 70
    assert [row["ok"] for row in json.loads(ended.out)["rows"]] == [False, True, True]
    assert ended.err.count("\n") == 1
    assert "the gradients of mgu" in ended.err


def test_gradients_tell_the_story(lstmfin):
    """Below 1 they vanish, at 1 they stay, above 1 they explode, and the LSTM of 1997 keeps them."""
    words = ("gradients", "--cell", "rnn,lstm1997", "--hidden", 8)
    found = rows(lstmfin("--format", "json", *words))
    assert len(found) == 8
    below, at, above = (row["lag_100"] for row in found[:3])
    assert below < 1e-9 < 1e7 < above
    assert at == pytest.approx(1)
    assert found[-1]["lag_100"] > 0.1 > found[-2]["lag_100"]
    assert "lag 100" in lstmfin(*words).out


def test_gradients_of_a_saved_model(trained, tmp_path):
    """--trained adds the model of a symbol, with a new cell of its kind and size beside it."""
    words = ("gradients", "--cell", "gru", "--trained", "garch", "--out", "g.svg")
    found = rows(trained("--format", "json", *words))
    assert [row["name"] for row in found] == ["gru", "lstm", "lstm, trained"]
    assert found[1]["lag_1"] != found[2]["lag_1"]
    assert ET.fromstring((tmp_path / "g.svg").read_text()).tag.endswith("svg")


MEASURED = {
    "gradients": "gradients --cell rnn,lstm --hidden 4",
    "adding": "bench adding --length 20 --limit 4800 --cell lstm,rnn --hidden 2 --batch 2",
    "timing": "bench timing --length 5 --limit 64 --cell rnn",
}
"""Each kind of picture of no symbol, and what measures it."""


@pytest.mark.parametrize("kind", MEASURED)
def test_what_was_measured_is_kept_and_drawn(lstmfin, tmp_path, kind):
    """``plot`` draws the same bytes as --out did, and the file says how and when it was measured."""
    line = MEASURED[kind].split()
    command = " ".join(line[: 1 + (line[0] == "bench")])
    ended = lstmfin("plot", kind)
    assert (ended.code, ended.out) == (65, "")
    assert ended.err.endswith(f"yet; measure it: lstmfin {command}\n")
    assert lstmfin(*line, "--seed", 3, "--out", "a.png", "--theme", "dark").code == 0
    (row,) = rows(lstmfin("--format", "json", "plot", kind, "--theme", "dark"))
    assert (row["symbol"], row["kind"]) == (None, kind)
    assert Path(row["path"]) == tmp_path / "w" / "reports" / "measured" / f"{kind}.png"
    assert Path(row["path"]).read_bytes() == (tmp_path / "a.png").read_bytes()
    kept = json.loads(
        (tmp_path / f"w/reports/measured/{command.replace(' ', '-')}.json").read_bytes()
    )
    assert (kept["command"], kept["version"], kept["options"]["seed"]) == (command, __version__, 3)
    at = dt.datetime.fromisoformat(kept["at"])
    assert dt.timedelta() <= dt.datetime.now(dt.UTC) - at < dt.timedelta(minutes=5)
    assert lstmfin("plot", kind, "--out", "b.svg").code == 0
    assert f"Measured on {at.date()}." in (tmp_path / "b.svg").read_text()


def shorter(kept):
    kept["found"]["cells"][0]["norms"].pop()


def without_curves(kept):
    kept["found"] |= {"cells": [], "scales": []}


def below_zero(kept):
    kept["found"]["cells"][0]["norms"][0] = -1.0


def of_nothing(kept):
    kept["found"]["cells"][0]["norms"][0] = float("nan")


def of_another_command(kept):
    kept["command"] = "bench adding"


def cut(kept):
    del kept["found"]


@pytest.mark.parametrize(
    "damage", [shorter, without_curves, below_zero, of_nothing, of_another_command, cut, list]
)
def test_a_file_that_is_not_what_was_kept_is_no_bug(lstmfin, tmp_path, damage):
    """One sentence that names the file and the command, and no word of Python's."""
    assert lstmfin(*MEASURED["gradients"].split()).code == 0
    path = tmp_path / "w/reports/measured/gradients.json"
    kept = json.loads(path.read_text())
    changed = damage(kept)
    path.write_text(json.dumps(kept if changed is None else changed))
    ended = lstmfin("plot", "gradients")
    assert (ended.code, ended.err.count("\n")) == (65, 1), ended.err
    assert f"{path} is not what lstmfin gradients keeps; move it away and measure" in ended.err


def test_a_picture_of_no_symbol_takes_none(trained):
    """One that is named is refused; a picture of a symbol, and ``plot`` without KIND, go on."""
    ended = trained("plot", "gradients", "GARCH")
    assert ended.code == 2
    assert "is of no symbol; draw it without 'GARCH': lstmfin plot gradients" in ended.err
    found = rows(trained("--format", "json", "plot", "GARCH"))
    assert not {"gradients", "adding", "timing"} & {row["kind"] for row in found}
    assert "did you mean 'gradients'" in trained("plot", "gradient").err


@pytest.mark.parametrize("line", MEASURED.values(), ids=MEASURED)
def test_a_workspace_that_cannot_be_written_costs_a_warning(lstmfin, tmp_path, line):
    """What was measured is shown all the same, and drawn where a file is asked for."""
    (tmp_path / "w").write_text("a file where the workspace should be")
    ended = lstmfin("-q", *line.split(), "--out", "a.svg")
    assert ended.code == 0
    assert ended.out
    assert ended.err.startswith("lstmfin: not kept for lstmfin plot ")
    assert ended.err.count("\n") == 1
    assert (tmp_path / "a.svg").is_file()


def test_a_learning_curve_is_kept_in_few_points(lstmfin, tmp_path):
    """However long it took; first and last are among them."""
    line = "bench adding --length 12 --limit 4803 --cell rnn --hidden 1 --batch 1"
    assert lstmfin(*line.split()).code == 0
    kept = json.loads((tmp_path / "w/reports/measured/bench-adding.json").read_bytes())["found"]
    (course,) = kept["courses"].values()
    assert 750 <= len(course) <= 1501
    assert (course[0][0], course[-1][0]) == (1, 4803)


def test_bench_counts_sequences(lstmfin):
    """One row a cell, with what it took; a cell that does not solve it is a result."""
    words = ("bench", "adding", "--length", 20, "--limit", 64, "--cell", "lstm,rnn", "--hidden", 4)
    found = rows(lstmfin("--format", "json", *words))
    assert [(row["cell"], row["solved"], row["sequences"]) for row in found] == [
        ("lstm", False, 64),
        ("rnn", False, 64),
    ]
    assert "Wrong: of 2,560" in lstmfin(*words).out


def test_bench_draws_how_cells_learn(lstmfin, tmp_path):
    """--out is the picture of the courses, in the colours that were asked for."""
    words = (
        "bench",
        "adding",
        "--length",
        20,
        "--limit",
        64,
        "--cell",
        "lstm,rnn",
        "--out",
        "a.svg",
    )
    assert "a.svg" in lstmfin(*words, "--theme", "dark").err
    assert ET.fromstring((tmp_path / "a.svg").read_text()).tag.endswith("svg")


def test_bench_names_the_cells_of_its_problem(lstmfin):
    """Without --cell: the LSTM for adding, with and without peepholes for timing."""
    for problem, cells in {"adding": ["lstm"], "timing": ["peephole", "lstm"]}.items():
        ended = lstmfin("--format", "json", "bench", problem, "--length", 12, "--limit", 8)
        assert [row["cell"] for row in rows(ended)] == cells


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("selftest --cell lstn", 2, ["--cell is 'lstn'", "did you mean 'lstm'"]),
        ("gradients --cell lstn", 2, ["--cell is 'lstn'", "did you mean 'lstm'"]),
        ("gradients --out g.gif", 2, [".pdf, .png, .svg"]),
        ("gradients --trained AAPL", 65, ["no model of AAPL", "lstmfin train AAPL"]),
        ("gradients --trained ../x", 2, ["../x"]),
        ("gradients --cell clockwork --hidden 3", 2, ["2 periods do not divide 3 units"]),
        ("bench adding --cell lstn", 2, ["--cell is 'lstn'", "did you mean 'lstm'"]),
        ("bench adding --length 0", 2, ["--length is 0", "at least 1"]),
        ("bench adding --length 5", 2, ["--length is 5", "at least 11"]),
        ("bench timing --length 1", 2, ["--length is 1", "at least 2"]),
        ("bench adding --limit 0", 2, ["--limit is 0"]),
        ("bench adding --out a.gif", 2, [".pdf, .png, .svg"]),
        ("bench addition", 2, ["no problem 'addition'", "did you mean 'adding'", "timing"]),
        ("bench", 2, ["PROBLEM"]),
    ],
)
def test_what_cannot_be(lstmfin, tmp_path, line, code, words):
    """A sentence that says what is allowed, the exit code, and nothing written."""
    ended = lstmfin(*line.split())
    assert (ended.code, ended.out) == (code, "")
    for word in words:
        assert word in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "w").exists()
