"""What was meant is told, whatever was mistyped."""

import pytest

CASES = [
    ("trian GARCH", 2, "did you mean 'train'"),
    ("fetch GARCH tain", 2, "did you mean 'train'"),
    ("train GARCH --hiden 4", 2, "'--hidden'"),
    ("train GARCH --cell lsmt", 2, "did you mean 'lstm'"),
    ("train GARCH --loss studentt", 2, "did you mean 'student-t'"),
    ("train GARCH --optimiser adm", 2, "did you mean 'adam'"),
    ("backtest GARCH --strategy kely", 2, "did you mean 'kelly'"),
    ("fetch GARCH --source smaple", 2, "did you mean 'sample'"),
    ("forecast GARCH --model pannel", 2, "did you mean 'panel'"),
    ("plot equty GARCH", 2, "did you mean 'equity'"),
    ("data shw GARCH", 2, "did you mean 'show'"),
    ("--format jsn forecast", 2, "did you mean 'json'"),
    ("--log-format txt forecast", 2, "did you mean 'text'"),
    ("schema forcast", 2, "did you mean 'forecast'"),
    ("fetch AAPL,MSFT", 2, "separate several by blanks: AAPL MSFT"),
    *(
        (line, 2, f"{line.split()[2].partition('=')[0]} goes before the command: lstmfin {right}")
        for line, right in {
            "forecast GARCH --format json": "--format json forecast GARCH",
            "forecast GARCH --format=table": "--format=table forecast GARCH",
            "forecast GARCH --format table": "--format table forecast GARCH",
            "forecast GARCH -q": "-q forecast GARCH",
            "forecast GARCH -v": "-v forecast GARCH",
            "train GARCH -C x --epochs 1": "-C x train GARCH --epochs 1",
            "backtest GARCH --workers local:2": "--workers local:2 backtest GARCH",
        }.items()
    ),
    ("trials GRACH", 65, "did you mean 'GARCH'"),
    ("gradients --trained GRACH", 65, "did you mean 'GARCH'"),
    *(
        (f"{command} GRACH", 65, "did you mean 'GARCH'")
        for command in ("train", "tune", "backtest", "audit", "plot", "forecast", "score")
    ),
    ("plot forecast GRACH", 65, "did you mean 'GARCH'"),
    ("data show GRACH", 65, "did you mean 'GARCH'"),
    ("train GARCH --exog RANDOM-WLAK", 65, "did you mean 'RANDOM-WALK'"),
    ("backtest GARCH --benchmark RANDOM-WLAK", 65, "did you mean 'RANDOM-WALK'"),
]


@pytest.mark.parametrize(("line", "code", "meant"), CASES, ids=[line for line, *_ in CASES])
def test_what_was_meant(trained, line, code, meant):
    """A command, an option, one of its words or a symbol; the exit code is that of its kind."""
    ended = trained(*line.split())
    assert (ended.code, ended.out) == (code, "")
    assert meant in ended.err


def test_what_was_never_made_is_no_mistake(fetched):
    """A stored symbol without a model is not taken for another that is near."""
    ended = fetched("forecast", "GARCH")
    assert ended.code == 65
    assert "did you mean" not in ended.err
    assert "lstmfin train GARCH" in ended.err
