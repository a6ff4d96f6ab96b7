"""``lstmfin plot gates``: what may be asked of it, and what cannot be."""

import json
import xml.etree.ElementTree as ET

import pytest


def test_a_stretch_and_units_may_be_chosen(trained, tmp_path):
    """--from and --to, or --last, say which sessions; --units says whose gates."""
    for words in (
        ("--from", "2023-01-02", "--to", "2023-03-31", "--units", "3,0"),
        ("--to", "2023-03-31", "--last", "20", "--explain", "centre"),
    ):
        ended = trained("--format", "json", "plot", "gates", "GARCH", *words, "--out", "g.svg")
        assert ended.code == 0, ended.err
        assert [row["kind"] for row in json.loads(ended.out)["rows"]] == ["gates"]
        text = "".join(ET.fromstring((tmp_path / "g.svg").read_text()).itertext())
        assert "Data to 2023-03-31" in text or "2023-03-31" in (tmp_path / "g.svg").read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            "gates GARCH --from 2030-01-01",
            65,
            ["--from 2030-01-01 is not in the data", "gates can be shown from 20"],
        ),
        (
            "gates GARCH --to 1999-01-01",
            65,
            ["--to 1999-01-01 is not in the data", "gates can be shown from 20"],
        ),
        ("gates GARCH --from 2023-01-01 --to 2022-01-01", 2, ["--to 2022-01-01 is before"]),
        ("gates GARCH --from 2023-01-01 --last 5", 2, ["give one of them"]),
        ("gates GARCH --last 1", 2, ["--last is 1", "at least 2"]),
        ("gates GARCH --units 4", 2, ["--units names unit 4", "from 0 to 3"]),
        ("gates GARCH --units 0,1,2,3,0", 2, ["at most four"]),
        ("gates GARCH --explain size", 2, ["--explain is 'size'", "width"]),
        ("gates NONE", 65, ["lstmfin train NONE"]),
        ("equity GARCH --last 20", 2, ["'equity' has no --last", "it is for: gates"]),
        ("gate GARCH", 2, ["did you mean 'gates'"]),
        ("seeds GARCH", 65, ["one network", "lstmfin train GARCH ", " --members 5"]),
        ("skill GARCH", 65, ["lstmfin backtest GARCH"]),
        ("calibration GARCH", 65, ["lstmfin backtest GARCH"]),
    ],
)
def test_what_cannot_be(trained, tmp_path, words, code, said):
    """A sentence that says what there is, or which command computes it, and nothing is drawn."""
    ended = trained("plot", *words.split())
    assert (ended.code, ended.out) == (code, "")
    for word in said:
        assert word in ended.err
    assert ended.err.count("\n") == 1
    assert not list((tmp_path / "w" / "reports").rglob("*.png"))
