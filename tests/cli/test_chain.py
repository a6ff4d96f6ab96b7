"""Commands in one line."""

import json

import pytest

QUICK = ("--hidden", "4", "--window", "10", "--horizon", "3", "--epochs", "2")
SMALL = ("--train", "300", "--test", "200")
FETCH = ("fetch", "GARCH", "--source", "synthetic", "--start", "2022-06-01")
SMALL_CHAIN = (*FETCH, "train", *QUICK, "backtest", *SMALL, "plot", "forecast")


def test_a_chain_runs_in_order(lstmfin):
    """A later command takes the symbols of the one before, and the line is one JSON document."""
    ended = lstmfin("--format", "json", *SMALL_CHAIN)
    assert ended.code == 0, ended.err
    documents = json.loads(ended.out)
    assert [one["command"] for one in documents] == [
        "fetch",
        "train",
        "backtest",
        "plot",
        "forecast",
    ]
    assert all({row["symbol"] for row in one["rows"]} == {"GARCH"} for one in documents)


def test_a_later_command_may_name_its_own(fetched):
    """Symbols are handed on only where none are named."""
    ended = fetched("--format", "json", "fetch", "GARCH", "fetch", "RANDOM-WALK", "fetch")
    assert [one["rows"][0]["symbol"] for one in json.loads(ended.out)] == [
        "GARCH",
        "RANDOM-WALK",
        "RANDOM-WALK",
    ]


def test_all_is_parsed_before_anything_runs(lstmfin, tmp_path):
    """A mistake in the last command is told before the first has done anything."""
    ended = lstmfin("fetch", "GARCH", "--source", "synthetic", "train", "--hiden", "3")
    assert ended.code == 2
    assert "--hidden" in ended.err
    assert not (tmp_path / "w").exists()


def test_the_value_of_an_option_begins_no_command(fetched, tmp_path):
    """A file may be called like a command."""
    ended = fetched("plot", "training", "GARCH", "--out", "train", "fetch", "GARCH")
    assert ended.code == 65
    assert "no model of GARCH" in ended.err
    assert "train is" not in ended.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["trian"], ["no command 'trian'", "did you mean 'train'"]),
        (["fetch", "GARCH", "trian"], ["no command 'trian'", "did you mean 'train'", "TRIAN"]),
        (["train", "--cel", "lstm"], ["--cell"]),
        (["-C"], ["-C"]),
        (["--format", "yaml", "train"], ["yaml", "json"]),
        (["train", "--hidden", "many"], ["--hidden", "many"]),
        (["fetch", "--start", "yesterday"], ["--start", "yesterday", "YYYY-MM-DD"]),
        (["-q"], ["no command"]),
    ],
)
def test_mistakes_are_usage(lstmfin, line, words):
    """A line that cannot be ends with 2, and says what is near."""
    ended = lstmfin(*line, workspace=False)
    assert (ended.code, ended.out) == (2, "")
    for word in words:
        assert word in ended.err


def test_the_picture_and_the_command(trained):
    """``plot forecast`` is the picture at the head of a line, and two commands further on."""
    alone = json.loads(trained("--format", "json", "plot", "forecast", "GARCH").out)
    assert [row["kind"] for row in alone["rows"]] == ["forecast"]
    with_option = json.loads(
        trained("--format", "json", "plot", "--theme", "dark", "forecast", "GARCH").out
    )
    assert [row["kind"] for row in with_option["rows"]] == ["forecast"]
    chain = json.loads(trained("--format", "json", "fetch", "GARCH", "plot", "forecast").out)
    assert [one["command"] for one in chain] == ["fetch", "plot", "forecast"]


def test_symbols_may_be_called_like_commands(lstmfin):
    """In capitals a command's name is a symbol."""
    ended = lstmfin("fetch", "TRAIN", "PLOT", "--source", "synthetic")
    assert ended.code == 69
    assert "TRAIN" in ended.err
    assert "PLOT" in ended.err
