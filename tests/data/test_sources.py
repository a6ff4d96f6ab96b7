"""The contract of every source that needs no network, walked over the registry."""

import csv
import datetime as dt
from dataclasses import replace

import pytest
from made_prices import build_prices

from lstmfin.data.prices import Prices, validate
from lstmfin.errors import UnknownSymbolError
from lstmfin.registry import SOURCES

OFFLINE = {"sample": "AAPL", "synthetic": "GARCH", "csv": "TEST"}
ON_THE_NETWORK = {"yahoo", "fred", "tiingo"}
"""They have suites of their own, with servers."""


def test_every_source_is_tested():
    """A new source joins this suite, or has one of its own; it says whether it is on the network."""
    assert set(SOURCES.names()) == {*OFFLINE, *ON_THE_NETWORK}
    for name in SOURCES.names():
        assert (SOURCES.get(name).canary is not None) == (name in ON_THE_NETWORK)


@pytest.fixture(params=sorted(OFFLINE))
def offer(request, options):
    """A source's name, a symbol that it has, and its options."""
    if request.param == "csv":
        path = options.cache.parent / "prices.csv"
        build_prices().bars.drop(columns="final").to_csv(path)
        options = replace(options, path=path)
    return request.param, OFFLINE[request.param], options


def fetch(offer, *, start=None, end=None):
    name, symbol, options = offer
    return SOURCES.get(name).fetch(symbol, start=start, end=end, options=options)


def test_returns_valid_prices(offer):
    """They say who and whence, are finished, and hold no future."""
    name, symbol, options = offer
    prices = fetch(offer)
    assert isinstance(prices, Prices)
    assert (prices.symbol, prices.source) == (symbol, name)
    assert len(prices) >= 200
    assert prices.label
    assert prices.bars["final"].all()
    validate(prices, today=options.now.date())


def test_the_same_twice(offer):
    """Two calls give the same bits."""
    assert fetch(offer).digest() == fetch(offer).digest()


def test_start_and_end_are_included(offer):
    """A range from one session to another holds both, and nothing outside."""
    whole = fetch(offer)
    start, end = whole.sessions[[50, 150]].tolist()
    part = fetch(offer, start=start, end=end)
    assert part.digest() == whole.between(start, end).digest()
    assert part.sessions[[0, -1]].tolist() == [start, end]
    assert len(part) == 101


def test_an_empty_range_is_an_error(offer):
    """No session in the range: the error says which sessions there are."""
    whole = fetch(offer)
    with pytest.raises(UnknownSymbolError, match=f"has them from {whole.sessions[0]} to"):
        fetch(offer, end=dt.date(1950, 1, 1))


def test_catalogue(offer):
    """Every listed symbol can be fetched, and no other."""
    name, _, options = offer
    source = SOURCES.get(name)
    if source.symbols() is None:
        return
    for symbol in source.symbols():
        prices = source.fetch(symbol, start=None, end=None, options=options)
        validate(prices, today=dt.date(2026, 11, 1))
        assert prices.symbol == symbol
    with pytest.raises(UnknownSymbolError, match=f"{name} has no symbol NOPE .*it has: "):
        source.fetch("NOPE", start=None, end=None, options=options)


def test_near_symbols_are_offered(options):
    """A slip of the fingers is met with the symbol that was meant."""
    with pytest.raises(UnknownSymbolError, match="did you mean 'AAPL'"):
        SOURCES.get("sample").fetch("APPL", start=None, end=None, options=options)


def test_csv_of_many_symbols(options, tmp_path):
    """Rows of the asked symbol are taken; another symbol is unknown, and those there are listed."""
    path = tmp_path / "many.csv"
    with path.open("w", newline="") as file:
        rows = [["Date", "Ticker", "Close"]]
        rows += [
            [f"2024-01-0{d}", s, d * k] for s, k in (("aaa", 1), ("BBB", 10)) for d in (2, 3, 4)
        ]
        csv.writer(file).writerows(rows)
    options = replace(options, path=path)
    got = SOURCES.get("csv").fetch("BBB", start=None, end=None, options=options)
    assert got.column("close").tolist() == [20, 30, 40]
    with pytest.raises(UnknownSymbolError, match="no symbol AAB; did you mean 'AAA'"):
        SOURCES.get("csv").fetch("AAB", start=None, end=None, options=options)
