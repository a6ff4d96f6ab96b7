"""What a person sees of the data, and as of when."""

import csv
import datetime as dt
import io
import json
import os
import resource
import sqlite3
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmfin.data.export import export_bytes
from lstmfin.data.faults import Doubt
from lstmfin.data.prices import Prices, make_actions, make_bars
from lstmfin.data.store import Store

NOW = dt.datetime.now(dt.UTC)
QUICK = ("--hidden", "4", "--window", "10", "--horizon", "3", "--epochs", "1")


def rows(lstmfin, *words):
    ended = lstmfin("--format", "json", *words)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)["rows"]


@pytest.fixture
def store(fetched, tmp_path):
    with Store(tmp_path / "w" / "lstmfin.db") as opened:
        yield opened


def test_list_is_what_data_says(fetched, store):
    """Without a word it lists; each series with its source, range and what is held back."""
    assert rows(fetched, "data") == rows(fetched, "data", "list")
    listed = rows(fetched, "data", "list", "garch")
    assert [row["symbol"] for row in listed] == ["GARCH"]
    assert listed[0]["sessions"] == len(store.prices("GARCH"))
    assert (listed[0]["revisions"], listed[0]["held_back"]) == (0, 0)


def test_data_stands_in_a_chain(fetched):
    """It takes the symbols of the command before, and passes them on."""
    ended = fetched("fetch", "GARCH", "data", "check", "data", "list")
    assert ended.code == 0
    assert "RANDOM-WALK" not in ended.out


def test_show_marks_what_is_not_over(fetched, store):
    """The bar of an unfinished session is shown and told; actions stand beside their session."""
    prices = store.prices("GARCH")
    last = prices.sessions[-1] + np.timedelta64(1, "D")
    bar = prices.bars.iloc[[-1]].set_index(pd.DatetimeIndex([last], name="session").as_unit("s"))
    actions = make_actions([(prices.sessions[-1], "dividend", 0.5)])
    bars = pd.concat([prices.bars, bar.assign(final=False)])
    store.update(replace(prices, bars=bars, actions=actions), now=NOW)
    shown = rows(fetched, "data", "show", "GARCH")
    assert (shown[-1]["session"], shown[-1]["final"]) == (str(last), False)
    assert shown[-2]["action"] == "dividend 0.5"
    ended = fetched("data", "show", "GARCH", "--last", "3")
    assert "is not over" in ended.out
    assert sum(line.startswith("GARCH   ") for line in ended.out.splitlines()) == 3
    found = {row["finding"] for row in rows(fetched, "data", "check", "GARCH")}
    assert "unfinished" in found
    assert len(rows(fetched, "data", "export", "GARCH")) == 1


def test_check_tells_what_is_odd(fetched, store):
    """Gaps, jumps, copies of the day before, and what is in quarantine, never stored or stored."""
    prices = store.prices("GARCH")
    bars = prices.bars.drop(prices.bars.index[100:120])
    bars.iloc[200:201, :5] *= 2
    bars.iloc[300, :6] = bars.iloc[299, :6]
    store.update(replace(prices, bars=bars), now=NOW, replace=True)
    doubts = [Doubt("unit", "2026-01-02", "a hundredfold")]
    for symbol in ("GARCH", "NEW"):
        store.hold_back(symbol, "yahoo", doubts, now=NOW)
    found = rows(fetched, "data", "check", "GARCH")
    kinds = [row["finding"] for row in found if row["symbol"] == "GARCH"]
    assert sorted(kinds) == sorted(["gap", "jump", "jump", "stale", "old", "quarantine"])
    gap = next(row for row in found if row["finding"] == "gap")
    assert gap["session"] == str(prices.sessions[100])
    assert gap["text"].startswith("20 sessions missing to ")
    assert found[-1]["symbol"] == "NEW"
    assert "never stored: a hundredfold" in found[-1]["text"]
    assert rows(fetched, "data", "list", "GARCH")[0]["held_back"] == 1


def test_diff_tells_what_was_changed_and_when(fetched, store):
    """A line for each column and evening; a common factor is told; JSON has every value."""
    assert "No stored value" in fetched("data", "diff").out
    prices = store.prices("GARCH")
    bars = prices.bars.assign(adj_close=prices.bars["adj_close"] * 0.5)
    store.update(replace(prices, bars=bars), now=NOW)
    bars = bars.copy()
    bars.iloc[7, bars.columns.get_loc("volume")] = 5.0
    store.update(replace(prices, bars=bars), now=NOW + dt.timedelta(days=1))
    document = json.loads(fetched("--format", "json", "data", "diff", "GARCH").out)
    first, second = document["rows"]
    assert (first["field"], first["sessions"], first["factor"]) == ("adj_close", len(prices), 0.5)
    assert (second["field"], second["first"], second["new"]) == ("volume", str(prices.sessions[7]), 5)  # fmt: skip
    assert first["seen_at"] < second["seen_at"]
    assert len(document["changes"]) == len(prices) + 1


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_export_is_read_back_to_the_bit(fetched, store, tmp_path, suffix):
    """What is exported can be fetched as a file of one's own."""
    place = tmp_path / f"out.{suffix}"
    assert rows(fetched, "data", "export", "GARCH", "--out", place)[0]["path"] == str(place)
    assert fetched("fetch", "GARCH", "--path", place, "--replace").code == 0
    before = store.prices("GARCH")
    assert before.source == "csv"
    assert fetched("fetch", "GARCH", "--source", "synthetic", "--start", "2022-06-01", "--replace").code == 0  # fmt: skip
    assert store.prices("GARCH").digest() == before.digest()


def test_export_to_a_folder(fetched, tmp_path):
    """Several symbols go to files named like their models; to one file they cannot."""
    places = {row["path"] for row in rows(fetched, "data", "export", "--out", tmp_path / "out")}
    assert places == {str(tmp_path / "out" / f"m_{s}.csv") for s in ("GARCH", "RANDOM-WALK")}
    assert fetched("data", "export", "--out", tmp_path / "one.csv").code == 2
    ended = fetched("data", "export", "GARCH", "--out", tmp_path / "one.xlsx")
    assert ended.code == 2
    assert ".csv or .parquet" in ended.err


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_no_cell_of_an_export_is_a_formula(values):
    """Numbers are numbers, also below zero; no text begins like a formula."""
    bars = make_bars(pd.bdate_range("2024-01-01", periods=len(values)), close=values)
    text = export_bytes(Prices("A", bars), ".csv").decode()
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            if cell and cell[0] in "=+-@\t\r\0":
                float(cell)


def test_words_that_are_no_action(fetched):
    """The message names the action that was meant."""
    ended = fetched("data", "exprt", "GARCH")
    assert ended.code == 2
    assert "did you mean 'export'" in ended.err


def test_as_of_gives_the_forecast_of_that_evening(fetched, store):
    """A replay knows nothing that came later, not even in another process; its model says the same."""
    prices = store.prices("GARCH")
    day = str(prices.sessions[-40])
    line = ("train", "GARCH", *QUICK, "--as-of", day)
    told = f"what knows nothing after {day} is the model in use, until it is trained: lstmfin train"
    assert fetched("-q", *line).code == 0
    known = rows(fetched, "forecast", "GARCH", "--as-of", day)
    assert {row["origin"] for row in known} == {day}
    bars = prices.bars.copy()
    bars.iloc[-20:, :5] *= 1.5
    store.update(replace(prices, bars=bars), now=NOW + dt.timedelta(days=1))
    assert f"{told} GARCH" in fetched(*line).err
    assert rows(fetched, "forecast", "GARCH", "--as-of", day) == known
    now = rows(fetched, "forecast", "GARCH")
    assert {row["origin"] for row in now} == {str(prices.sessions[-1])}


def test_a_replay_with_a_model_that_knows_more_is_told(fetched, store):
    """A forecast of the past by a model of the present is no replay."""
    day = str(store.prices("GARCH").sessions[-40])
    assert fetched("-q", "train", "GARCH", *QUICK).code == 0
    ended = fetched("forecast", "GARCH", "--as-of", day)
    assert ended.code == 0
    network = "--hidden 4 --window 10 --horizon 3 --epochs 1"
    assert f"lstmfin train GARCH {network} --as-of {day}\n" in ended.err
    assert "was first fetched on" in ended.err


@pytest.mark.parametrize("command", ["forecast", "train", "backtest", "data show"])
def test_a_day_to_come_is_no_replay(fetched, command):
    """What it would show is today under another date."""
    ended = fetched(*command.split(), "GARCH", "--as-of", "2062-01-01")
    assert (ended.code, ended.err) == (2, "lstmfin: error: --as-of 2062-01-01 has not come yet\n")


def test_backtests_end_as_of_a_day(fetched, store):
    """No fold tests a session after it."""
    sessions = store.prices("GARCH").sessions
    day = str(sessions[-100])
    ended = fetched("backtest", "GARCH", "--as-of", day, "--train", "300")
    assert ended.code == 0, ended.err
    assert f"to {sessions[-102]}" in ended.out  # the last whose outcome is known the session after
    assert fetched("backtest", "GARCH", "--as-of", "1990-01-01").code == 65


def states(ended):
    return {row["check"]: row["state"] for row in json.loads(ended.out)["rows"]}


def test_the_doctor_finds_nothing(trained):
    """A sound workspace is good in every line, and nothing in it is changed."""
    ended = trained("--format", "json", "doctor")
    assert ended.code == 0
    assert set(states(ended).values()) == {"good"}


def test_the_doctor_of_an_empty_place(lstmfin, tmp_path):
    """There is nothing to be ill; it makes nothing either."""
    ended = lstmfin("--format", "json", "doctor")
    assert ended.code == 0
    assert states(ended)["folder"] == states(ended)["store"] == "odd"
    assert not (tmp_path / "w").exists()


def test_the_doctor_finds_what_is_ill(trained, tmp_path):
    """A damaged model, a damaged store, an open cache, a configuration that cannot be: each by name."""
    folder = tmp_path / "w"
    (model,) = (folder / "models" / "m_GARCH").glob("*/weights.npz")
    model.write_bytes(model.read_bytes()[:-10])
    (folder / "cache").mkdir(mode=0o755)
    (folder / "lstmfin.toml").write_text("symbols = 3")
    left = folder / "models" / ".tmp-left"
    left.write_text("")
    os.utime(left, (0, 0))
    ended = trained("--format", "json", "doctor")
    assert ended.code == 65
    found = states(ended)
    assert found["model of GARCH"] == found["cache"] == found["lstmfin.toml"] == "bad"
    assert found["leftovers"] == "odd"
    assert found["store"] == "good"
    content = bytearray((folder / "lstmfin.db").read_bytes())
    content[8192:] = b"\xaa" * (len(content) - 8192)
    (folder / "lstmfin.db").write_bytes(content)
    ended = trained("--format", "json", "doctor")
    assert states(ended)["store"] == "bad"


def test_the_doctor_reads_every_bar(trained, tmp_path):
    """A value that cannot be, put in behind the store's back, is found."""
    with sqlite3.connect(tmp_path / "w" / "lstmfin.db") as connection:
        connection.execute("UPDATE bars SET low = 9e9 WHERE session = '2023-01-03'")
    connection.close()
    ended = trained("--format", "json", "doctor")
    assert states(ended)["prices of GARCH"] == "bad"


def test_the_doctor_sees_a_clock_that_is_behind(trained, tmp_path):
    """A fetch of the future, and what is in quarantine, should be looked at."""
    with Store(tmp_path / "w" / "lstmfin.db") as store:
        store.hold_back("GARCH", "yahoo", [Doubt("unit", "2026-01-02", "x")], now=NOW)
    with sqlite3.connect(tmp_path / "w" / "lstmfin.db") as connection:
        connection.execute("UPDATE series SET fetched_at = '2099-01-01T00:00:00+00:00'")
    connection.close()
    found = states(trained("--format", "json", "doctor"))
    assert found["clock"] == found["quarantine"] == "odd"


def test_check_of_what_was_never_stored(lstmfin, tmp_path):
    """A first fetch that waits in quarantine is seen, though there are no prices."""
    with Store(tmp_path / "w" / "lstmfin.db") as store:
        store.hold_back("NEW", "yahoo", [Doubt("unit", "2026-01-02", "a hundredfold")], now=NOW)
    (row,) = rows(lstmfin, "data", "check")
    assert row["text"] == "never stored: a hundredfold"
    assert lstmfin("data", "list").code == 65


def test_a_file_size_limit_leaves_the_old_prices(fetched, process, tmp_path, store):
    """RLIMIT_FSIZE, as a full disk: exit 74, the store as it was, and the next fetch completes."""
    limit = (tmp_path / "w" / "lstmfin.db").stat().st_size
    words = ("-C", tmp_path / "w", "fetch", "AAPL", "--source", "sample")
    small = process(*words, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))  # fmt: skip
    _, said = small.communicate()
    assert small.returncode == 74
    assert said.startswith("lstmfin: error: cannot write ")
    assert store.symbols() == ("GARCH", "RANDOM-WALK")
    assert store.integrity() == []
    again = process(*words)
    again.communicate()
    assert again.returncode == 0
    assert "AAPL" in store
