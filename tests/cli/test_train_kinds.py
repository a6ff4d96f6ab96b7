"""Targets, other series, panels and members, from the command line to the forecast."""

import json

import numpy as np
import pytest

from lstmfin.plots.subject import Trained
from lstmfin.registry import PLOTS

QUICK = ("--hidden", "4", "--window", "10", "--horizon", "3", "--epochs", "1")


def rows(ended):
    """Return the rows of the last command of a line."""
    assert ended.code in {0, 3}, ended.err
    documents = json.loads(ended.out)
    return (documents if isinstance(documents, dict) else documents[-1])["rows"]


@pytest.mark.parametrize(
    ("options", "loss"),
    [
        ("", "student-t"),
        ("--loss quantile", "quantile"),
        ("--target volatility", "qlike"),
        ("--target volatility --loss mse --variance rogers-satchell", "mse"),
        ("--target direction", "bernoulli"),
        ("--features log-return,weekday,drawdown", "student-t"),
    ],
)
def test_each_target_is_trained_and_forecast(fetched, options, loss):
    """The default loss follows the target; every forecast has ranges, a volatility and a chance."""
    (row,) = rows(fetched("--format", "json", "train", "GARCH", *QUICK, *options.split()))
    assert row["loss"] == loss
    assert row["target"] == (options.split()[1] if "--target" in options else "returns")
    for row in rows(fetched("--format", "json", "forecast", "GARCH")):
        quantiles = [row[name] for name in ("q05", "q25", "q50", "q75", "q95")]
        assert (np.diff(quantiles) > 0).all()
        assert 0 < row["naive_q05"] < row["last_close"] < row["naive_q95"]
        assert 0 < row["chance_of_rise"] < 1
        assert 0.001 < row["daily_volatility"] < 0.1
        assert 0 < row["expected_move"] < row["last_close"]


def test_other_series_are_seen(fetched, tmp_path):
    """They are inputs of the network, stay out of what is trained, and come along to a forecast."""
    line = ("train", *QUICK, "--exog", "random-walk", "forecast")
    ended = fetched("--format", "json", *line)
    assert ended.code == 0, ended.err
    trained, forecast = json.loads(ended.out)
    (row,) = trained["rows"]
    assert (row["symbol"], row["exog"]) == ("GARCH", ["RANDOM-WALK"])
    assert {one["symbol"] for one in forecast["rows"]} == {"GARCH"}
    assert len(rows(fetched("--format", "json", "plot", "forecast", "GARCH"))) == 1
    alone = rows(fetched("--format", "json", "train", "GARCH", *QUICK))[0]
    assert row["weights"] > alone["weights"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("--exog NONE", 65, ["no prices for NONE", "lstmfin fetch NONE"]),
        ("--exog ../x", 2, ["is not a symbol"]),
        ("--target volatlity", 2, ["--target is 'volatlity'", "did you mean 'volatility'"]),
        ("--loss qlike", 2, ["--loss qlike does not fit --target returns", "student-t"]),
        ("--target direction --loss mse", 2, ["does not fit --target direction", "bernoulli"]),
        ("--members 0", 2, ["--members is 0", "at least 1"]),
        ("--variance high", 2, ["--variance is 'high'", "garman-klass"]),
        ("--horizon 700", 65, ["GARCH has", "horizon of 700", "need"]),
    ],
)
def test_what_cannot_be_is_told(fetched, options, code, words):
    """A sentence and the exit code; nothing is saved."""
    ended = fetched("train", "GARCH", *QUICK[:-2], "--epochs", "1", *options.split())
    assert ended.code == code
    for word in words:
        assert word in ended.err
    assert fetched("forecast", "GARCH").code == 65


def write_series(tmp_path, name, sessions, closes):
    path = tmp_path / f"{name}.csv"
    lines = [f"{day},{close}" for day, close in zip(sessions, closes, strict=True)]
    path.write_text("\n".join(["date,close", *lines]) + "\n")
    return path


@pytest.fixture
def more(fetched, tmp_path):
    """The same function, with a series that ends early and one that never moves."""
    sessions = np.busday_offset("2022-06-01", np.arange(300), roll="forward")
    close = 100 * np.exp(np.cumsum(0.01 * np.random.default_rng(0).standard_normal(300)))
    for name, values in (("EARLY", close), ("FLAT", np.full(300, 7.0))):
        path = write_series(tmp_path, name, sessions, values)
        assert fetched("fetch", name, "--source", "csv", "--path", path).code == 0
    return fetched


def test_series_that_cannot_be_looked_at(more):
    """One that ends early and one that never moves are named, with what to do."""
    early = more("train", "GARCH", *QUICK, "--exog", "EARLY")
    assert early.code == 65
    assert "EARLY ends early: its last session known to GARCH is 2023-07-25" in early.err
    flat = more("train", "EARLY", *QUICK, "--exog", "FLAT")
    assert flat.code == 65
    assert "FLAT: zero variance" in flat.err


def test_a_panel_from_end_to_end(more, tmp_path):
    """One model for all that move, the model of each; a stranger is forecast when it is asked for."""
    line = ("train", "GARCH", "RANDOM-WALK", "FLAT", "--panel", *QUICK, "--members", "2")
    inputs = ("--features", "log-return,volatility")
    ended = more("--format", "json", *line, *inputs, "forecast")
    assert ended.code == 3
    assert "FLAT failed: FLAT: zero variance" in ended.err
    trained, forecast = json.loads(ended.out)
    (row,) = trained["rows"]
    assert (row["symbol"], row["symbols"]) == ("panel", ["GARCH", "RANDOM-WALK"])
    assert len(row["member_losses"]) == 2
    assert row["validation_loss"] == pytest.approx(np.mean(row["member_losses"]))
    assert {(one["symbol"], one["model"]) for one in forecast["rows"]} == {
        ("GARCH", row["model"]),
        ("RANDOM-WALK", row["model"]),
    }
    assert all(one["seeds_q95_low"] <= one["q95"] for one in forecast["rows"])
    unasked = more("forecast", "EARLY")
    assert unasked.code == 65
    assert "lstmfin forecast EARLY --model panel" in unasked.err
    asked = more("forecast", "EARLY", "--model", "panel")
    assert asked.code == 0
    assert "EARLY: forecast by a panel that was not trained on it" in asked.err
    assert "Of 2 seeds, at the next session" in asked.out
    own = rows(more("--format", "json", "train", "GARCH", *QUICK, "forecast", "GARCH"))
    assert own[0]["model"] != row["model"]


BY_A_MODEL = [name for name in PLOTS.names() if PLOTS.get(name).subject is Trained]


def test_pictures_by_a_panel_of_a_series_that_it_never_saw(more, tmp_path):
    """Each kind that is of a model takes ``--model panel``, and says what the panel did not see."""
    line = ("train", "GARCH", "RANDOM-WALK", "--panel", *QUICK, "--members", "2")
    assert more(*line, "--features", "log-return,volatility").code == 0
    assert more("plot", "forecast", "EARLY").code == 65
    for kind in BY_A_MODEL:
        for symbol, unseen in (("EARLY", True), ("GARCH", False)):
            ended = more("plot", kind, symbol, "--model", "panel", "--out", "a.svg")
            assert ended.code == 0, ended.err
            words = (tmp_path / "a.svg").read_text()
            assert (f"{symbol}: " in words, "was not trained on" in words) == (True, unseen)
    found = rows(more("--format", "json", "plot", "EARLY", "--model", "panel"))
    assert [row["kind"] for row in found] == BY_A_MODEL


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("forecast GARCH --model panel", 65, "there is no panel"),
        ("forecast GARCH --model pannel", 2, "did you mean 'panel'"),
        ("equity GARCH --model panel", 2, "it is for: forecast, gates, seeds, training"),
        ("gradients --model panel", 2, "'gradients' has no --model"),
    ],
)
def test_no_picture_by_a_panel(trained, words, code, said):
    """Where there is none, and of what no model draws, in one sentence."""
    ended = trained("plot", *words.split())
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert ended.err.count("\n") == 1


def test_a_backtest_of_a_panel_says_what_it_tests(fetched):
    """Folds train one network on the panel, with its target and its other series."""
    options = ("--panel", "--exog", "RANDOM-WALK", "--target", "volatility")
    line = ("train", *QUICK, *options, "backtest", "--train", "300", "--test", "300")
    ended = fetched("--format", "json", *line)
    assert ended.code == 0, ended.err
    assert "in each fold one network learns from the panel of 1 symbol\n" in ended.err
    trained, tested = json.loads(ended.out)
    assert trained["rows"][0]["symbols"] == ["GARCH"]
    assert {row["symbol"] for row in tested["rows"]} == {"GARCH"}


def test_no_panel_yet(trained):
    """Asked for a panel where there is none, the message says how to train one."""
    ended = trained("forecast", "GARCH", "--model", "panel")
    assert ended.code == 65
    assert "there is no panel" in ended.err
    assert "lstmfin train --panel" in ended.err


def test_a_panel_of_nothing_that_moves(more):
    """When no symbol can be trained on, the last reason is the end."""
    ended = more("train", "FLAT", "--panel", *QUICK)
    assert ended.code == 65
    assert "FLAT: zero variance" in ended.err


def test_the_spread_over_seeds_is_shown(fetched):
    """The table says of how many networks the loss is the mean, and what the best and worst were."""
    ended = fetched("train", "GARCH", *QUICK, "--members", "3")
    assert ended.code == 0
    assert "GARCH: 3 networks, of which the best ended at" in ended.out
