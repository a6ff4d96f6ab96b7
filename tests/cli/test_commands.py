"""Each command on its own."""

import datetime as dt
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from lstmfin.cli.main import run
from lstmfin.config import load_settings

QUICK = ("--hidden", "4", "--window", "10", "--horizon", "3", "--epochs", "2")
SMALL = ("--train", "300", "--test", "200")


def test_init_writes_a_configuration_that_is_read(lstmfin, tmp_path):
    """The file that init writes is valid, holds the watch-list, and changes no default."""
    ended = lstmfin("init", "aapl", "^gspc", "--source", "yahoo")
    assert ended.code == 0, ended.err
    settings = load_settings(tmp_path / "w" / "lstmfin.toml")
    assert settings.symbols == ("AAPL", "^GSPC")
    assert settings.fetch.source == "yahoo"
    assert settings.train == type(settings.train)()


def test_every_line_of_the_configuration_may_be_turned_on(lstmfin, tmp_path):
    """What init writes as a comment is right when the mark is taken away."""
    lstmfin("init")
    path = tmp_path / "w" / "lstmfin.toml"
    lines = [
        line.removeprefix("# ") if " = " in line and not line.endswith("= ") else line
        for line in path.read_text().splitlines()
        if not line.endswith(" =")
    ]
    path.write_text("\n".join(lines))
    assert load_settings(path).train == type(load_settings(path).train)()


def test_init_keeps_what_is_there(lstmfin, tmp_path):
    """A configuration is never written over."""
    lstmfin("init", "AAPL")
    before = (tmp_path / "w" / "lstmfin.toml").read_text()
    ended = lstmfin("init", "MSFT")
    assert ended.code == 2
    assert "is there already" in ended.err
    assert (tmp_path / "w" / "lstmfin.toml").read_text() == before


def test_init_without_a_folder_uses_the_one_you_are_in(lstmfin, tmp_path):
    """The workspace is made where you stand, not in one further up."""
    assert lstmfin("init", workspace=False).code == 0
    assert (tmp_path / "lstmfin.toml").is_file()


def test_fetch_takes_the_watch_list(lstmfin):
    """Without symbols, fetch brings those of lstmfin.toml."""
    lstmfin("init", "GARCH", "AR1", "--source", "synthetic")
    ended = lstmfin("--format", "json", "fetch")
    assert [row["symbol"] for row in json.loads(ended.out)["rows"]] == ["GARCH", "AR1"]


def test_fetch_of_nothing_says_what_to_name(lstmfin):
    """Without symbols and without a watch-list there is nothing to fetch."""
    ended = lstmfin("fetch")
    assert ended.code == 2
    assert "name the symbols" in ended.err


def test_fetch_again_brings_nothing_new(fetched):
    """A second fetch adds nothing and is a success."""
    ended = fetched("--format", "json", "fetch", "GARCH")
    row = json.loads(ended.out)["rows"][0]
    assert (ended.code, row["new"], row["changed"]) == (0, 0, 0)


def test_a_file_is_named_after_its_symbol(lstmfin, tmp_path):
    """``--path ACME.csv`` needs neither the source nor the symbol."""
    path = tmp_path / "ACME.csv"
    days = [f"2020-{m:02d}-{d:02d}" for m in range(1, 13) for d in range(1, 29)]
    path.write_text("Date,Close\n" + "".join(f"{day},{i + 1}\n" for i, day in enumerate(days)))
    row = json.loads(lstmfin("--format", "json", "fetch", "--path", path).out)["rows"][0]
    assert (row["symbol"], row["source"], row["sessions"]) == ("ACME", "csv", len(days))


@pytest.mark.parametrize(
    "name", ["my prices.csv", ".csv", "a,b.csv", "x\x1b[31m.csv", f"{'A' * 33}.csv"]
)
def test_a_file_whose_name_is_no_symbol_needs_one(lstmfin, tmp_path, name):
    """One sentence says so, and with a symbol the file is read."""
    (tmp_path / name).write_text("date,close\n2024-01-02,10\n2024-01-03,11\n")
    ended = lstmfin("fetch", "--path", name)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("lstmfin: error: no SYMBOL is given, and the name of the file, '")
    assert ended.err.endswith("cannot be one; give it: lstmfin fetch ACME --path FILE\n")
    assert (ended.err.count("\n"), "\x1b" in ended.err) == (1, False)
    assert lstmfin("fetch", "ACME", "--path", name).code == 0


def test_some_symbols_may_fail(lstmfin):
    """The others are fetched, go on to the next command, and the line ends with 3."""
    ended = lstmfin(
        "--format", "json", "fetch", "GARCH", "NO-SUCH", "--source", "synthetic", "fetch"
    )
    assert ended.code == 3
    assert "NO-SUCH failed" in ended.err
    first, second = json.loads(ended.out)
    assert [row["symbol"] for row in first["rows"]] == ["GARCH"]
    assert [row["symbol"] for row in second["rows"]] == ["GARCH"]


def test_all_symbols_may_fail(lstmfin):
    """Then the line ends with the reason's own code."""
    ended = lstmfin("fetch", "NO-SUCH", "NOR-THIS", "--source", "synthetic", "train")
    assert ended.code == 69
    one, other = ended.err.splitlines()
    assert "NO-SUCH" in one
    assert "NOR-THIS" in other


def test_train_takes_all_there_is(trained):
    """Without symbols, train trains what the workspace holds."""
    rows = json.loads(trained("--format", "json", "forecast").out)["rows"]
    assert {row["symbol"] for row in rows} == {"GARCH", "RANDOM-WALK"}


def test_forecasts_are_ordered_ranges(trained):
    """Quantiles rise, the median lies by the last price, chances are between 0 and 1."""
    rows = json.loads(trained("--format", "json", "forecast", "GARCH").out)["rows"]
    assert [row["horizon"] for row in rows] == [1, 2, 3]
    for row in rows:
        quantiles = [row[key] for key in ("q05", "q25", "q50", "q75", "q95")]
        assert quantiles == sorted(quantiles)
        assert row["naive_q05"] < row["last_close"] < row["naive_q95"]
        assert 0 < row["chance_of_rise"] < 1
        assert row["session"] > row["origin"]


def test_a_horizon_beyond_the_model(trained):
    """A model says no more than it was trained for, and how to train one that does."""
    ended = trained("forecast", "GARCH", "--horizon", 9)
    assert ended.code == 2
    assert "lstmfin train GARCH --hidden 4 --window 10 --horizon 9 --epochs 2\n" in ended.err
    shorter = json.loads(trained("--format", "json", "forecast", "GARCH", "--horizon", 2).out)
    assert len(shorter["rows"]) == 2


def test_a_forecast_without_a_model(fetched):
    """What was never trained names the command that trains it."""
    ended = fetched("forecast", "GARCH")
    assert ended.code == 65
    assert "lstmfin train GARCH" in ended.err


def test_a_series_shorter_than_a_window(fetched):
    """Too short a series is refused with what there is and what is needed."""
    ended = fetched("train", "GARCH", "--window", 2000)
    assert ended.code == 65
    assert "--window" in ended.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--train", 5000), ["leave no test block", "--train 5000"]),
        (("--purge", 2), ["--purge 2 is below the horizon of 3"]),
        (("--purge", 5000), ["leave no test block", "--purge 5000"]),
        (("--refit", 5), ["--refit 5 is below --test 200", "--test 5"]),
        (("--cost-bps", -1), ["--cost-bps", "at least 0"]),
        (("--spread-bps", -1), ["--spread-bps", "at least 0"]),
        (("--borrow-bps", -1), ["--borrow-bps", "at least 0"]),
        (("--cap", 0), ["--cap", "above 0"]),
        (("--strategy", "hope"), ["--strategy is 'hope'", "kelly"]),
    ],
)
def test_folds_that_cannot_be(trained, tmp_path, options, words):
    """Folds without a test block, or with a leak, are refused and nothing is written."""
    ended = trained("backtest", "GARCH", *SMALL[2:], *options)
    assert ended.code == 2
    assert all(word in ended.err for word in words)
    assert not (tmp_path / "w" / "reports").exists()


def test_a_backtest_says_its_verdict(trained):
    """Folds, baselines, costs and three lines of verdict, in words."""
    ended = trained("backtest", "GARCH", *SMALL, "--refit", 400, "--cost-bps", 7)
    assert ended.code == 0, ended.err
    for word in ["lstm", "zero-return", "drift", "buy-and-hold", "after 7 bp a turn"]:
        assert word in ended.out
    for topic in ["direction:", "range:", "money:"]:
        assert topic in ended.out
    rows = json.loads(trained("--format", "json", "backtest", "GARCH", *SMALL).out)
    assert {one["topic"] for one in rows["verdict"]} == {"direction", "range", "money"}


def test_a_backtest_always_tells_of_its_trading(trained, monkeypatch):
    """Turnover, exposure and the cost at which nothing is left; each rule of size runs.

    Where the validation block bears no median out, nothing is ever held, and that is told.
    """
    believed = "lstmfin.models.ensemble.believed"
    monkeypatch.setattr(believed, lambda *_, returns, **__: np.zeros(returns.shape[1]))
    ended = trained("backtest", "GARCH", *SMALL)
    assert "The lstm never held anything." in " ".join(ended.out.split())
    monkeypatch.setattr(believed, lambda *_, returns, **__: np.ones(returns.shape[1]))
    words = ("turned over", "was exposed with", "breaks even at", "its Sharpe is from")
    ended = trained("backtest", "GARCH", *SMALL, "--strategy", "volatility", "--lag", 1)
    assert ended.code == 0, ended.err
    assert all(word in " ".join(ended.out.split()) for word in words)
    row = json.loads(trained("--format", "json", "backtest", "GARCH", *SMALL).out)["rows"][0]
    assert None not in [row[key] for key in ("turnover", "exposure", "break_even_bps", "beta")]


@pytest.mark.parametrize("kind", ["top", "rank", "inverse-volatility"])
def test_a_book_over_all_symbols(trained, kind):
    """Each model's book beside equal parts, counted in the ledger; one symbol is no book."""
    line = ("--format", "json", "backtest", *SMALL, "--book", kind, "--book-size", 1)
    _, book = json.loads(trained(*line).out)
    models = [row["model"] for row in book["rows"]]
    assert (models[0], models[-1]) == ("lstm", "equal parts")
    assert all(row["exposure"] <= 1 + 1e-9 for row in book["rows"])
    assert book["rows"][-1]["exposure"] == pytest.approx(1)
    (row,) = json.loads(trained("--format", "json", "trials", "BOOK").out)["rows"]
    assert (row["symbol"], row["kind"]) == ("BOOK", "backtest")
    table = trained(*line[2:])
    assert f"Book '{kind}' of 2 symbols" in table.out
    ended = trained(*line, "GARCH")
    assert ended.code == 2
    assert "needs two symbols or more" in ended.err


def test_a_benchmark_of_another_symbol(trained, tmp_path):
    """Alpha and beta are against it; one that does not overlap, or is not there, is refused."""
    line = ("--format", "json", "backtest", "GARCH", *SMALL, "--benchmark")
    row = json.loads(trained(*line, "random-walk").out)["rows"][0]
    assert abs(row["beta"]) < 0.3
    shutil.rmtree(tmp_path / "w" / "reports")
    csv = tmp_path / "old.csv"
    days = [f"1990-01-{day:02d},{100 + day}" for day in range(1, 31)]
    csv.write_text("date,close\n" + "\n".join(days) + "\n")
    assert trained("fetch", "OLD", "--source", "csv", "--path", csv).code == 0
    ended = trained(*line, "OLD")
    assert ended.code == 65
    assert "the benchmark OLD (1990-01-01 to 1990-01-30) does not overlap" in ended.err
    ended = trained(*line, "NONE")
    assert ended.code == 65
    assert "lstmfin fetch NONE" in ended.err
    assert not (tmp_path / "w" / "reports").exists()


def test_a_backtest_tests_the_network_of_its_line(trained, tmp_path):
    """The network is that of the line, else of the saved model."""

    def tested():
        record = next((tmp_path / "w" / "reports").rglob("backtest.json"))
        return json.loads(record.read_text())["settings"]["train"]["hidden"]

    trained("backtest", "GARCH", *SMALL)
    assert tested() == 4
    trained("train", "GARCH", *QUICK, "--hidden", 3, "backtest", *SMALL)
    assert tested() == 3


def test_pictures_of_what_there_is(trained, tmp_path):
    """Without KIND, plot draws what it can and says which command makes the rest."""
    ended = trained("--format", "json", "plot", "GARCH")
    assert ended.code == 0, ended.err
    rows = json.loads(ended.out)["rows"]
    assert {row["kind"] for row in rows} == {"forecast", "gates", "training"}
    assert "lstmfin backtest GARCH" in ended.err
    assert "lstmfin train GARCH --hidden 4 --window 10 --horizon 3 --members 5" in ended.err
    assert all(Path(row["path"]).read_bytes().startswith(b"\x89PNG") for row in rows)


def test_a_picture_goes_where_it_is_told(trained, tmp_path):
    """The suffix of --out is its format; a folder takes several."""
    assert trained("plot", "forecast", "GARCH", "--out", "fan.svg").code == 0
    assert b"<svg" in (tmp_path / "fan.svg").read_bytes()
    assert trained("plot", "--out", tmp_path / "pictures").code == 0
    assert len(list((tmp_path / "pictures").rglob("*.png"))) == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("forecast", "GARCH", "--out", "fan.gif"), ".png"),
        (("forecast", "--out", "fan.png"), "several pictures"),
        (("equty", "GARCH"), "did you mean 'equity'"),
        (("equity", "GARCH"), "lstmfin backtest GARCH"),
    ],
)
def test_pictures_that_cannot_be(trained, tmp_path, words, message):
    """A picture that cannot be drawn names what can, and nothing is written."""
    ended = trained("plot", *words)
    assert ended.code in {2, 65}
    assert message in ended.err
    assert not list(tmp_path.rglob("*.png"))


def test_the_same_seed_gives_the_same_bytes(lstmfin, tmp_path, capsys):
    """Two workspaces, one seed: every byte of results, models and pictures is the same."""
    outputs, files = [], []
    for name in ("one", "two"):
        line = f"-C {tmp_path / name} -q --format json fetch GARCH --source synthetic"
        chain = [*line.split(), "--start", "2022-06-01", "train", *QUICK, "backtest", *SMALL]
        assert run([*chain, "plot", "forecast"]) == 0
        outputs.append(capsys.readouterr().out.replace(str(tmp_path / name), ""))
        made = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        files.append(
            {
                str(path.relative_to(tmp_path / name)): path.read_bytes()
                for path in made
                if path.suffix != ".db"  # it holds the times of fetching
            }
        )
    assert outputs[0] == outputs[1]
    assert files[0] == files[1]
    assert any(name.endswith("weights.npz") for name in files[0])


def test_another_seed_gives_another_model(trained, tmp_path):
    """The seed reaches the weights, and the old model stays until the new one is whole."""
    folder = tmp_path / "w" / "models" / "m_GARCH"
    before = (folder / "current").read_text()
    trained("train", "GARCH", *QUICK, "--seed", 1)
    assert (folder / "current").read_text() != before
    assert (folder / before / "weights.npz").is_file()


def test_sessions_that_are_over_are_not_published(lstmfin):
    """Forecast says so, and who looks for published forecasts is told what to do."""
    line = "fetch GARCH --source synthetic --start 2021-01-01 --end 2023-06-30 train"
    assert lstmfin(*line.split(), *QUICK).code == 0
    said = "lstmfin: GARCH: not published: the sessions it forecasts are over\n"
    assert lstmfin("forecast").err == said
    assert lstmfin("-q", "forecast").err == ""
    ended = lstmfin("score")
    assert ended.code == 0
    assert "Nothing is published of GARCH yet" in ended.out
    assert "lstmfin fetch SYMBOL" in " ".join(ended.out.split())
    assert "a session that it is about is not over" in " ".join(lstmfin("doctor").out.split())


def test_what_is_published_needs_no_word(trained, tmp_path, capsys):
    """Once or twice: the sessions are to come."""
    last = json.loads(trained("--format", "json", "fetch", "GARCH").out)["rows"][0]["last"]
    evening = dt.datetime.fromisoformat(f"{last}T23:00+00:00")
    for _ in range(2):
        assert run(["-C", str(tmp_path / "w"), "forecast", "GARCH"], now=lambda: evening) == 0
        assert "not published" not in capsys.readouterr().err
    assert "Nothing is published" not in trained("score", "GARCH").out


def test_places_that_out_names(trained, tmp_path, monkeypatch):
    """One that cannot be written is blamed on --out, and dots are no part of one that is told."""
    for line in (("plot", "training", "GARCH"), ("data", "export", "GARCH")):
        suffix = "png" if line[0] == "plot" else "csv"
        ended = trained(*line, "--out", f"/proc/x.{suffix}")
        assert ended.code == 74
        assert "choose another place with --out" in ended.err
    monkeypatch.chdir(tmp_path)
    ended = trained("--format", "json", "plot", "training", "GARCH", "--out", "w/../p/x.png")
    assert json.loads(ended.out)["rows"][0]["path"] == str(tmp_path / "p" / "x.png")
    assert run(["-C", "w/../w", "doctor"]) == 0


def test_a_question_ends_a_sentence(trained):
    """What was meant is asked, and what else there is to do is told after it."""
    assert "mean 'GARCH'? Or fetch them: lstmfin fetch GRACH" in trained("train", "GRACH").err
    assert "mean 'lstm'? It must be one of" in trained("train", "--cell", "lstmm").err
