"""FRED and Tiingo, asked by the real code over a real connection on the loopback."""

import datetime as dt
import json
import logging
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_prices import build_prices
from web_server import Web

from lstmfin.data import http
from lstmfin.data.prices import Prices
from lstmfin.data.sources import fred, tiingo
from lstmfin.errors import (
    ConfigError,
    DataError,
    LstmfinError,
    SourceError,
    TryLaterError,
    UnknownSymbolError,
)
from lstmfin.redaction import RedactingFormatter, redact

KEY = "k0123456789abcdef"
FRED_BODY = b"observation_date,SP500\n2024-01-02,4742.83\n2024-01-03,4704.81\n2024-01-04,\n2024-01-05,.\n2024-01-08,4763.54\n"


@pytest.fixture
def web(monkeypatch):
    monkeypatch.setenv("TIINGO_API_KEY", KEY)
    with Web() as server:
        monkeypatch.setattr(fred, "ADDRESS", f"{server.address}/graph/fredgraph.csv")
        monkeypatch.setattr(tiingo, "ADDRESS", f"{server.address}/tiingo/daily")
        yield server


SOURCES = {"fred": (fred.SOURCE, "SP500"), "tiingo": (tiingo.SOURCE, "AAPL")}
each = pytest.mark.parametrize("name", SOURCES)


def fetch(name, options, *, start=None, end=None):
    source, symbol = SOURCES[name]
    return source.fetch(symbol, start=start, end=end, options=options)


def tiingo_rows(prices):
    rows = []
    for session, bar in zip(prices.sessions, prices.bars.to_dict("records"), strict=True):
        row = {name: bar[ours] for ours, name in tiingo.COLUMNS.items()}
        rows.append({"date": f"{session}T00:00:00.000Z", **row, "divCash": 0.0, "splitFactor": 1.0})
    return rows


def good(name):
    rows = tiingo_rows(build_prices(30))
    return {"fred": FRED_BODY, "tiingo": json.dumps(rows).encode()}[name]


def test_fred_is_read(web, options):
    """Days with a value; holidays have none. The range goes along."""
    web.answer = (200, FRED_BODY)
    prices = fetch("fred", options, start=dt.date(2024, 1, 2), end=dt.date(2024, 1, 31))
    assert prices.sessions.astype(str).tolist() == ["2024-01-02", "2024-01-03", "2024-01-08"]
    assert prices.column("close").tolist() == [4742.83, 4704.81, 4763.54]
    assert (prices.source, prices.timezone) == ("fred", "America/New_York")
    ((path, query, _),) = web.requests
    assert path == "/graph/fredgraph.csv"
    assert query == {"id": "SP500", "cosd": "2024-01-02", "coed": "2024-01-31"}


def test_tiingo_is_read(web, options):
    """Raw and adjusted prices to the bit, dividends and splits, and the key in a header alone."""
    made = build_prices(30)
    rows = tiingo_rows(made)
    rows[10]["divCash"], rows[20]["splitFactor"] = 0.24, 4.0
    web.answer = (200, json.dumps(rows).encode())
    prices = fetch("tiingo", options, start=dt.date(2020, 1, 1))
    assert prices.digest() == made.digest()
    assert [tuple(row)[1:] for row in prices.actions.itertuples(index=False)] == [
        ("dividend", 0.24),
        ("split", 4.0),
    ]
    ((path, query, headers),) = web.requests
    assert path == "/tiingo/daily/aapl/prices"
    assert query == {"startDate": "2020-01-01", "format": "json"}
    assert headers["Authorization"] == f"Token {KEY}"
    assert KEY not in path + str(query)


def test_the_session_of_today_is_not_over(web, options):
    """On its own day in New York a bar is marked, on the next it is final."""
    made = build_prices(30)
    web.answer = (200, json.dumps(tiingo_rows(made)).encode())
    zone = dt.timezone(dt.timedelta(hours=-5))
    evening = dt.datetime.combine(made.sessions[-1].item(), dt.time(21), zone)
    assert not fetch("tiingo", replace(options, now=evening)).bars["final"].iloc[-1]
    later = evening + dt.timedelta(hours=12)
    assert fetch("tiingo", replace(options, now=later)).bars["final"].all()


FAULTS = [
    ((404, b'{"detail":"Not found."}'), UnknownSymbolError, "has no prices for"),
    ((429, b"slow down"), TryLaterError, "limits the rate"),
    ((500, b"<html>oops</html>"), SourceError, "HTTP status 500"),
    ((302, b""), SourceError, "HTTP status 302"),
    ((200, b"<html>Are you human?</html>"), SourceError, "something that is not prices"),
    ((200, b"\xff\xfe\x00"), SourceError, "something that is not prices"),
    ((200, b""), SourceError, "something that is not prices"),
]


@each
@pytest.mark.parametrize(("answer", "kind", "words"), FAULTS)
def test_every_fault_has_its_error(web, options, name, answer, kind, words):
    """One sentence, without address or key."""
    web.answer = answer
    web.location = "http://127.0.0.1:1/elsewhere"
    with pytest.raises(kind, match=words) as caught:
        fetch(name, options)
    assert type(caught.value) is kind
    assert KEY not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
    assert caught.value.__cause__ is None or KEY not in str(caught.value.__cause__)
    assert len(web.requests) == 1  # a redirect is not followed


@each
def test_no_rows(web, options, name):
    """An answer without a day is no prices in that range."""
    web.answer = (200, {"fred": b"observation_date,SP500\n", "tiingo": b"[]"}[name])
    with pytest.raises(UnknownSymbolError, match="in the asked range"):
        fetch(name, options)


def test_tiingo_limits_with_status_200(web, options):
    """The hourly allocation is told in the body."""
    web.answer = (200, b'{"detail":"Error: You have run over your hourly request allocation."}')
    with pytest.raises(TryLaterError):
        fetch("tiingo", options)


def test_fred_answers_for_another(web, options):
    """The name in the header must be the one that was asked for."""
    web.answer = (200, FRED_BODY.replace(b"SP500", b"DJIA"))
    with pytest.raises(SourceError, match="asked for SP500 and answered with 'DJIA'"):
        fetch("fred", options)


@each
def test_a_server_that_drips_is_left(web, options, name):
    """The limit is on the whole answer, not on each byte."""
    web.answer, web.drip = (200, good(name)), True
    begin = time.monotonic()
    with pytest.raises(SourceError, match=r"no answer within 0\.5 s"):
        fetch(name, replace(options, timeout=0.5))
    assert time.monotonic() - begin < 3


@each
def test_an_answer_that_breaks_off_is_none(web, options, name):
    """Half of the rows are not all of them."""
    web.answer, web.cut = (200, good(name)), True
    with pytest.raises(SourceError, match="broken off"):
        fetch(name, options)


@each
def test_an_endless_answer_is_left(web, options, name, monkeypatch):
    """What is longer than prices can be is not kept in memory."""
    monkeypatch.setattr(http, "MAX_BYTES", 100_000)
    web.answer = (200, b"1," * 100_000)
    with pytest.raises(SourceError, match="far longer than prices are"):
        fetch(name, options)


@each
def test_an_answer_of_brackets_alone(web, options, name):
    """What no parser can follow is not prices."""
    web.answer = (200, 100_000 * b"[")
    with pytest.raises(SourceError, match="not prices"):
        fetch(name, options)


@each
def test_nobody_listens(web, options, name, monkeypatch):
    """A refused connection is an outage."""
    monkeypatch.setattr(SOURCES[name][0].__module__ + ".ADDRESS", "http://127.0.0.1:1/x")
    with pytest.raises(SourceError, match=r"cannot be reached for .*refused"):
        fetch(name, options)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused(web, options, status):
    """It is configuration, and the key is not in the message."""
    web.answer = (status, b"")
    with pytest.raises(ConfigError, match=f"refuses your key .*{status}") as caught:
        fetch("tiingo", options)
    assert KEY not in str(caught.value)
    with pytest.raises(SourceError, match=f"HTTP status {status}"):
        fetch("fred", options)


@pytest.mark.parametrize("key", ["", "  ", "a b", "k\r\nHost: evil", "ключ"])
def test_a_key_that_is_none(web, options, monkeypatch, key):
    """The message names the variable; nothing is asked."""
    monkeypatch.setenv("TIINGO_API_KEY", key)
    with pytest.raises(ConfigError, match="TIINGO_API_KEY"):
        fetch("tiingo", options)
    assert web.requests == []


@pytest.mark.parametrize("address", ["http://example.com", "ftp://127.0.0.1", "file:///etc/passwd"])
def test_only_https(address):
    """Anything else is refused before a packet leaves, but for a server on this machine."""
    with pytest.raises(ConfigError, match="https"):
        http.get(address, source="S", symbol="A", query={}, timeout=1)


def test_no_secret_is_printed(monkeypatch):
    """Values of variables that look like secrets are blanked wherever lstmfin writes."""
    monkeypatch.setenv("TIINGO_API_KEY", KEY)
    monkeypatch.setenv("SHORT_TOKEN", "abc")
    assert redact(f"x {KEY} y abc") == "x [TIINGO_API_KEY] y abc"
    record = logging.LogRecord(
        "n", 30, "f", 1, "key %s\nlstmfin: ERROR: forged\x1b[2J", (KEY,), None
    )
    line = RedactingFormatter("%(levelname)s %(message)s").format(record)
    assert KEY not in line
    assert "\n" not in line
    assert "\x1b" not in line


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["date", "divCash", "splitFactor", *tiingo.COLUMNS.values()]), inner
        )
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_body_brings_anything_but_prices_or_a_sentence(body):
    """Whatever a malicious server sends."""
    for parse in (
        lambda: fred._parse(body, "SP500"),
        lambda: tiingo._to_prices(
            "AAPL", tiingo._parse(body, "AAPL") or [{}], dt.datetime.now(dt.UTC)
        ),
    ):
        try:
            got = parse()
        except LstmfinError as error:
            assert "\n" not in str(error)  # noqa: PT017 - it may be read as well
        else:
            assert isinstance(got, Prices | tuple)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.fixed_dictionaries({"date": st.sampled_from(["2024-01-02", "2024-01-03", "x"]),
    **dict.fromkeys([*tiingo.COLUMNS.values(), "divCash", "splitFactor"], st.floats())}), min_size=1))  # fmt: skip
def test_rows_of_the_right_shape_are_judged(rows):
    """Numbers that cannot be prices are refused as data, never stored or raised as anything else."""
    try:
        prices = tiingo._to_prices("AAPL", rows, dt.datetime.now(dt.UTC))
    except (SourceError, DataError):
        return
    assert np.isfinite(prices.column("close")).all()
