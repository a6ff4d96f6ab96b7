"""The ledger from the command line."""

import json
import sqlite3

QUICK = ("--hidden", "4", "--window", "10", "--horizon", "3", "--epochs", "2")
FOLDS = ("--train", "400", "--test", "200")


def _rows(ended):
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def test_everything_tried_is_listed(trained):
    """Trainings and backtests, in order; the search of each symbol counts its settings."""
    found = _rows(trained("--format", "json", "trials"))
    assert [(row["kind"], row["symbol"]) for row in found["rows"]] == [
        ("train", "GARCH"),
        ("train", "RANDOM-WALK"),
    ]
    assert found["rows"][0]["validation_loss"] is not None
    trained("backtest", "GARCH", *FOLDS)
    trained("backtest", "GARCH", *FOLDS, "--cost-bps", 1)
    trained("backtest", "GARCH", *FOLDS)
    found = _rows(trained("--format", "json", "trials", "GARCH"))
    assert [row["kind"] for row in found["rows"]] == ["train", "backtest", "backtest"]
    assert found["chain_holds"]
    (search,) = found["searches"]
    assert (search["n_trials"], search["n_backtests"]) == (2, 2)
    assert search["deflated_sharpe"] is not None
    table = trained("trials")
    assert "GARCH: settings tried: 2, of them backtested: 2; the best, " in table.out
    assert "The chain of hashes holds" in table.out


def test_the_verdict_counts_the_search(trained):
    """Without anyone having to say how often it was tried."""
    first = _rows(trained("--format", "json", "backtest", "GARCH", *FOLDS))
    assert "over 1 trial)" in first["verdict"][2]["text"]
    trained("train", "GARCH", "--hidden", 3, "--window", 10, "--horizon", 3, "--epochs", 1)
    again = _rows(trained("--format", "json", "backtest", "GARCH", *FOLDS))
    assert "over 2 trials)" in again["verdict"][2]["text"]


def test_a_training_and_its_backtest_are_one_trial(fetched):
    """What is left to the default, inputs and loss, is the same network as when it is named."""
    line = ("train", "GARCH", *QUICK, "backtest", *FOLDS)
    found = fetched("--format", "json", *line)
    assert found.code == 0, found.err
    assert "over 1 trial)" in json.loads(found.out)[1]["verdict"][2]["text"]


def test_a_row_that_is_gone_is_told(trained, tmp_path):
    """The rows that are left are printed, and the exit code is 65."""
    connection = sqlite3.connect(tmp_path / "w" / "lstmfin.db")
    connection.execute("DELETE FROM trials WHERE number = 1")
    connection.commit()
    connection.close()
    ended = trained("--format", "json", "trials")
    assert ended.code == 65
    assert "row 1 was removed" in ended.err
    document = json.loads(ended.out)
    assert not document["chain_holds"]
    assert [row["number"] for row in document["rows"]] == [2]


def test_none_yet(fetched):
    """The sentence holds the line that makes some."""
    ended = fetched("trials")
    assert (ended.code, ended.out) == (65, "")
    assert "there are no trials" in ended.err
    assert "lstmfin fetch AAPL train backtest" in ended.err
