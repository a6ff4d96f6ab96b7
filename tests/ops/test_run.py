"""The evening job in one command."""

import datetime as dt
import json
import os
import re
import shutil
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import evening_source
import pytest
from evening_source import FAULTS

from lstmfin.data.panel import together
from lstmfin.data.prices import drop_range
from lstmfin.data.store import Store
from lstmfin.errors import SourceError, TryLaterError
from lstmfin.models.forecasts import make_forecast
from lstmfin.models.shelf import load_panel
from lstmfin.ops.alarm import YEAR
from lstmfin.ops.journal import Journal
from lstmfin.ops.lock import locked
from lstmfin.workspace import Workspace


def rows(ended):
    return {row["symbol"]: row for row in json.loads(ended.out)["rows"]}


def evening(house, *words):
    ended = house("--format", "json", "run", *words)
    return ended, rows(ended)


def reports(house):
    return [
        json.loads(path.read_text()) for path in sorted((house.root / "reports/runs").iterdir())
    ]


def test_an_evening(house):
    """It fetches, trains what has no model, publishes, and says so in one last line."""
    house.make("S1", "S2")
    ended, found = evening(house)
    assert ended.code == 0, ended.err
    for row in found.values():
        assert (row["state"], row["trained"], row["published"]) == ("done", "no model", 3)
    last = ended.err.splitlines()[-1]
    assert last.startswith("lstmfin: run: 2 of 2 symbols done, 2 trained, 6 forecasts published; exit 0; report ")  # fmt: skip
    (report,) = reports(house)
    assert report["exit_code"] == 0
    assert [row["symbol"] for row in report["symbols"]] == ["S1", "S2"]
    assert {row["last"] for row in report["symbols"]} == {"2026-03-04"}


def test_what_comes_too_late_is_told(house):
    """Of prices that ended long ago nothing is published, and the last line says why."""
    house.make("GARCH")
    config = house.root / "lstmfin.toml"
    config.write_text(re.sub('source = ".*"', 'source = "synthetic"', config.read_text()))
    ended, found = evening(house)
    assert ended.code == 0, ended.err
    assert (found["GARCH"]["published"], found["GARCH"]["late"]) == (0, 3)
    assert "0 forecasts published; 3 of sessions that are over were not published; " in ended.err


def test_nothing_new(house):
    """A second run the same evening asks nobody, changes no byte of the store, and is well."""
    house.make("S1", "S2")
    house("run")
    before = house.database.read_bytes()
    FAULTS["S1"] = AssertionError("asked")
    for _ in range(2):
        house.now += dt.timedelta(hours=2)
        ended, found = evening(house)
        assert (ended.code, {row["state"] for row in found.values()}) == (0, {"nothing new"})
        assert "nothing new for 2 symbols; exit 0" in ended.err
    assert house.database.read_bytes() == before


def test_quiet_says_nothing_when_all_is_well(house):
    """Cron mails what is said; with -q only what went wrong."""
    house.make("S1")
    assert house("-q", "run").err == ""
    FAULTS["S1"] = SourceError("out of order")
    ended = house.evening()("-q", "run")
    assert ended.err.count("\n") == 1
    assert "failed: S1 (fetch: " in ended.err


def test_the_next_evenings(house):
    """The truth is filled in as it comes; the model stays until its age is reached."""
    house.make("S1", more="retrain-age = 3")
    trained, scored = [], []
    for _ in range(6):
        _, found = evening(house)
        trained.append(found["S1"]["trained"])
        scored.append(found["S1"]["scored"])
        house.evening()
    assert trained == ["no model", "", "", "age", "", ""]
    assert scored == [0, 1, 2, 3, 3, 3]
    assert [len(report["scores"]) for report in reports(house)] == [1] * 6


def test_one_symbol_fails(house):
    """The others are done; 3, its reason, and the next good run catches up."""
    house.make("S1", "S2")
    FAULTS["S1"] = SourceError("it answers\nwith lstmfin: all is well")
    ended, found = evening(house)
    assert ended.code == 3
    assert found["S1"]["step"] == "fetch"
    assert found["S2"]["published"] == 3
    assert "lstmfin: all" not in ended.err.replace("\\nwith lstmfin: all", "")
    FAULTS.clear()
    ended, found = evening(house)
    assert (ended.code, found["S1"]["published"], found["S2"]["state"]) == (0, 3, "nothing new")


@pytest.mark.parametrize(("error", "code"), [(SourceError("down"), 69), (TryLaterError("429"), 75)])
def test_all_fail(house, error, code):
    """The code of what they have in common."""
    house.make("S1", "S2")
    FAULTS.update({"S1": error, "S2": error, "CANARY": error})
    assert house("run").code == code
    assert reports(house)[0]["exit_code"] == code


def test_a_bug_in_one_symbol(house):
    """70, the traceback in the log file; the others are done."""
    house.make("S1", "S2")
    FAULTS["S1"] = ZeroDivisionError("oops")
    ended, found = evening(house)
    assert (ended.code, found["S2"]["state"]) == (70, "done")
    (file,) = (house.root / "logs").iterdir()
    assert "ZeroDivisionError: oops" in file.read_text()


def test_a_failed_training_leaves_the_old_model_at_work(house, monkeypatch):
    """It is told, and the forecast is of the model that is there."""
    house.make("S1", more="retrain-age = 1")
    house("run")
    monkeypatch.setattr("lstmfin.ops.evening.train", lambda *_, **__: 1 / 0)
    ended, found = evening(house.evening())
    assert (ended.code, found["S1"]["step"], found["S1"]["published"]) == (70, "train", 3)


def test_time_is_up(house):
    """What was not begun is for the next run: 75, and it goes on from there."""
    house.make("S1", "S2")
    ended = house("run", "--max-runtime", "1e-9")
    assert ended.code == 75
    assert "goes on from here" in ended.err
    assert house("run").code == 0


def test_training_out_of_time_keeps_a_checkpoint(house, monkeypatch):
    """Training that time runs out for is gone on with, and ends with the same model."""
    from lstmfin.ops import evening as room

    house.make("S1")
    shutil.copytree(house.root, house.root.with_name("other"))
    house("run")
    whole = {entry.model for entry in house.entries()}
    shutil.rmtree(house.root)
    house.root.with_name("other").rename(house.root)
    ticks = iter(range(100))
    check = room.Evening._check_time

    def soon_over(self):
        if next(ticks) == 5:
            self._ends = 0.0
        check(self)

    monkeypatch.setattr(room.Evening, "_check_time", soon_over)
    assert house("run").code == 75
    assert list((house.root / "models").rglob("checkpoint.npz"))
    monkeypatch.undo()
    assert house("run").code == 0
    assert {entry.model for entry in house.entries()} == whole
    assert not list((house.root / "models").rglob("checkpoint.npz"))


def test_drift_trains_anew(house, monkeypatch):
    """A model whose coverage has left its band is due before its age."""
    house.make("S1")
    for _ in range(4):
        house("run")
        house.evening()
    monkeypatch.setattr("lstmfin.ops.evening.threshold_of", lambda *_: 1e-9)
    _, found = evening(house)
    assert found["S1"]["trained"].startswith("drift of coverage")
    _, found = evening(house.evening(), "--ignore-drift")
    assert found["S1"]["trained"] == ""
    assert YEAR == 250


def test_an_alarm_that_was_asked_for(house, monkeypatch):
    """With alarm = true in [run], 4; the last line names it."""
    house.make("S1", more="alarm = true")
    for _ in range(3):
        assert house("run").code == 0
        house.evening()
    monkeypatch.setattr("lstmfin.ops.alarm.YEAR", 1e-9)
    ended = house("run", "--ignore-drift")
    assert ended.code == 4
    assert "; alarm: coverage of 90 % of lstm on S1 and" in ended.err


def test_a_panel(house):
    """One network for all; whoever fails is left out of that evening's training."""
    house.make("S1", "S2", "S4")
    toml = house.root / "lstmfin.toml"
    toml.write_text(toml.read_text().replace("[train]\n", "[train]\npanel = true\n"))
    FAULTS["S4"] = SourceError("down")
    ended, found = evening(house)
    assert (ended.code, found["S1"]["model"]) == (3, found["S2"]["model"])
    FAULTS.clear()
    ended, found = evening(house)
    assert (ended.code, found["S4"]["published"]) == (0, 3)


def test_a_panel_of_closes_is_seen_with_the_others_each_evening(house):
    """What is published is what the library says of the stored prices beside each other."""
    house.make("S1", "S2", "S4")
    toml = house.root / "lstmfin.toml"
    line = '[train]\npanel = true\ntarget = "volatility"\n'
    toml.write_text(toml.read_text().replace("[train]\n", line))
    FAULTS.update(dict.fromkeys(("S1", "S2", "S4"), drop_range))
    for _ in range(2):
        ended, _ = evening(house)
        assert ended.code == 0, ended.err
        _, forecaster = load_panel(Workspace(house.root))
        assert forecaster.panel == ("S1", "S2", "S4")
        with Store(house.database) as store, Journal(house.database) as journal:
            every = [store.prices(symbol) for symbol in forecaster.panel]
            for prices in together(every):
                made = make_forecast(forecaster, prices).rows()
                entries = journal.entries(prices.symbol)[-3:]
                assert [one.q05 for one in entries] == [row["q05"] for row in made]
        house.evening()


def test_a_new_listing_does_not_stop_a_panel(house):
    """What is too short for a window fails alone, before the panel is trained and after."""
    house.make("S1", "S2", "S4")
    toml = house.root / "lstmfin.toml"
    toml.write_text(toml.read_text().replace("[train]\n", "[train]\npanel = true\n"))
    FAULTS["S4"] = lambda prices: replace(prices, bars=prices.bars.loc["2026-02-26":])
    for _ in range(2):
        ended, found = evening(house)
        assert ended.code == 3, ended.err
        assert (found["S4"]["state"], found["S4"]["step"]) == ("failed", "train")
        assert "finished sessions; a window of 5 needs 25" in found["S4"]["error"]
        assert all(found[one]["state"] == "done" for one in ("S1", "S2"))
        assert all(found[one]["published"] == 3 for one in ("S1", "S2"))
        house.evening()
    assert not found["S1"]["trained"]  # that one is new is no reason to train each evening


def test_series_to_look_at_are_fetched_and_not_modelled(house):
    """Those of [train] exog."""
    house.make("S1")
    toml = house.root / "lstmfin.toml"
    toml.write_text(toml.read_text().replace("[train]\n", '[train]\nexog = ["S2"]\n'))
    _, found = evening(house)
    assert (found["S1"]["published"], found["S2"]["published"]) == (3, 0)
    assert found["S2"]["new"] > 0


@pytest.mark.parametrize("days", [2, 30])
def test_a_clock_set_back(house, days):
    """75, nothing is written; when it is right again all goes on."""
    house.make("S1")
    house("run")
    before, now = house.entries(), house.now
    house.now -= dt.timedelta(days=days)
    ended = house("run")
    assert ended.code == 75
    assert "the clock" in ended.err
    assert house.entries() == before
    house.now = now
    assert house.evening()("run").code == 0


def test_a_clock_set_back_a_day(house):
    """No more than that may be a clock set right: nothing is new, and no row is changed or added."""
    house.make("S1")
    house("run")
    before, now = house.entries(), house.now
    house.now -= dt.timedelta(days=1)
    ended, found = evening(house)
    assert (ended.code, found["S1"]["state"]) == (0, "nothing new")
    assert house.entries() == before
    house.now = now
    assert evening(house.evening())[1]["S1"]["published"] == 3


def test_four_exchanges_over_both_changes_of_clocks(house):
    """New York, London, Tokyo and Sydney, at 21:30 UTC, before and after every change.

    Each session is forecast before it is over on its exchange's clock, each once, and the truth of
    each is that of the session it was forecast for.
    """
    symbols = ("S2", "S2.L", "S2.T", "S2.AX")
    house.make(*symbols, more="retrain-age = 500")
    fridays = ((3, 6), (3, 27), (4, 3), (10, 2), (10, 23), (10, 30))
    for month, day in fridays:  # before the clocks change in one of the four places
        house.now = dt.datetime(2026, month, day, 21, 30, tzinfo=dt.UTC)
        for _ in range(2):
            assert house("-q", "run").code == 0
            house.evening()
    for symbol in symbols:
        entries = house.entries(symbol)
        origins = sorted({entry.origin for entry in entries})
        assert len(entries) == 3 * len(origins)
        assert len(origins) == 2 * len(fridays)
        truths = {(row[1], row[2]): row[3] for row in house.truths() if row[0] == symbol}
        for entry in entries:
            assert truths.get((entry.origin, entry.horizon), entry.session) == entry.session


def test_the_29th_of_february(house):
    """A leap day is a session like others."""
    house.make("S2")
    house.now = dt.datetime(2028, 2, 28, 23, 0, tzinfo=dt.UTC)
    for _ in range(3):
        assert house("run").code == 0
        house.evening()
    assert [e.origin for e in house.entries("S2") if e.horizon == 1] == ["2028-02-28", "2028-02-29", "2028-03-01"]  # fmt: skip


def test_another_run_is_at_work(house):
    """75 at once, in one sentence, and nothing was done; with --wait after a while."""
    house.make("S1")
    with locked(Workspace(house.root)):
        for words in (("run",), ("run", "--wait", "0.3")):
            ended = house(*words)
            assert ended.code == 75
            assert "another lstmfin run works on" in ended.err
        assert not house.database.exists()
    assert house("run").code == 0


def test_old_reports_logs_and_models_go(house):
    """As many stay as are to be kept; the current model is one of them."""
    house.make("S1", more="keep = 2\nkeep-models = 2\nretrain-age = 1")
    for _ in range(5):
        assert house("run").code == 0
        house.evening()
    assert len(list((house.root / "reports/runs").iterdir())) == 2
    assert len(list((house.root / "logs").iterdir())) == 2
    folder = house.root / "models" / "m_S1"
    models = {path.name for path in folder.iterdir() if path.is_dir()}
    assert len(models) == 2
    assert (folder / "current").read_text() in models


def test_what_a_crash_left_is_swept_up(house):
    """Temporary files of more than a day ago, and no younger ones."""
    house.make("S1")
    old, young = house.root / ".tmp-old", house.root / "logs" / ".tmp-young"
    (house.root / "logs").mkdir()
    for path in (old, young):
        path.mkdir()
    past = (house.now - dt.timedelta(days=2)).timestamp()
    os.utime(old, (past, past))
    os.utime(young, (house.now.timestamp(),) * 2)
    house("run")
    assert (old.exists(), young.exists()) == (False, True)


@pytest.fixture
def check():
    """A health check on this machine that notes what it is told."""
    told = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append((self.path, body.decode()))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/secret-path", told
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_health_check_is_told(house, check):
    """Of the beginning, and of the end with its code and the last line."""
    address, told = check
    house.make("S1", more=f'ping = "{address}"')
    house("run")
    FAULTS["S1"] = SourceError("down")
    house.evening()("run")
    assert [path for path, _ in told] == ["/secret-path/start", "/secret-path", "/secret-path/start", "/secret-path/69"]  # fmt: skip
    assert "1 of 1 symbols done" in told[1][1]
    assert "S1 (fetch: down" in told[3][1]


def test_a_health_check_that_is_gone_is_no_failure(house):
    """A warning that does not hold its address, in no file either."""
    house.make("S1", more='ping = "http://127.0.0.1:9/secret-path"')
    ended = house("run")
    assert ended.code == 0
    files = [p for p in house.root.rglob("*") if p.is_file() and p.name != "lstmfin.toml"]
    assert "secret-path" not in ended.err + ended.out
    assert not any(b"secret-path" in path.read_bytes() for path in files)


@pytest.mark.parametrize("address", ["ftp://host/x", "file:///etc/passwd", "host", "http://"])
def test_addresses_of_no_health_check(house, address):
    """78, and the address is not repeated."""
    house.make("S1", more=f'ping = "{address}"')
    ended = house("run")
    assert ended.code == 78
    assert "http:// or https://" in ended.err
    assert address == "http://" or address not in ended.err


def test_a_file_is_not_fetched_again(house, tmp_path):
    """A series from a file is trained and forecast from as it stands."""
    prices = evening_source.known("S9", house.now)
    prices.bars[["close", "adj_close"]].rename_axis("date").to_csv(tmp_path / "S9.csv")
    house.make()
    assert house("fetch", "--path", tmp_path / "S9.csv").code == 0
    ended, found = evening(house)
    assert (ended.code, found["S9"]["published"]) == (0, 3)


CLOSES = ("S1", "S2", "S4")


@pytest.fixture
def panel_of_closes(house):
    """A house whose evenings see three closes together."""
    house.make(*CLOSES)
    toml = house.root / "lstmfin.toml"
    line = '[train]\npanel = true\ntarget = "volatility"\n'
    toml.write_text(toml.read_text().replace("[train]\n", line))
    FAULTS.update(dict.fromkeys(CLOSES, drop_range))
    assert evening(house)[0].code == 0
    house.evening()
    return house


def test_a_run_of_one_brings_its_panel_up_to_date(panel_of_closes):
    """The others are fetched for it, and not forecast; what is published has seen them."""
    house = panel_of_closes
    ended, found = evening(house, "S1")
    assert ended.code == 0, ended.err
    assert {one: found[one]["new"] for one in CLOSES} == dict.fromkeys(CLOSES, 1)
    assert {one: found[one]["published"] for one in CLOSES} == {"S1": 3, "S2": 0, "S4": 0}
    with Store(house.database) as store, Journal(house.database) as journal:
        own, *_ = together([store.prices(symbol) for symbol in CLOSES])
        made = make_forecast(load_panel(Workspace(house.root))[1], own)
        assert made.unknown.symbols == ()
        rows = journal.entries("S1")[-3:]
        assert [one.q05 for one in rows] == [row["q05"] for row in made.rows()]


@pytest.mark.parametrize(("is_seen", "is_watched"), [(True, True), (False, True), (True, False)])
def test_a_run_of_one_trains_the_whole_panel(panel_of_closes, is_seen, is_watched):
    """A panel that is due is not trained anew on the one symbol that was named."""
    house = panel_of_closes
    if not is_watched:
        toml = house.root / "lstmfin.toml"
        toml.write_text(toml.read_text().replace('symbols = ["S1", "S2", "S4"]', ""))
    if not is_seen:
        assert house("-q", "train", *CLOSES, "--features", "log-return,variance-day").code == 0
    assert bool(load_panel(Workspace(house.root))[1].panel) == is_seen
    toml = house.root / "lstmfin.toml"
    toml.write_text(toml.read_text().replace("[run]\n", "[run]\nretrain-age = 1\n"))
    ended, found = evening(house, "S1")
    assert ended.code == 0, ended.err
    assert {one: found[one]["trained"] for one in CLOSES} == dict.fromkeys(CLOSES, "age")
    assert load_panel(Workspace(house.root))[1].provenance.symbols == CLOSES


def test_a_run_of_one_whose_panel_is_damaged(panel_of_closes):
    """It is trained anew, as any model that cannot be read."""
    house = panel_of_closes
    for path in (Workspace(house.root).panel).glob("*/manifest.json"):
        path.write_text("{")
    ended, found = evening(house, "S1")
    assert ended.code == 0, ended.err
    assert (found["S1"]["trained"], found["S1"]["published"]) == ("no model", 3)


def test_a_network_of_other_options_is_told(house):
    """What was trained by hand is trained anew as the file says, and not in silence."""
    house.make("S1")
    assert house("-q", "fetch", "S1", "train", "--hidden", 3).code == 0
    house.evening()
    toml = house.root / "lstmfin.toml"
    toml.write_text(toml.read_text().replace("[run]\n", "[run]\nretrain-age = 1\n"))
    said = "S1: trained anew as [train] says: hidden 3 → 2"
    ended = house("run")
    assert " ".join(ended.out.split()).count(f"Another network: {said}.") == 1
    assert reports(house)[-1]["notes"] == [said]
    house.evening()
    assert "Another network" not in house("run").out


def test_a_model_whose_other_series_is_gone_is_replaced(house):
    """That it cannot be asked any more is no reason not to train."""
    house.make("S1")
    assert house("-q", "fetch", "S1", "S2", "train", "S1", "--exog", "S2").code == 0
    with Store(house.database) as store, store.writing() as connection:
        for table in ("bars", "series"):
            connection.execute(f"DELETE FROM {table} WHERE symbol = 'S2'")
    house.evening()
    toml = house.root / "lstmfin.toml"
    toml.write_text(toml.read_text().replace("[run]\n", "[run]\nretrain-age = 1\n"))
    ended, found = evening(house)
    assert (ended.code, found["S1"]["trained"], found["S1"]["published"]) == (0, "age", 3)


def test_the_model_of_another_is_left_alone(panel_of_closes):
    """A panel that is due is not trained on a symbol that has a model of its own since."""
    house = panel_of_closes
    toml = house.root / "lstmfin.toml"
    own = toml.read_text().replace("panel = true", "")
    whole = toml.read_text().replace("[run]\n", "[run]\nretrain-age = 1\n")
    toml.write_text(own)
    assert house("-q", "train", "S4", "--hidden", 3).code == 0
    toml.write_text(whole)
    ended, found = evening(house, "S1")
    assert ended.code == 0, ended.err
    assert {one: found[one]["trained"] for one in CLOSES} == {"S1": "age", "S2": "age", "S4": ""}
    notes = json.loads(ended.out)["notes"]
    assert notes == ["S4: not in the panel any more"]
    _, found = evening(house.evening(), *CLOSES)
    assert found["S4"]["trained"] == "age"
    assert "S4: trained anew as [train] says: hidden 3 → 2" in reports(house)[-1]["notes"]


def test_what_left_the_watch_list_leaves_the_panel(panel_of_closes):
    """It is brought up to date as long as the panel sees it, and not trained on again."""
    house = panel_of_closes
    toml = house.root / "lstmfin.toml"
    toml.write_text(toml.read_text().replace(', "S4"', ""))
    ended, found = evening(house)
    assert ended.code == 0, ended.err
    assert (found["S4"]["new"], found["S4"]["published"]) == (1, 0)
    toml.write_text(toml.read_text().replace("[run]\n", "[run]\nretrain-age = 1\n"))
    house.evening()
    assert evening(house)[0].code == 0
    assert load_panel(Workspace(house.root))[1].panel == ("S1", "S2")
    house.evening()
    assert "S4" not in evening(house)[1]


def test_a_run_of_one_whose_panel_cannot_be_fetched(panel_of_closes, caplog):
    """It is forecast without what they did, and the log says so."""
    house = panel_of_closes
    FAULTS["S4"] = SourceError("down")
    ended, found = evening(house, "S1")
    assert (ended.code, found["S1"]["published"]) == (3, 3)
    assert found["S1"]["not_seen"] == ["S4"]
    assert "S1: 1 of its panel's 2 other series is not up to 2026-03-05, and what" in caplog.text
