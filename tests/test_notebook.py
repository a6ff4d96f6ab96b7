"""What notebooks are given: the same answers as the command line's, as data frames and figures."""

import ast
import doctest
import importlib
import json
import pkgutil
import re
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import lstmfin
from lstmfin.backtest.study import BacktestResult
from lstmfin.cli.main import run
from lstmfin.config.keywords import OF_PYTHON, in_python, with_keywords
from lstmfin.data.frame import from_frame, to_frame, to_html
from lstmfin.data.ledger import Ledger
from lstmfin.data.store import Store
from lstmfin.errors import DataError, UsageError
from lstmfin.registry import PLOTS
from lstmfin.workspace import Workspace

ROOT = Path(__file__).parent.parent
SMALL = {"hidden": 4, "window": 10, "horizon": 2, "epochs": 1}
FOLDS = {"train": 300, "test": 150}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One workspace for the module, which a command line has filled."""
    root = tmp_path_factory.mktemp("notebook") / "w"
    options = " ".join(f"--{name} {value}" for name, value in SMALL.items())
    folds = " ".join(f"--{name} {value}" for name, value in FOLDS.items())
    line = f"fetch AAPL --start 2021-01-01 train {options} backtest {folds}"
    assert run(["-C", str(root), "-q", *line.split()]) == 0
    return Workspace(root)


@pytest.fixture(autouse=True)
def in_it(home, monkeypatch):
    monkeypatch.setenv("LSTMFIN_HOME", str(home.root))


@pytest.fixture(scope="module")
def made(home):
    """Prices, model, forecast and backtest of the module's workspace."""
    with pytest.MonkeyPatch.context() as patch, np.errstate(under="ignore"):
        patch.setenv("LSTMFIN_HOME", str(home.root))
        prices = lstmfin.fetch("AAPL")
        model = lstmfin.Forecaster(**SMALL).fit(prices)
        return prices, model, model.predict(), lstmfin.backtest(prices, model, **FOLDS)


MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages([str(ROOT / "lstmfin")], "lstmfin.")
    if ">>>" in (importlib.util.find_spec(name).loader.get_source(name) or "")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name, monkeypatch, tmp_path):
    """Each example gives what it shows, from an empty workspace."""
    monkeypatch.setenv("LSTMFIN_HOME", str(tmp_path))
    flags = doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(importlib.import_module(name), optionflags=flags)
    assert result.attempted > 0
    assert result.failed == 0


def test_prices_go_into_a_frame_and_back(home, made):
    """The frame has every value of the store, and the series in it the same digest."""
    with Store(home.database) as store:
        stored = store.prices("AAPL")
    frame = made[0]
    assert from_frame(frame).digest() == stored.digest()
    assert from_frame(frame).timezone == stored.timezone
    assert frame.attrs["symbol"] == "AAPL"
    pd.testing.assert_frame_equal(to_frame(from_frame(frame)), frame)


def test_the_forecast_is_that_of_the_command_line(home, made, capsys):
    """Value for value."""
    assert run(["-C", str(home.root), "-q", "--format", "json", "forecast", "AAPL"]) == 0
    rows = pd.DataFrame(json.loads(capsys.readouterr().out)["rows"])
    frame = made[2].frame
    assert frame.index.strftime("%Y-%m-%d").tolist() == rows["session"].tolist()
    for name in frame.columns:
        np.testing.assert_array_equal(frame[name], rows[name], err_msg=name)
    np.testing.assert_allclose(made[2].quantiles([0.05])[0.05], frame["q05"])
    assert len(made[1].predict(horizon=1).frame) == 1


def test_the_backtest_is_that_of_the_command_line_and_one_trial_with_it(home, made):
    """The same bits; as the settings are the same, the ledger counts one trial, not two."""
    record = json.loads((home.reports / "m_AAPL" / "backtest.json").read_text())
    result = made[3]
    assert result.equity["strategy"].tolist() == record["equity"]
    assert result.scores.loc["lstm", "crps_bps"] == record["scores"][0]["crps_bps"]
    assert result.verdict["edge"].tolist() == [one["edge"] for one in record["findings"]]
    trials = Ledger(home.database).trials("AAPL")
    assert len({one.settings_key for one in trials if one.kind == "backtest"}) == 1
    assert {one.kind for one in trials} == {"train", "backtest"}
    told_apart = replace(result.record, gross=[2.0] * len(record["gross"]))
    assert BacktestResult(told_apart, result.result).equity["before_costs"].eq(2).all()
    assert result.equity["position"].tolist() == record["position"]


def test_what_is_tried_in_a_notebook_is_counted(home, made):
    """Another setting is another trial, and the verdict on money is discounted by it."""
    before = Ledger(home.database).trials("AAPL")
    result = lstmfin.backtest(made[0], made[1], **FOLDS, cost_bps=7)
    (new,) = Ledger(home.database).trials("AAPL")[len(before) :]
    assert (new.kind, new.settings["backtest"]["cost-bps"]) == ("backtest", 7)
    n_before, n_after = (
        int(re.findall(r"over (\d+) trial", one.verdict.loc["money", "text"])[0])
        for one in (made[3], result)
    )
    assert n_after == n_before + 1


@pytest.mark.parametrize(
    ("at", "kinds"),
    [
        (1, ("training", "forecast", "gates")),
        (2, ("forecast", "gates")),
        (3, ("equity", "skill", "calibration")),
    ],
)
def test_results_have_pictures(made, at, kinds):
    """Figures of matplotlib that a notebook shows by itself; the first is the one of no name."""
    for kind in kinds:
        figure = lstmfin.plot(made[at], kind)
        assert isinstance(figure, Figure)
        content, size = figure._repr_png_()
        assert content.startswith(b"\x89PNG")
        assert size["width"] == 800
    title = lstmfin.plot(made[at]).texts[0].get_text()
    assert title == lstmfin.plot(made[at], kinds[0]).texts[0].get_text()


def test_options_of_pictures_are_read(made):
    """As ``lstmfin plot gates --last 30 --units 1`` would."""
    figure = lstmfin.plot(made[1], "gates", last=30, units=[1], theme="dark")
    assert figure.get_facecolor()[0] < 0.2
    assert len(figure.axes[0].lines[0].get_ydata()) == 30


def test_results_are_shown_as_html_and_all_of_it_escaped(made):
    """A hostile name stays text."""
    _, model, forecast, result = made
    for one in (model, forecast, result):
        assert "<table" in one._repr_html_()
        assert repr(one).count("\n") < 30
    hostile = to_html("<script>", pd.DataFrame({"<i>": ["<script>alert(1)</script>"]}), ["<u>"])
    assert "<script>" not in hostile
    assert "<u>" not in hostile
    assert "<i>" not in hostile
    assert "not trained yet" in lstmfin.Forecaster()._repr_html_()


def test_frames_of_ones_own(made):
    """Any spelling and any zone of the index; what is no price series is refused by name."""
    days = pd.bdate_range("2024-01-01", periods=3, tz="Asia/Tokyo")
    frame = pd.DataFrame({"Close": [10, 11, 12], "Volume": [1, 2, 3], "Note": list("abc")}, days)
    prices = from_frame(frame)
    assert (prices.symbol, prices.source) == ("SERIES", "frame")
    assert prices.column("adj_close").tolist() == [10, 11, 12]
    assert str(prices.sessions[0]) == "2024-01-01"
    with pytest.raises(DataError, match="has no close; it has: Volume"):
        from_frame(frame[["Volume"]])
    with pytest.raises(DataError, match="indexed by dates"):
        from_frame(frame.reset_index(drop=True))
    with pytest.raises(DataError, match="SERIES: 2024-01-01: close"):
        from_frame(frame.assign(Close=np.nan))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda made: lstmfin.Forecaster(hiden=3), "did you mean 'hidden'"),
        (lambda made: lstmfin.Forecaster(hidden=0), "at least 1"),
        (lambda made: lstmfin.Forecaster(resume=True), "no option 'resume'"),
        (lambda made: lstmfin.plot(made[3], "gates"), "of a BacktestResult; there are: calibration"),
        (lambda made: lstmfin.plot(made[2], "fan"), "unknown plot 'fan'"),
        (lambda made: lstmfin.backtest(made[0], made[1], purge=1), "^purge 1 is below the horizon"),
        (lambda made: lstmfin.backtest(made[0], made[1], train=9999), "^train 9999 and purge"),
        (lambda made: lstmfin.backtest(made[0], made[1], train=300, test=1), "; choose test 2 or more, or train with a smaller horizon$"),
        (lambda made: lstmfin.backtest(made[0], made[1], train=300, refit=9, test=20), "^refit 9 is below test 20"),
        (lambda made: lstmfin.Forecaster(cell="clockwork", hidden=3).fit(made[0]), "choose a hidden that"),
        (lambda made: lstmfin.Forecaster(cell="rnn", forget_bias=2.0).fit(made[0]), "^forget_bias is nothing"),
        (lambda made: lstmfin.Forecaster(stateful=True, panel=True).fit(made[0]), "^stateful=True goes"),
        (lambda made: lstmfin.Forecaster(exog=["NONE"]).fit(made[0]), r"them: lstmfin.fetch\('NONE'\)$"),
        (lambda made: made[1].predict(horizon=99), r"more: lstmfin.Forecaster\(.*horizon=99, .*\).fit\(prices\)$"),
        (lambda made: lstmfin.plot(made[1], "seeds"), r"several: lstmfin.Forecaster\(.*members=5, "),
        (lambda made: lstmfin.plot(made[1], "gates", units=[99]), "^units names unit 99"),
        (lambda made: lstmfin.plot(made[1], "gates", from_="2030-01-01"), ": from_ 2030-01-01 is not in"),
        (lambda made: lstmfin.fetch("AMZN", source="csv"), "^source csv needs path with"),
        (lambda made: lstmfin.fetch("AAPL", source="synthetic"), "; add replace=True to forget"),
        (lambda made: lstmfin.backtest(made[0], lstmfin.Forecaster(panel=True)), "lstmfin train --panel"),
        (lambda made: lstmfin.backtest(made[0], book="top"), "no option 'book'"),
        (lambda made: lstmfin.backtest(made[0], lstmfin.Forecaster(panel=True)), "a panel is tested"),
        (lambda made: lstmfin.fetch("AAPL", start="yesterday"), "must be a date"),
        (lambda made: lstmfin.fetch("no symbol"), "is not a symbol"),
        (lambda made: lstmfin.fetch(["AAPL", "AMZN"]), "takes one symbol .* and not a list; for many"),
        (lambda made: lstmfin.plot(made[0]), "plot draws a Forecaster, .* and not a DataFrame"),
        (lambda made: lstmfin.plot("AAPL"), "and not a str"),
        (lambda made: lstmfin.plot(None), "and not a NoneType"),
        (lambda made: made[1].fit("AAPL"), r"such as lstmfin.fetch\('AAPL'\) returns, and not a str"),
        (lambda made: made[1].fit(made[0]["close"]), "must be a DataFrame .* and not a Series"),
        (lambda made: made[1].fit([]), "no prices in the list"),
        (lambda made: made[1].predict(20), r"predict\(horizon=20\)"),
        (lambda made: lstmfin.backtest("AAPL", made[1]), "must be a DataFrame .* and not a str"),
        (lambda made: lstmfin.backtest(made[0], "lstm"), "must be a Forecaster, and not a str"),
        (lambda made: lstmfin.Forecaster(epochs="1"), "epochs is '1'; it must be a whole number"),
        (lambda made: lstmfin.Forecaster(epochs=True), "epochs is True; it must be a whole number"),
        (lambda made: lstmfin.Forecaster(exog="MSFT"), "exog is 'MSFT'; it must be a list of strings"),
        (lambda made: lstmfin.Forecaster(cell="lstmm"), "^cell is 'lstmm'; did you mean 'lstm'"),
        (lambda made: lstmfin.Forecaster(learning_rate=-1), "^learning_rate is -1.0; it must be above"),
    ],
)  # fmt: skip
def test_bad_requests_say_what_is_allowed(made, call, message):
    """In the words of Python, however late the error comes."""
    with pytest.raises((UsageError, DataError), match=message) as caught:
        call(made)
    assert "--" not in str(caught.value) or "by the command line: " in str(caught.value)


OPTIONS = [
    pytest.param(section, spec.name, id=f"{section.__name__}.{spec.name}")
    for section in OF_PYTHON
    for spec in fields(section)
]


@pytest.mark.parametrize(("section", "name"), OPTIONS)
def test_every_option_is_told_by_its_keyword(section, name):
    """One that Python takes; in the middle of a sentence, at its begin and in brackets."""
    flag = f"--{name.rstrip('_').replace('_', '-')}"
    said = in_python(f"{flag} is 3; choose another {flag}, or less ({flag}, {flag}).")
    keyword = said.partition(" is 3")[0].removesuffix("=True")
    assert keyword == name
    assert (said.count(keyword), "--" in said) == (4, False)
    value = getattr(section(), name)
    assert with_keywords(section(), {} if value is None else {keyword: value}) == section()


def test_no_option_is_written_in_a_way_that_is_missed():
    """All that the rooms below notebooks say; what has no call in Python stays a command line."""
    rooms = ("config", "data", "engine", "models", "backtest", "plots")
    said = {
        node.value
        for room in rooms
        for path in (ROOT / "lstmfin" / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value
    }
    told = {one for one in said if re.search(r"(?<![\w-])--[a-z]", one)}
    assert len(told) > 60
    assert not [
        one for one in map(in_python, told) if "--" in re.sub(r"lstmfin [a-z]+ .*", "", one)
    ]


def test_what_names_commands_without_a_call_stays_a_line():
    """Also in brackets, and with a symbol in quotes."""
    line = "there is none; forecast it by: lstmfin forecast '<b>(1)</b>' --model panel"
    assert in_python(line) == line
    assert in_python("(lstmfin tune --kept 3) --kept 3") == "(lstmfin tune --kept 3) kept 3"
    asked = "fetch them: lstmfin fetch 'M&M.NS'"
    assert in_python(asked) == "fetch them: lstmfin.fetch('M&M.NS')"
    assert in_python("lstmfin backtest AAPL --train 30") == "lstmfin.backtest(prices, train=30)"


def test_numbers_of_numpy_are_numbers():
    """Also where an option is shown or kept as text."""
    model = lstmfin.Forecaster(epochs=np.int64(3), learning_rate=np.float64(0.01), dropout=0)
    assert repr(model) == "Forecaster(epochs=3, learning_rate=0.01, dropout=0.0)"


def test_what_was_not_trained_says_so():
    with pytest.raises(DataError, match=r"call fit\(prices\)"):
        lstmfin.Forecaster().predict()


def test_other_series_and_panels(home):
    """``exog`` takes what the workspace holds; two frames train one network."""
    aapl = lstmfin.fetch("AAPL")
    goog = lstmfin.fetch("GOOG", start="2021-01-01")
    model = lstmfin.Forecaster(**SMALL, exog=["GOOG"]).fit(aapl)
    alone = lstmfin.Forecaster(**SMALL).fit(aapl)
    assert model.subject.forecaster.n_weights > alone.subject.forecaster.n_weights
    assert model.predict(aapl.iloc[:-5]).frame["q50"].gt(0).all()
    both = lstmfin.Forecaster(**SMALL).fit([aapl, goog])
    assert both.subject.forecaster.provenance.symbols == ("AAPL", "GOOG")
    assert both.predict(goog).made.symbol == "GOOG"
    assert len(both.history) == 2


def test_a_panel_of_closes(home, caplog):
    """Each is seen with the others: those of ``fit``, or newer ones; frames need names for it."""
    network = {**SMALL, "target": "volatility"}
    symbols = ("EURUSD=X", "EURGBP=X", "EURJPY=X")
    whole = [lstmfin.fetch(symbol, source="sample").loc["2021":] for symbol in symbols]
    before = [one.iloc[:-1] for one in whole]
    model = lstmfin.Forecaster(**network).fit(before)
    assert "panel-day" in model.subject.forecaster.config.features
    assert model.predict().made.unknown.symbols == ()
    own, *others = whole
    wild = [one * np.r_[np.ones(len(one) - 1), 1.1][:, None] for one in others]
    for one, other in zip(wild, others, strict=True):
        one.attrs = other.attrs
    assert "not seen" not in caplog.text
    old = model.predict(own)
    assert old.made.unknown.symbols == ("EURGBP=X", "EURJPY=X")
    assert (
        f"EURUSD=X: 2 of its panel's 2 other series are not up to {old.made.origin}" in caplog.text
    )
    calm, stormy = (model.predict(own, panel=panel) for panel in (whole, [own, *wild]))
    assert calm.made.unknown.symbols == stormy.made.unknown.symbols == ()
    assert model.predict(panel=whole).made.origin < calm.made.origin
    assert stormy.made.volatility[0] != calm.made.volatility[0]
    with pytest.raises(
        DataError, match=r"in the 14 days to .*\); give them as they are now: predict"
    ):
        model.predict(own, panel=[])
    with pytest.raises(DataError, match="2 series of the panel are called EURGBP=X"):
        model.predict(own, panel=[*whole, others[0]])
    stranger = lstmfin.fetch("EURCHF=X", source="sample")
    with pytest.raises(UsageError, match=r"^panel has EURCHF=X, which the networks did not learn"):
        model.predict(own, panel=[*whole, stranger])
    assert model.predict(stranger, panel=[*whole, stranger]).made.unknown.symbols == ()
    for wrong in (whole[0], {"EURGBP=X": whole[1]}, "EURGBP=X"):
        with pytest.raises(UsageError, match=r"^panel must be a list of data frames, and not a"):
            model.predict(own, panel=wrong)
    for one in before:
        one.attrs = {}
    with pytest.raises(
        DataError, match=r"3 series of the panel are called SERIES.*attrs\['symbol'\]"
    ):
        lstmfin.Forecaster(**network).fit(before)


def test_what_sees_no_panel_is_shown_none(home, caplog):
    """A network of one series, or of bars, forecasts any other, however old what it learned from."""
    aapl, goog = lstmfin.fetch("AAPL"), lstmfin.fetch("GOOG", start="2021-01-01")
    for frames in (aapl.iloc[:-100], [aapl.iloc[:-100], goog.iloc[:-100]]):
        model = lstmfin.Forecaster(**SMALL).fit(frames)
        assert model.predict(goog).made.origin == goog.index[-1]
        with pytest.raises(
            UsageError, match=r"^panel is for networks that see one, and these do not"
        ):
            model.predict(goog, panel=[aapl])
    assert "not up to" not in caplog.text


def test_every_kind_of_a_symbol_is_of_a_model_or_a_backtest():
    """So that a notebook can draw it."""
    kinds = {PLOTS.get(name).subject for name in PLOTS.names() if PLOTS.get(name).subject}
    assert {one.__name__ for one in kinds} == {"Trained", "Tested"}


def process(code, *options):
    line = [sys.executable, *options, "-c", code]
    return subprocess.run(line, capture_output=True, text=True, check=True, timeout=120)


def test_importing_the_package_loads_nothing():
    """Not even NumPy; what it offers is found when it is asked for, as a package or not."""
    code = "import sys, lstmfin; print(sorted(one for one in sys.modules if one.startswith(('numpy', 'pandas', 'matplotlib', 'lstmfin'))))"
    assert ast.literal_eval(process(code).stdout) == ["lstmfin"]
    code = "import lstmfin; import lstmfin.backtest.splits; print(callable(lstmfin.backtest), lstmfin.backtest.splits.__name__, {'fetch', 'Forecaster', 'backtest', 'plot'} <= set(dir(lstmfin)))"
    assert process(code).stdout.split() == ["True", "lstmfin.backtest.splits", "True"]
    with pytest.raises(AttributeError, match="no attribute 'fetsh'"):
        lstmfin.fetsh  # noqa: B018


@pytest.mark.slow
def test_types_are_known(tmp_path):
    """mypy, strict, knows what a notebook is given."""
    script = tmp_path / "notebook.py"
    script.write_text(
        "import lstmfin\n"
        "prices = lstmfin.fetch('AAPL')\n"
        "model = lstmfin.Forecaster(cell='gru').fit(prices)\n"
        "reveal_type(prices)\n"
        "reveal_type(model.predict())\n"
        "reveal_type(lstmfin.backtest(prices, model))\n"
        "reveal_type(lstmfin.plot(model))\n"
    )
    line = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(script)]
    said = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=False, timeout=600)
    for kind in ("DataFrame", "lstmfin.notebook.Forecast", "BacktestResult", "figure.Figure"):
        assert kind in said.stdout, said.stdout
    assert "error" not in said.stdout
