"""A panel of closes from the command line: whoever forecasts reads the others, too."""

import json

import pytest

from lstmfin.data.panel import beside
from lstmfin.data.store import Store
from lstmfin.models.forecasts import make_forecast
from lstmfin.models.shelf import load_panel
from lstmfin.workspace import Workspace

SYMBOLS = ("EURUSD=X", "EURGBP=X", "EURJPY=X")
NETWORK = ("--hidden", 4, "--window", 10, "--horizon", 3, "--epochs", 1, "--target", "volatility")


@pytest.fixture
def panel(lstmfin):
    """A workspace with three currencies and a panel of them."""
    line = ("fetch", *SYMBOLS, "--source", "sample", "--start", "2022-01-01")
    ended = lstmfin("-q", *line, "train", "--panel", *NETWORK)
    assert ended.code == 0, ended.err
    return lstmfin


def rows(ended):
    assert ended.code == 0, ended.err
    return json.loads(ended.out)["rows"]


def test_a_forecast_sees_the_panel(panel, tmp_path):
    """What the command says is what the library says of prices beside those of the store."""
    said = rows(panel("--format", "json", "forecast"))
    workspace = Workspace(tmp_path / "w")
    _, forecaster = load_panel(workspace)
    assert forecaster.panel == tuple(sorted(SYMBOLS))
    with Store(workspace.database) as store:
        every = [store.prices(symbol) for symbol in SYMBOLS]
    for one in every:
        (made,) = make_forecast(forecaster, beside(one, every), horizon=1).rows()
        (found,) = (r for r in said if (r["symbol"], r["horizon"]) == (one.symbol, 1))
        assert {key: found[key] for key in ("q05", "q50", "q95")} == pytest.approx(
            {key: made[key] for key in ("q05", "q50", "q95")}
        )


def test_a_series_that_it_never_saw(panel, tmp_path):
    """It is forecast with the panel that the workspace holds; without one it is told why not."""
    assert panel("-q", "fetch", "EURCHF=X", "--source", "sample").code == 0
    found = rows(panel("--format", "json", "forecast", "EURCHF=X", "--model", "panel"))
    assert found[0]["q05"] < found[0]["q95"]
    with Store(tmp_path / "w" / "lstmfin.db") as store, store.writing() as connection:
        for table in ("bars", "series"):
            for symbol in SYMBOLS:
                connection.execute(f"DELETE FROM {table} WHERE symbol = ?", (symbol,))
    ended = panel("forecast", "EURCHF=X", "--model", "panel")
    assert ended.code == 65
    assert "EURCHF=X is to be seen with the panel that the network learned from" in ended.err
    assert ended.err.count("\n") == 1


def test_a_replay_sees_what_was_known(panel):
    """As of a day, of all of them: what comes later changes nothing."""
    day = ("--as-of", "2023-06-30")
    assert panel("-q", "train", "--panel", *NETWORK, *day).code == 0
    line = ("--format", "json", "forecast", "EURUSD=X", *day)
    before = rows(panel(*line))
    assert before[0]["origin"] <= "2023-06-30"
    assert rows(panel(*line)) == before


def test_pictures_pages_and_backtests(panel, tmp_path):
    """Each goes through with the others beside each series."""
    for line in (
        ("plot", "forecast", "EURUSD=X"),
        ("plot", "gates", "EURUSD=X"),
        ("report",),
        ("backtest", "--train", 400, "--test", 200),
        ("backtest", "EURUSD=X", "--train", 400, "--test", 200),
        ("fetch", "AAPL", "--source", "sample", "forecast", "--model", "panel"),
        ("audit", "--train", 400, "--test", 400),
    ):
        ended = panel("-q", *line)
        assert ended.code == 0, ended.err
    pages = [path.read_text() for path in (tmp_path / "w" / "reports").rglob("*.html")]
    assert pages
    assert not any("to be seen with the panel" in page for page in pages)


def test_only_a_panel_has_one(lstmfin):
    """A feature of the others is refused by what it is, where there are none or where bars are."""
    assert lstmfin("-q", "fetch", "EURUSD=X", "AAPL", "MSFT", "--source", "sample").code == 0
    feature = ("--features", "panel-day", "--target", "volatility")
    for line in (("EURUSD=X",), ("AAPL", "MSFT", "--panel")):
        ended = lstmfin("train", *feature, *line)
        assert ended.code == 65
        assert "it tells of the others of a --panel of closes alone; it can carry" in ended.err


def only_to(root, day, *symbols):
    """Forget what came after a day, of some symbols."""
    with Store(root / "lstmfin.db") as store, store.writing() as connection:
        for symbol in symbols:
            connection.execute("DELETE FROM bars WHERE symbol = ? AND session > ?", (symbol, day))


def test_who_is_behind_is_told_and_who_is_old_is_refused(panel, tmp_path):
    """A watch-list of which one symbol alone was brought up to date."""
    root = tmp_path / "w"
    with Store(root / "lstmfin.db") as store:
        last = [str(day) for day in store.prices("EURUSD=X").sessions[-2:]]
    only_to(root, last[0], "EURGBP=X")
    ended = panel("forecast", "EURUSD=X")
    assert ended.code == 0
    assert (
        f"lstmfin: EURUSD=X: 1 of its panel's 2 other series is not up to {last[1]}, and what it "
        "lacks is not seen; to bring them up to date: lstmfin fetch EURGBP=X\n"
    ) in ended.err
    assert "not up to" not in panel("forecast", "EURGBP=X").err
    panel("plot", "forecast", "EURUSD=X", "--out", tmp_path / "p.svg")
    picture = (tmp_path / "p.svg").read_text()
    assert "1 series of its panel is not up to this session" in picture
    assert panel("report").code == 0
    (page,) = (path.read_text() for path in root.glob("reports/*EURUSD*/*.html"))
    assert "Not up to it, of the panel" in page
    assert "EURGBP=X" in page
    only_to(root, "2023-01-31", "EURGBP=X", "EURJPY=X")
    ended = panel("forecast", "EURUSD=X")
    assert ended.code == 65
    assert "nothing is known of 2 of its panel's 2 other series in the 14 days to" in ended.err
    assert ended.err.endswith("train anew without them: EURGBP=X, EURJPY=X\n")


def test_a_replay_names_who_was_behind(panel, tmp_path):
    """There is nothing to fetch for it."""
    only_to(tmp_path / "w", "2023-06-29", "EURJPY=X")
    ended = panel("forecast", "EURUSD=X", "--as-of", "2023-06-30")
    assert "EURUSD=X: 1 of its panel's 2 other series is not up to 2023-06-30, and" in ended.err
    assert "is not seen; these are EURJPY=X\n" in ended.err


def test_the_panel_is_read_once_a_command(panel, monkeypatch):
    """Also where each forecast is published, which writes to the same file."""
    read, prices = [], Store.prices

    def counted(store, symbol, **options):
        read.append(symbol)
        return prices(store, symbol, **options)

    monkeypatch.setattr(Store, "prices", counted)
    assert panel("forecast").code == 0
    assert sorted(read) == sorted(SYMBOLS)


def test_one_symbol_of_a_panel_is_tested_as_all_of_it_are(panel):
    """The network learns from all, be it in the line that trained it or in one of its own."""
    line = ("backtest", "EURUSD=X", "--train", 400, "--test", 200)
    alone, after, every = (
        panel("--format", "json", *words)
        for words in (
            line,
            ("train", *SYMBOLS, "--panel", *NETWORK, *line),
            ("backtest", *SYMBOLS, *line[2:]),
        )
    )
    assert (alone.code, after.code, every.code) == (0, 0, 0), after.err
    assert "in each fold one network learns from the panel of 3 symbols" in alone.err

    def scores(rows):
        return [
            (r["model"], r["crps_bps"], r["coverage_90"]) for r in rows if r["symbol"] == "EURUSD=X"
        ]

    assert scores(rows(alone)) == scores(json.loads(after.out)[-1]["rows"])
    assert scores(rows(alone)) == scores(rows(every))
    assert {row["symbol"] for row in rows(alone)} == {"EURUSD=X"}


def test_a_panel_that_is_not_there_any_more_is_told_by_a_backtest(panel, tmp_path):
    """Who is missing, why, and that the network is another one for it."""
    with Store(tmp_path / "w" / "lstmfin.db") as store, store.writing() as connection:
        for table in ("bars", "series"):
            connection.execute(f"DELETE FROM {table} WHERE symbol = 'EURJPY=X'")
    ended = panel("backtest", "EURUSD=X", "--train", 400, "--test", 200)
    assert ended.code == 0, ended.err
    said = (
        "one network learns from the panel of 2 symbols; the model learned from EURJPY=X, too: no"
    )
    assert said in ended.err


def test_a_panel_of_one_that_is_to_see_the_others(lstmfin):
    """Training and backtest say alike that there are none."""
    assert lstmfin("-q", "fetch", "EURUSD=X", "--source", "sample").code == 0
    network = ("--panel", "--features", "panel-day", "--target", "volatility")
    for line in (("train", *network), ("train", *network, "backtest")):
        ended = lstmfin(*line)
        assert ended.code == 65
        assert "panel-day tell of the other series of a panel, and EURUSD=X has none" in ended.err
