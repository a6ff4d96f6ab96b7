"""Backtests from the command line: seeds, panels, neutral books, and what cannot be."""

import csv
import io
import json

import pytest

from lstmfin.backtest.record import load_record
from lstmfin.cli.main import run
from lstmfin.workspace import Workspace

NETWORK = ("--hidden", 4, "--window", 10, "--horizon", 3, "--epochs", 1)
FOLDS = ("--train", 400, "--test", 200)
BOTH = ("GARCH", "RANDOM-WALK")


def _documents(ended):
    assert ended.code == 0, ended.err
    return {one["command"]: one for one in json.loads(ended.out)}


def test_seeds_are_told_as_a_distribution(fetched, tmp_path):
    """In the table, in JSON and in the record: least, median, most, and shares that beat each."""
    line = ("train", *NETWORK, "--members", 3, "GARCH", "backtest", *FOLDS)
    found = _documents(fetched("--format", "json", *line))["seeds"]
    assert [row["score"] for row in found["rows"]] == ["crps_skill", "qlike", "sharpe"]
    for row in found["rows"]:
        assert (row["symbol"], row["seeds"], len(row["each"])) == ("GARCH", 3, 3)
        assert row["least"] <= row["median"] <= row["most"]
        assert {"zero-return", "drift", "ewma", "har-rv", "historical"} <= set(row["beats"])
        assert all(share in (0, 1 / 3, 2 / 3, 1) for share in row["beats"].values())
    assert "buy-and-hold" in found["rows"][2]["beats"]
    record = load_record(Workspace(tmp_path / "w"), "GARCH")
    assert record.seeds.scores["sharpe"] == found["rows"][2]["each"]
    table = fetched("backtest", "GARCH", *FOLDS)
    assert "Seeds" in table.out
    assert table.out.count("beat") == 6
    assert "Nobody knows the best seed in time" in " ".join(table.out.split())


def test_one_seed_has_no_distribution(trained):
    """A single network gets no table of seeds."""
    assert "seeds" not in json.loads(trained("--format", "json", "backtest", "GARCH", *FOLDS).out)
    assert "Seeds" not in trained("backtest", "GARCH", *FOLDS).out


@pytest.fixture(scope="module")
def panel(made, tmp_path_factory):
    """The records of a panel of two symbols, run in this process."""
    import shutil

    folder = tmp_path_factory.mktemp("panel")
    shutil.copytree(made / "fetched", folder / "w")
    line = ("-q", "train", *map(str, NETWORK), "--panel", *BOTH, "backtest", *map(str, FOLDS))
    assert run(["-C", str(folder / "w"), *line]) == 0
    assert not list((folder / "w" / "cache" / "folds").glob("*"))
    return {path.parent.name: path.read_bytes() for path in folder.rglob("backtest.json")}


@pytest.mark.parametrize("workers", ["serial", "local:2"])
def test_a_panel_is_trained_once_a_fold(fetched, tmp_path, panel, workers):
    """Both symbols get their record, with the same bytes wherever it runs, alone it is another."""
    line = ("train", *NETWORK, "--panel", *BOTH, "backtest", *FOLDS)
    ended = fetched("--workers", workers, *line)
    assert ended.code == 0
    assert "in each fold one network learns from the panel of 2 symbols" in ended.err
    assert {p.parent.name: p.read_bytes() for p in tmp_path.rglob("backtest.json")} == panel
    assert len(panel) == 2
    fetched("train", *NETWORK, "GARCH", "backtest", *FOLDS)
    path = tmp_path / "w" / "reports" / "m_GARCH" / "backtest.json"
    assert path.read_bytes() != panel["m_GARCH"]


def test_a_panel_leaves_out_what_cannot_be_tested(fetched, tmp_path):
    """The others are tested, the exit code is 3, and the sentence says why."""
    ended = fetched("train", *NETWORK, "--panel", *BOTH, "backtest", "NONE", *BOTH, *FOLDS)
    assert ended.code == 3
    assert "NONE failed: no prices for NONE" in ended.err
    assert len(list(tmp_path.rglob("backtest.json"))) == 2


def _sectors(tmp_path, text):
    path = tmp_path / "sectors.csv"
    path.write_text(text)
    return path


def test_a_book_neutral_in_its_sectors(trained, tmp_path):
    """Two symbols in one sector are held against each other, and each alone in its own not at all."""

    def exposures(text):
        path = _sectors(tmp_path, text)
        line = ("backtest", *BOTH, *FOLDS, "--book", "rank", "--sectors", path)
        ended = trained("--format", "csv", *line)
        assert ended.code == 0
        rows = csv.DictReader(io.StringIO(ended.out.split("\n\n")[1]))
        return {row["model"]: float(row["exposure"]) for row in rows}

    assert exposures("symbol,sector\nGARCH,a\nRANDOM-WALK,a\n")["lstm"] == pytest.approx(1)
    assert exposures("symbol,sector\nGARCH,a\nRANDOM-WALK,b\n")["lstm"] == 0
    trials = json.loads(trained("--format", "json", "trials").out)["rows"]
    assert sum(row["symbol"] == "BOOK" for row in trials) == 2


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--cost-bps", -1), 2, ["--cost-bps is -1.0; it must be at least 0"]),
        (("--spread-bps", -1), 2, ["--spread-bps is -1.0; it must be at least 0"]),
        (("--borrow-bps", -1), 2, ["--borrow-bps is -1.0; it must be at least 0"]),
        (("--impact-bps", -1), 2, ["--impact-bps is -1.0; it must be at least 0"]),
        (("--cap", 0), 2, ["--cap is 0.0; it must be above 0"]),
        (("--train", 5000), 2, ["leave no test block", "choose less of either"]),
        (("--train", 50, "--purge", 5000), 2, ["--purge 5000", "leave no test block"]),
        (("--purge", 1), 2, ["--purge 1 is below the horizon of 3", "choose 3 or more"]),
        (("--benchmark", "NONE"), 65, ["no prices for NONE", "lstmfin fetch NONE"]),
        (("--benchmark", "AAPL"), 65, ["AAPL", "does not overlap", "choose another --benchmark"]),
        (("--sectors", "none.csv"), 2, ["--sectors is for a --book"]),
        (("--book", "rank", "--sectors", "none.csv"), 2, ["there is no such file"]),
    ],
)
def test_what_cannot_be_is_told_and_nothing_written(trained, tmp_path, options, code, words):
    """A sentence with what was given and what to do, the exit code, no record and no trial."""
    line = "fetch AAPL --source sample --start 2013-01-01 --end 2014-06-01".split()
    assert trained("-q", *line).code == 0
    ledger = trained("--format", "json", "trials").out
    ended = trained("backtest", *BOTH, *(() if "--train" in options else FOLDS), *options)
    assert ended.code == code, ended.err
    assert all(word in ended.err for word in words), ended.err
    assert "Traceback" not in ended.err
    assert not list(tmp_path.rglob("backtest.json"))
    assert trained("--format", "json", "trials").out == ledger


def test_the_bounds_of_a_panel_are_those_of_a_symbol(fetched, tmp_path):
    """No test block and a purge below the horizon, for all of it."""
    line = ("train", *NETWORK, "--panel", *BOTH, "backtest")
    for options, words in (
        (("--train", 5000), "leave no test block"),
        (("--purge", 1), "--purge 1 is below the horizon of 3"),
    ):
        ended = fetched(*line, *options)
        assert ended.code == 2
        assert words in ended.err
        assert not list(tmp_path.rglob("backtest.json"))
