"""Evenings with a source that fails: the real client and command line against the loopback server.

Every symbol has known sessions; on the second evening each meets its fault; on the third all is well.
"""

import datetime as dt
import json
import subprocess
import sys
import time
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from made_prices import build_prices
from yahoo_server import Yahoo, epoch

from lstmfin.data.prices import Prices
from lstmfin.data.store import Store

KNOWN, N = 150, 155
TODAY = dt.datetime.now(dt.UTC).date()
START = np.busday_offset(np.datetime64(TODAY), -N - 2, roll="backward")
WHOLE = build_prices(N, start=str(START), symbol="TEST")
PRICES = ["open", "high", "low", "close", "adj_close"]


def times(prices, factor, *, columns=PRICES, at=None, stop=None):
    bars = prices.bars.copy()
    bars.iloc[at:stop, [bars.columns.get_loc(name) for name in columns]] *= factor
    return replace(prices, bars=bars)


def edited(symbol, edit):
    """Return a fault that changes the answer of the server."""

    def fault(handler, query):
        status, body = handler.yahoo.answer(symbol, query)
        chart = json.loads(body)
        if "period1" in query:
            edit(chart["chart"]["result"][0])
        return status, json.dumps(chart)

    return fault


def stall(handler, query):
    """Send half of the answer and fall silent."""
    _, body = handler.yahoo.answer("STALL", query)
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2].encode())
    time.sleep(3)
    raise OSError


def hang_up(handler, query):
    handler.connection.close()
    raise OSError


def once(symbol, status, n):
    """Fail the first n requests, answer the others."""
    left = iter(range(n))

    def fault(handler, query):
        return (status, "Too Many Requests") if next(left, None) is not None else handler.yahoo.answer(symbol, query)  # fmt: skip

    return fault


def double_the_last(result):
    """The live row beside the row of the day, as Yahoo sends it after the close."""
    stamp = result["timestamp"][-1] + 6 * 3600
    result["timestamp"].append(stamp)
    for block in (result["indicators"]["quote"][0], result["indicators"]["adjclose"][0]):
        for values in block.values():
            values.append(values[-1])


def announce(result):
    """A split of tomorrow among the events."""
    stamp = epoch(TODAY + dt.timedelta(days=1))
    split = {"date": stamp, "numerator": 4.0, "denominator": 1.0, "splitRatio": "4:1"}
    result.setdefault("events", {})["splits"] = {str(stamp): split}


def forget_the_middle(result):
    """Fewer rows than yesterday."""
    for values in (
        result["timestamp"],
        *result["indicators"]["quote"][0].values(),
        *result["indicators"]["adjclose"][0].values(),
    ):
        del values[20:30]


class Evening(NamedTuple):
    """The fault of an evening, the words it brings, and what the store holds after it."""

    fault: object
    words: str
    after: Prices | None = None


UNCHANGED = WHOLE.slice(KNOWN)
REBASED = times(WHOLE, 0.98444, columns=["adj_close"], stop=KNOWN + 2)
NO_PRICES = "something that is not prices"
EVENINGS = {
    "WELL": Evening(None, "", WHOLE),
    "ONCE": Evening(once("ONCE", 429, 2), "limits the rate of requests; try again later; going on in", WHOLE),
    "WAVES": Evening(once("WAVES", 429, 5), "", WHOLE),
    "FLAKY": Evening(once("FLAKY", 500, 3), "", WHOLE),
    "E401": Evening((401, '{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}'), NO_PRICES),
    "E404": Evening((404, '{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found, symbol may be delisted"}}}'), "no prices for E404"),
    "E500": Evening((500, "<html>Internal Server Error</html>"), NO_PRICES),
    "HTML": Evening((200, "<html>Will be right back</html>"), NO_PRICES),
    "CUT": Evening((200, '{"chart":{"result":[{"meta":{"currency":"USD","sy'), NO_PRICES),
    "NONE": Evening((200, '{"chart":{"result":[],"error":null}}'), ""),
    "STALL": Evening(stall, "cannot be reached for STALL: no answer within 1 s"),
    "HANG": Evening(hang_up, "cannot be reached for HANG"),
    "ECHO": Evening("echo", "was asked for ECHO and answered with ELSE"),
    "NULL": Evening("null", "left out 1 sessions without a close", WHOLE.slice(N - 1)),
    "TWICE": Evening(edited("TWICE", double_the_last), "", WHOLE),
    "FEWER": Evening(edited("FEWER", forget_the_middle), "no longer has 10 stored sessions"),
    "HUNDRED": Evening(times(WHOLE, 100, at=N - 1), "times that of the session before"),
    "PENCE": Evening(times(WHOLE, 100, at=KNOWN), "is it in another unit?"),
    "RATIO": Evening(times(WHOLE, 0.25, at=N - 1), "no split in the adjusted prices explains"),
    "SPLIT": Evening(edited("SPLIT", announce), "", WHOLE),
    "REBASE": Evening(REBASED, "", REBASED),
}  # fmt: skip


@pytest.fixture(scope="module")
def yahoo(tmp_path_factory):
    with Yahoo(tmp_path_factory.mktemp("yahoo")) as server:
        server.series["AAPL"] = WHOLE
        yield server


def lstmfin(yahoo, folder, *words, **changes):
    done = subprocess.run(
        [sys.executable, "-m", "lstmfin", "-C", str(folder), "--format", "json", *words],
        env=yahoo.process(folder) | changes,
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    for word in ("Warning:", "delisted", "Traceback"):
        assert word not in done.stderr
    return done


def stored(folder, symbol):
    with Store(folder / "lstmfin.db") as store:
        return store.prices(symbol)


def serve(yahoo, *, sick):
    """Give every symbol all sessions and, if it is the evening of the faults, its fault."""
    yahoo.faults.clear(), yahoo.echo.clear(), yahoo.null.clear()
    for symbol, evening in EVENINGS.items():
        yahoo.series[symbol] = WHOLE
        if not sick:
            yahoo.series[symbol] = REBASED if symbol == "REBASE" else WHOLE
        elif evening.fault == "echo":
            yahoo.echo[symbol] = "ELSE"
        elif evening.fault == "null":
            yahoo.null[symbol] = [str(WHOLE.sessions[-1])]
        elif isinstance(evening.fault, Prices):
            yahoo.series[symbol] = evening.fault
        elif evening.fault is not None:
            yahoo.faults[symbol] = evening.fault


@pytest.fixture(scope="module")
def known(yahoo, tmp_path_factory):
    """A workspace in which every symbol has its known sessions."""
    folder = tmp_path_factory.mktemp("known")
    yahoo.faults.clear()
    yahoo.series.update(dict.fromkeys(EVENINGS, UNCHANGED))
    done = lstmfin(yahoo, folder, "fetch", *EVENINGS, "--source", "yahoo")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def evenings(yahoo, known, tmp_path_factory):
    """The evening of the faults, and the one after; what was said and what is stored."""
    folder = known
    serve(yahoo, sick=True)
    bad = lstmfin(yahoo, folder, "fetch", *EVENINGS, "--timeout", "1", "--patience", "1")
    after_bad = {symbol: stored(folder, symbol) for symbol in EVENINGS}
    checked = lstmfin(yahoo, folder, "data", "check")
    serve(yahoo, sick=False)
    good = lstmfin(yahoo, folder, "fetch", *EVENINGS)
    after_good = {symbol: stored(folder, symbol) for symbol in EVENINGS}
    return bad, after_bad, checked, good, after_good, folder


def test_the_run_goes_on_and_says_so(evenings):
    """Exit code 3: finished, but some symbols failed; those that did not are in the result."""
    bad, *_ = evenings
    assert bad.returncode == 3, bad.stderr
    whole = {symbol for symbol, evening in EVENINGS.items() if evening.after is not None}
    assert {row["symbol"] for row in json.loads(bad.stdout)["rows"]} == whole
    for symbol in EVENINGS.keys() - whole:
        assert f"lstmfin: {symbol} failed: " in bad.stderr


@pytest.mark.parametrize("symbol", EVENINGS)
def test_old_or_new_and_never_between(evenings, symbol):
    """After a fault the stored series is what it was, or all of what was sent; and why is said."""
    bad, after_bad, *_ = evenings
    expected = EVENINGS[symbol].after or UNCHANGED
    assert after_bad[symbol].digest() == expected.digest()
    assert after_bad[symbol].actions.empty
    lines = [line for line in bad.stderr.splitlines() if EVENINGS[symbol].words in line]
    assert lines


@pytest.mark.parametrize("symbol", EVENINGS)
def test_the_next_good_evening_catches_up(evenings, symbol):
    """By itself, to the bit; nothing waits in quarantine any more."""
    *_, good, after_good, _ = evenings
    assert good.returncode == 0, good.stderr
    expected = REBASED if symbol == "REBASE" else WHOLE
    assert after_good[symbol].digest() == expected.digest()


def test_what_was_held_back_is_told(evenings):
    """``data check`` names each symbol in quarantine, its gate and since when; later it is empty."""
    _, _, checked, _, _, folder = evenings
    found = {row["symbol"]: row for row in json.loads(checked.stdout)["rows"] if row["finding"] == "quarantine"}  # fmt: skip
    assert found.keys() == {"FEWER", "HUNDRED", "PENCE", "RATIO"}
    assert "held back since" in found["HUNDRED"]["text"]
    with Store(folder / "lstmfin.db") as store:
        assert store.held_back() == []


def test_a_rebase_is_told_by_diff(evenings, yahoo):
    """One line: when, which column, how many sessions, by what factor."""
    *_, folder = evenings
    done = lstmfin(yahoo, folder, "data", "diff", "REBASE", "WELL")
    (row,) = json.loads(done.stdout)["rows"]
    assert (row["symbol"], row["field"], row["sessions"]) == ("REBASE", "adj_close", KNOWN)
    assert row["factor"] == pytest.approx(0.98444)
    assert len(json.loads(done.stdout)["changes"]) == KNOWN


def test_a_limit_that_stays_ends_the_run_with_75(evenings, yahoo):
    """What came before it is stored, what comes after is not asked for."""
    *_, folder = evenings
    yahoo.faults["E404"] = (429, "Too Many Requests")
    yahoo.requests.clear()
    done = lstmfin(yahoo, folder, "fetch", "WELL", "E404", "HTML", "--patience", "0.2")
    yahoo.faults.clear()
    assert done.returncode == 75
    assert [row["symbol"] for row in json.loads(done.stdout)["rows"]] == ["WELL"]
    assert "given up" in done.stderr
    assert not yahoo.charts("HTML")


def test_an_outage_ends_the_run_with_69(evenings, yahoo):
    """The canary is dead, too: no word of any symbol, and no further request."""
    *_, folder = evenings
    yahoo.requests.clear()
    fault = (404, '{"chart":{"result":null,"error":{"code":"Not Found","description":"x"}}}')
    yahoo.faults.update(dict.fromkeys(("AAPL", "WELL", "HTML"), fault))
    done = lstmfin(yahoo, folder, "fetch", "WELL", "HTML")
    yahoo.faults.clear()
    assert done.returncode == 69
    assert "as AAPL is always alive, the source is out of order" in done.stderr
    assert not yahoo.charts("HTML")


def test_nobody_listens(evenings, yahoo):
    """A refused connection is an outage; the store stands."""
    *_, folder = evenings
    before = (folder / "lstmfin.db").read_bytes()
    done = lstmfin(yahoo, folder, "fetch", "WELL", "HTML", HTTPS_PROXY="http://127.0.0.1:1")
    assert done.returncode == 69
    assert "out of order" in done.stderr
    assert (folder / "lstmfin.db").read_bytes() == before


def test_accept_takes_what_is_held_back(evenings, yahoo):
    """The person who looks may overrule a gate; it does not close again for the same bar."""
    *_, folder = evenings
    yahoo.series["WELL"] = times(WHOLE, 3, at=N - 1)
    assert lstmfin(yahoo, folder, "fetch", "WELL").returncode == 65
    assert stored(folder, "WELL").digest() == WHOLE.digest()
    assert lstmfin(yahoo, folder, "fetch", "WELL", "--accept").returncode == 0
    assert stored(folder, "WELL").digest() == yahoo.series["WELL"].digest()
    assert lstmfin(yahoo, folder, "fetch", "WELL").returncode == 0
