"""The real yfinance client, in a process of its own, against Yahoo's format on the loopback."""

import datetime as dt
import json
import subprocess
import sys
import time
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from made_prices import build_prices
from yahoo_server import NEW_YORK, NO_DATA, Yahoo, _chart, epoch

from lstmfin.data.fetch import OVERLAP
from lstmfin.data.prices import make_actions
from lstmfin.data.source import SourceOptions
from lstmfin.data.store import Store
from lstmfin.registry import SOURCES

NOW = dt.datetime(2026, 1, 15, 12, 0, tzinfo=dt.UTC)

DRIVER = """
import datetime as dt, json, sys, warnings
from pathlib import Path
from lstmfin.config import FetchConfig
from lstmfin.data.courier import Courier
from lstmfin.data.fetch import fetch
from lstmfin.data.store import Store
from lstmfin.errors import LstmfinError

warnings.simplefilter("always")  # whatever is not kept quiet comes to stderr
folder, jobs = Path(sys.argv[1]), json.loads(sys.argv[2])
courier = Courier(patience=0, sleep=lambda seconds: None)
with Store(folder / "lstmfin.db") as store:
    for symbol, now, dates, seconds in jobs:
        dates = {k: dt.date.fromisoformat(v) for k, v in dates.items()}
        config = FetchConfig(timeout=seconds, **dates)
        try:
            done = fetch(store, "yahoo", symbol, config=config, cache=folder / "cache",
                         now=dt.datetime.fromisoformat(now), courier=courier)
            print(json.dumps({"error": "", "code": 0, "n_new": done.n_new, "rebased": done.rebased,
                              "n_changed": done.n_changed, "notes": done.notes,
                              "final": bool(store.prices(done.symbol).bars["final"].iloc[-1])}))
        except LstmfinError as error:
            print(json.dumps({"error": type(error).__name__, "code": error.exit_code,
                              "text": str(error)}))
"""


@pytest.fixture(scope="module")
def yahoo(tmp_path_factory):
    with Yahoo(tmp_path_factory.mktemp("yahoo")) as server:
        days = int(np.busday_count("2025-01-01", dt.datetime.now(dt.UTC).date()))
        server.series["AAPL"] = build_prices(days, start="2025-01-01", symbol="AAPL")  # the canary
        yield server


def run(yahoo, folder, *jobs, said=""):
    """Fetch symbols one after another in one fresh process; return what became of each."""
    jobs = [
        (symbol, NOW.isoformat(), {}, 10) if isinstance(job := symbol, str) else job
        for symbol in jobs
    ]
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(folder), json.dumps(jobs)],
        env=yahoo.process(folder), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert all(said in line for line in done.stderr.splitlines()) if said else done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def stored(folder, symbol):
    with Store(folder / "lstmfin.db") as store:
        return store.prices(symbol)


@pytest.fixture(scope="module")
def apple(tmp_path_factory):
    """Apple's sample prices, with two dividends and a split as Yahoo would send them."""
    options = SourceOptions(None, tmp_path_factory.mktemp("cache"), NOW)
    prices = SOURCES.get("sample").fetch("AAPL", start=None, end=None, options=options)
    rows = [("2020-08-07", "dividend", 0.205), ("2020-08-31", "split", 4.0)]
    return replace(prices, actions=make_actions([*rows, ("2023-08-11", "dividend", 0.24)]))


@pytest.fixture(scope="module")
def fetched_twice(yahoo, apple, tmp_path_factory):
    """Fetch one symbol twice in one process; return results, queries and folder."""
    folder = tmp_path_factory.mktemp("twice")
    yahoo.series["FRUIT"] = apple
    results = run(yahoo, folder, "fruit", "FRUIT")
    return results, yahoo.charts("FRUIT"), folder


def test_what_was_served_is_stored(fetched_twice, apple):
    """Bars, actions, currency, zone and name, bit for bit."""
    results, _, folder = fetched_twice
    assert results[0] == {
        "error": "", "code": 0, "n_new": len(apple), "rebased": False, "n_changed": 0, "notes": [], "final": True
    }  # fmt: skip
    got = stored(folder, "FRUIT")
    assert got.digest() == apple.digest()
    assert got.actions.values.tolist() == apple.actions.values.tolist()
    assert got.bars["final"].all()
    names = (got.source, got.currency, got.timezone, got.label)
    assert names == ("yahoo", "USD", "America/New_York", "FRUIT Incorporated")


def test_the_first_fetch_asks_for_all(fetched_twice):
    """Without a start the whole history is asked for, of daily bars with their actions."""
    query = fetched_twice[1][0]
    assert int(query["period1"]) < epoch("1930-01-01")
    assert query["interval"] == "1d"
    assert "div" in query["events"]
    assert "splits" in query["events"]


def test_the_second_fetch_asks_for_the_end(fetched_twice, apple):
    """The last known sessions are asked for again, and answered anew though the process is the same."""
    results, queries, _ = fetched_twice
    assert (results[1]["n_new"], results[1]["n_changed"]) == (0, 0)
    assert len(queries) == 2
    assert int(queries[1]["period1"]) == epoch(apple.sessions[-OVERLAP], 0, 0)


def test_what_yfinance_keeps_is_private(fetched_twice):
    """Its caches lie in our folder, closed to others, and nowhere else."""
    folder = fetched_twice[2]
    assert (folder / "cache").stat().st_mode & 0o777 == 0o700
    assert list((folder / "cache").iterdir())
    assert not (folder / "xdg").exists()


def test_a_range_includes_its_end(yahoo, apple, tmp_path):
    """Our end is a session that is wanted; theirs is the day after."""
    yahoo.series["RANGE"] = replace(apple, symbol="RANGE")
    dates = {"start": "2020-08-28", "end": "2020-09-01"}
    run(yahoo, tmp_path, *[("RANGE", NOW.isoformat(), dates, 10)] * 2)
    got = stored(tmp_path, "RANGE")
    assert got.sessions.astype(str).tolist() == ["2020-08-28", "2020-08-31", "2020-09-01"]
    assert got.actions["kind"].tolist() == ["split"]
    query, again = yahoo.charts("RANGE")  # yfinance would keep the first answer for the process
    assert query == again
    assert int(query["period1"]) == epoch("2020-08-28", 0, 0)
    assert int(query["period2"]) == epoch("2020-09-02", 0, 0)


def stall(handler, query):
    """Answer when nobody waits any more."""
    if "period1" in query:
        time.sleep(3)
    return handler.yahoo.answer("GOOD", query)


def hang_up(handler, query):
    """Close the line without a word."""
    handler.connection.close()
    raise OSError


FAULTS = {
    "NOPE": ("UnknownSymbolError", 69, "has no prices for NOPE (unknown symbol, or none in the"),
    "NOPE.A": ("UnknownSymbolError", 69, "has no prices for NOPE.A"),
    "NOPE.B": ("UnknownSymbolError", 69, "has no prices for NOPE.B"),  # yfinance asks less by now
    "WEEKEND": ("UnknownSymbolError", 69, "has no prices for WEEKEND"),
    "TOOEARLY": ("UnknownSymbolError", 69, "has no prices for TOOEARLY"),
    "OTHER": ("SourceError", 69, "was asked for OTHER and answered with ELSE"),
    "PAGE": ("SourceError", 69, "answered for PAGE with something that is not prices"),
    "CUT": ("SourceError", 69, "answered for CUT with something that is not prices"),
    "ERROR": ("SourceError", 69, "answered for ERROR with something that is not prices"),
    "EMPTY": ("SourceError", 69, "answered for EMPTY with something that is not prices"),
    "STALLED": ("SourceError", 69, "cannot be reached for STALLED: no answer within"),
    "HANGUP": ("SourceError", 69, "cannot be reached for HANGUP: "),
    "GOOD": ("", 0, ""),
    "LIMITED": (
        "TryLaterError",
        75,
        "limits the rate of requests; try again later; the rest of the run is given up",
    ),
    "AFTER": ("TryLaterError", 75, "the rest of the run is given up"),
}


@pytest.fixture(scope="module")
def faults(yahoo, tmp_path_factory):
    """Fetch all symbols that fail, and one that does not after them, in one process."""
    made = build_prices(300, start="2020-01-02")
    yahoo.series.update(dict.fromkeys(["WEEKEND", "OTHER", "GOOD", "TOOEARLY"], made))
    yahoo.echo["OTHER"] = "ELSE"
    yahoo.faults.update(
        LIMITED=(429, "Too Many Requests"),
        PAGE=(200, "<html>Consent</html>"),
        CUT=(200, '{"chart": {"result": [{"meta": {'),
        ERROR=(500, "<html>Internal Server Error</html>"),
        EMPTY=(200, "{}"),
        STALLED=stall,
        HANGUP=hang_up,
        TOOEARLY=lambda _, query: (400, _chart(None, NO_DATA)) if "period1" in query
        else yahoo.answer("TOOEARLY", query),
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("faults")
    ranges = {"WEEKEND": {"start": "2020-02-01", "end": "2020-02-02"}}
    seconds = {"STALLED": 1}
    jobs = [(s, NOW.isoformat(), ranges.get(s, {}), seconds.get(s, 10)) for s in FAULTS]
    return dict(zip(FAULTS, run(yahoo, folder, *jobs), strict=True)), folder


@pytest.mark.parametrize("symbol", FAULTS)
def test_every_fault_has_its_error(faults, symbol):
    """Rate limit, unknown symbol and outage are told apart, and nothing is called delisted."""
    error, code, words = FAULTS[symbol]
    got = faults[0][symbol]
    assert (got["error"], got["code"]) == (error, code)
    assert words in got.get("text", "")
    assert "delisted" not in got.get("text", "")
    assert "\n" not in got.get("text", "")


def test_faults_store_nothing(faults):
    """Only the good symbol is in the store."""
    with Store(faults[1] / "lstmfin.db") as store:
        assert store.symbols() == ("GOOD",)


def test_nobody_listens(yahoo, tmp_path):
    """A refused connection is an outage, not an unknown symbol."""
    env = yahoo.process(tmp_path) | {"HTTPS_PROXY": "http://127.0.0.1:1"}
    jobs = json.dumps([("AAPL", NOW.isoformat(), {}, 10)])
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(tmp_path), jobs],
        env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    got = json.loads(done.stdout)
    assert (got["error"], got["code"]) == ("SourceError", 69)
    assert "cannot be reached for AAPL" in got["text"]


@pytest.fixture(scope="module")
def odd(yahoo, tmp_path_factory):
    """Fetch series with rows that are not as they should be; return results and folder."""
    made = build_prices(100, start="2020-01-02", symbol="ODD")
    yahoo.series["NULLS"] = made
    yahoo.null["NULLS"] = ["2020-02-03", "2020-03-02"]
    bars = made.bars.copy()
    bars.iloc[:40, bars.columns.get_loc("open")] = 0.0
    bars.iloc[:40, bars.columns.get_loc("low")] = 0.0
    yahoo.series["OLD"] = replace(made, bars=bars)
    yahoo.series["TICKS"] = made
    high = made.bars["high"].copy()

    def narrow(_, query):
        status, body = yahoo.answer("TICKS", query)
        chart = json.loads(body)
        if "period1" in query:
            chart["chart"]["result"][0]["indicators"]["quote"][0]["high"][7] = 1.0
        return status, json.dumps(chart)

    yahoo.faults["TICKS"] = narrow
    folder = tmp_path_factory.mktemp("odd")
    zeros = made.bars.copy()
    zeros.iloc[5, :6] = 0.0
    yahoo.series["ZEROS"] = replace(made, bars=zeros)
    names = ("NULLS", "OLD", "TICKS", "ZEROS")
    return made, high, dict(zip(names, run(yahoo, folder, *names), strict=True)), folder


def test_null_rows_are_left_out_and_counted(odd):
    """A session without a close is no session, and the user is told."""
    made, _, results, folder = odd
    assert results["NULLS"]["notes"] == [
        "left out 2 sessions without a close, the last on 2020-03-02"
    ]
    expected = made.bars.drop(index=["2020-02-03", "2020-03-02"])
    assert stored(folder, "NULLS").digest() == replace(made, bars=expected).digest()


def test_rows_of_zeros_are_null_rows(odd):
    """A close of zero is Yahoo's way to have none; it does not cost the range of the others."""
    made, _, results, folder = odd
    (note,) = results["ZEROS"]["notes"]
    assert note.startswith("left out 1 sessions without a close")
    assert stored(folder, "ZEROS").has_range
    assert len(stored(folder, "ZEROS")) == len(made) - 1


def test_opens_of_zero_leave_the_range_out(odd):
    """Decades of opens that are zero are no prices; close, adjusted close and volume stay."""
    made, _, results, folder = odd
    (note,) = results["OLD"]["notes"]
    assert "left out all open, high and low, which 40 sessions lack" in note
    assert str(made.sessions[39]) in note
    got = stored(folder, "OLD")
    assert not got.has_range
    np.testing.assert_array_equal(got.column("close"), made.column("close"))


def test_a_range_that_does_not_hold_its_close_is_widened(odd):
    """One bad tick does not cost the range of all; it is counted."""
    made, high, results, folder = odd
    (note,) = results["TICKS"]["notes"]
    assert note.startswith("widened high or low to hold open and close in 1 sessions")
    got = stored(folder, "TICKS").bars
    assert got["high"].iloc[7] == made.bars[["open", "close"]].iloc[7].max()
    np.testing.assert_array_equal(got["high"].drop(got.index[7]), high.drop(high.index[7]))


def test_a_session_that_is_not_over(yahoo, tmp_path):
    """Its bar is marked until half an hour after the close, and replaced then without a revision."""
    made = build_prices(60, start="2020-01-02")
    last = made.sessions[-1].item()
    noon, late, next_day = (
        dt.datetime.combine(last, dt.time(*clock), NEW_YORK) + dt.timedelta(days=days)
        for clock, days in (((12, 0), 0), ((16, 29), 0), ((9, 0), 1))
    )
    bars = made.bars.copy()
    bars.iloc[-1, bars.columns.get_loc("volume")] = 1.0
    yahoo.series["LIVE"] = replace(made, bars=bars)
    run(yahoo, tmp_path, ("LIVE", noon.isoformat(), {}, 10), ("LIVE", late.isoformat(), {}, 10))
    assert stored(tmp_path, "LIVE").bars["final"].tolist() == [True] * 59 + [False]
    yahoo.series["LIVE"] = made
    (result,) = run(yahoo, tmp_path, ("LIVE", next_day.isoformat(), {}, 10))
    assert (result["n_new"], result["n_changed"]) == (0, 0)
    assert stored(tmp_path, "LIVE").bars["final"].all()
    assert stored(tmp_path, "LIVE").digest() == made.digest()


def test_the_session_is_the_date_on_the_wall_of_the_exchange(yahoo, tmp_path):
    """Tokyo opens when New York and Greenwich still have yesterday."""
    made = build_prices(60, start="2020-01-02")
    dividend = make_actions([(made.sessions[9], "dividend", 5.0)])
    yahoo.series["7203.T"] = replace(made, actions=dividend)
    yahoo.zones["7203.T"] = ZoneInfo("Asia/Tokyo")
    run(yahoo, tmp_path, "7203.T")
    got = stored(tmp_path, "7203.T")
    assert got.digest() == made.digest()
    assert got.actions.values.tolist() == dividend.values.tolist()
    assert got.timezone == "Asia/Tokyo"


MARKETS = {"NY": "America/New_York", "LON": "Europe/London", "TYO": "Asia/Tokyo", "SYD": "Australia/Sydney"}  # fmt: skip


@pytest.mark.parametrize(
    ("day", "over"),
    [
        # At 07:00 in Greenwich Sydney has closed in its winter and its summer, Tokyo at 16:00 just so.
        ("2026-03-10", {"07:00": "SYD", "07:31": "SYD TYO", "17:00": "SYD TYO LON"}),
        ("2026-07-07", {"06:31": "SYD", "07:31": "SYD TYO", "15:31": "SYD TYO LON"}),
        ("2026-11-03", {"05:31": "SYD", "16:31": "SYD TYO LON", "21:31": "SYD TYO LON NY"}),
        ("2024-02-29", {"04:00": "", "05:31": "SYD", "21:29": "SYD TYO LON", "21:31": "SYD TYO LON NY"}),
    ],
)  # fmt: skip
def test_four_exchanges_in_one_workspace(yahoo, tmp_path, day, over):
    """At each moment exactly the sessions that are over by their own clocks are final, summer or winter."""
    n = 60
    start = np.busday_offset(np.datetime64(day), 1 - n)
    made = build_prices(n, start=str(start))
    assert str(made.sessions[-1]) == day
    for symbol, zone in MARKETS.items():
        yahoo.series[symbol], yahoo.zones[symbol] = made, ZoneInfo(zone)
    moments = [dt.datetime.fromisoformat(f"{day}T{clock}:00+00:00") for clock in over]
    moments.append(moments[-1] - dt.timedelta(days=1))  # a clock set back a day unfinishes nothing
    jobs = [(symbol, now.isoformat(), {}, 10) for now in moments for symbol in MARKETS]
    results = iter(run(yahoo, tmp_path, *jobs, said="which is before the last fetch"))
    for expected in [*over.values(), list(over.values())[-1]]:
        final = {symbol for symbol in MARKETS if next(results)["final"]}
        assert final == set(expected.split())
    for symbol in MARKETS:
        assert stored(tmp_path, symbol).digest() == made.digest()
        assert len(stored(tmp_path, symbol).finished()) == n - (symbol not in final)


def test_over_half_an_hour_after_the_close(yahoo, tmp_path):
    """From then on the last bar is final on its own day."""
    made = build_prices(60, start="2020-01-02")
    yahoo.series["DONE"] = made
    moment = dt.datetime.combine(made.sessions[-1].item(), dt.time(16, 30), NEW_YORK)
    run(yahoo, tmp_path, ("DONE", moment.isoformat(), {}, 10))
    assert stored(tmp_path, "DONE").bars["final"].all()


def test_a_dividend_rebases_the_past(yahoo, apple, tmp_path):
    """When the adjusted past was scaled, all of it is fetched, and the seam shows no false return."""
    shorter = replace(apple.slice(300), symbol="PAYS")
    yahoo.series["PAYS"] = shorter
    run(yahoo, tmp_path, "PAYS")
    bars = apple.slice(302).bars.copy()
    bars.loc[: bars.index[299], "adj_close"] *= 0.98444
    yahoo.series["PAYS"] = replace(shorter, bars=bars)
    (result,) = run(yahoo, tmp_path, "PAYS")
    assert result["rebased"]
    assert (result["n_new"], result["n_changed"]) == (2, 300)
    assert stored(tmp_path, "PAYS").digest() == yahoo.series["PAYS"].digest()
    assert [int(q["period1"]) < epoch("2013-06-01") for q in yahoo.charts("PAYS")] == [
        True,
        False,
        True,
    ]


def lstmfin(yahoo, folder, *arguments):
    """Run the command line in a fresh process; its stderr is for people, and free of noise."""
    done = subprocess.run(
        [sys.executable, "-m", "lstmfin", "-C", str(folder), "--format", "json", *arguments],
        env=yahoo.process(folder), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "Warning" not in done.stderr
    assert "delisted" not in done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_the_command_fetches_and_fetches_on(yahoo, apple, tmp_path):
    """What is served is stored; the next evening only the end is asked for."""
    yahoo.series["CLI"] = replace(apple.slice(2690), symbol="CLI")
    done = lstmfin(yahoo, tmp_path, "fetch", "cli", "--source", "yahoo")
    assert done.returncode == 0, done.stderr
    assert stored(tmp_path, "CLI").digest() == yahoo.series["CLI"].digest()
    yahoo.series["CLI"] = replace(apple, symbol="CLI")
    assert lstmfin(yahoo, tmp_path, "fetch", "CLI").returncode == 0
    assert stored(tmp_path, "CLI").digest() == apple.digest()
    assert int(yahoo.charts("CLI")[1]["period1"]) == epoch(apple.sessions[2690 - OVERLAP], 0, 0)


@pytest.mark.parametrize(
    ("symbol", "code", "words"),
    [
        ("UNKNOWN", 69, "Yahoo has no prices for UNKNOWN"),
        ("BUSY", 75, "limits the rate of requests"),
    ],
)
def test_the_command_ends_with_the_code_of_its_error(yahoo, tmp_path, symbol, code, words):
    """Unknown is 69, limited is 75, and the reason stands on stderr."""
    yahoo.faults["BUSY"] = (429, "Too Many Requests")
    done = lstmfin(yahoo, tmp_path, "fetch", symbol, "--source", "yahoo", "--patience", "0.5")
    assert done.returncode == code
    assert words in done.stderr
