"""What data or folds cannot carry is told in a sentence, with the exit code, and nothing is saved."""

import json

import numpy as np
import pytest

QUICK = "--hidden 4 --window 10 --horizon 3 --epochs 1".split()


@pytest.fixture
def with_series(fetched, tmp_path):
    """Return a function that stores a series of closes alone, from a first day and returns."""

    def store(name, first, returns):
        sessions = np.busday_offset(first, np.arange(len(returns)), roll="forward")
        close = 100 * np.exp(np.cumsum(returns))
        lines = [f"{day},{one}" for day, one in zip(sessions, close, strict=True)]
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join(["date,close", *lines]) + "\n")
        ended = fetched("fetch", name, "--source", "csv", "--path", path, "--accept")
        assert ended.code == 0, ended.err
        return fetched

    return store


def normal(n, seed=0):
    return 0.01 * np.random.default_rng(seed).standard_normal(n)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--target volatility --variance parkinson", ["CLOSES", "parkinson", "close"]),
        ("--target volatility --variance yang-zhang", ["CLOSES", "yang-zhang", "close"]),
        ("--features range", ["cannot carry the feature 'range'", "it can carry", "log-return"]),
        ("--features volume", ["cannot carry the feature 'volume'", "volatility"]),
    ],
)
def test_a_target_or_input_that_closes_cannot_carry(with_series, options, words):
    """An estimator of the range without highs and lows says so, and names what can be had."""
    lstmfin = with_series("CLOSES", "2022-06-01", normal(400))
    ended = lstmfin("train", "CLOSES", *QUICK, *options.split())
    assert ended.code == 65
    for word in words:
        assert word in ended.err
    assert lstmfin("forecast", "CLOSES").code == 65


@pytest.mark.parametrize(
    ("first", "n", "words"),
    [
        ("2022-06-01", 300, "OTHER ends early: its last session known to GARCH is 2023-07-25"),
        ("1995-01-02", 300, "OTHER ends early"),
        ("2025-02-03", 300, "OTHER"),
    ],
)
def test_another_series_that_is_not_there(with_series, first, n, words):
    """One that ends early, or shares no session with the target, before it or after it."""
    lstmfin = with_series("OTHER", first, normal(n))
    ended = lstmfin("train", "GARCH", *QUICK, "--exog", "OTHER")
    assert ended.code == 65
    assert words in ended.err
    assert len(ended.err.strip().splitlines()) == 1


def test_a_horizon_beyond_the_test_block(trained):
    """Both numbers, and what to choose."""
    ended = trained("backtest", "GARCH", "--train", "400", "--test", "2")
    assert ended.code == 2
    assert "horizon of 3 sessions is longer than a test block of 2; choose --test 3" in ended.err
    assert trained("backtest", "GARCH", "--train", "400", "--test", "200").code == 0


@pytest.mark.parametrize("command", ["train", "backtest"])
def test_a_constant_series(with_series, command):
    """A price that never moves has no law."""
    lstmfin = with_series("FLAT", "2022-06-01", np.zeros(400))
    options = QUICK if command == "train" else ("--train", "200", "--test", "100")
    ended = lstmfin(command, "FLAT", *options)
    assert ended.code == 65
    assert "FLAT: zero variance" in ended.err


def test_a_fit_at_its_bound_is_told(with_series):
    """Tails so heavy that a few sessions outweigh all others are no secret, in words and in JSON."""
    rng = np.random.default_rng(3)
    wild = np.clip(0.002 * rng.standard_cauchy(500), -0.4, 0.4)
    lstmfin = with_series("WILD", "2022-06-01", wild)
    ended = lstmfin("--format", "json", "train", "WILD", *QUICK, "--loss", "mse")
    assert ended.code == 0
    assert "at their bound, 2.1 degrees of freedom" in ended.err
    (row,) = json.loads(ended.out)["rows"]
    assert any("at their bound" in text for text in row["warnings"])


@pytest.mark.parametrize("command", ["train", "backtest", "forecast"])
def test_a_calibration_that_is_none(trained, command):
    """The nearest is named, wherever it is asked for."""
    ended = trained(command, "GARCH", "--calibration", "acl")
    assert ended.code == 2
    assert "--calibration is 'acl'" in ended.err
    assert "did you mean 'aci'" in ended.err


def test_calibration_is_carried_from_training_to_the_forecast(fetched):
    """What was trained with is what a forecast uses, unless it is told otherwise."""
    line = ("train", "GARCH", *QUICK, "--calibration", "none", "forecast")
    plain = json.loads(fetched("--format", "json", *line).out)[1]["rows"]
    again = json.loads(fetched("--format", "json", "forecast", "GARCH").out)["rows"]
    assert plain == again
    aci = json.loads(fetched("--format", "json", "forecast", "GARCH", "--calibration", "aci").out)
    assert aci["rows"][0]["q05"] != plain[0]["q05"]
    assert aci["rows"][0]["q50"] == plain[0]["q50"]
    folds = ("--train", "400", "--test", "200")
    coverage = [
        [row["coverage_90"] for row in json.loads(ended.out)["rows"]]
        for ended in (
            fetched("--format", "json", "backtest", "GARCH", *folds, "--calibration", method)
            for method in ("aci", "none")
        )
    ]
    assert coverage[0] != coverage[1]
