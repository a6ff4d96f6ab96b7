"""One whitelist for symbols."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.data.symbols import is_ticker, near_symbol, parse_symbol
from lstmfin.errors import UsageError

ALLOWED = set(string.ascii_uppercase + string.digits + ".&=^_-")


@pytest.mark.parametrize(
    "text",
    [
        "^GSPC",
        "BRK-B",
        "EURUSD=X",
        "ES=F",
        "M&M.NS",
        "DX-Y.NYB",
        "000001.SS",
        "RDS.A",
        "BTC-USD",
        "CON.DE",
        "A",
        "A" * 32,
    ],
)
def test_symbols_of_exchanges_pass(text):
    """Every kind of symbol that exchanges use is accepted as it is."""
    assert parse_symbol(text) == text


def test_upper_case():
    """Symbols are upper-cased."""
    assert parse_symbol("eurusd=x") == "EURUSD=X"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "../x",
        "A/B",
        "A B",
        "A#x",
        "A?b=c",
        "A\n",
        "A\x1b[31m",
        "\u202eLPAA",
        "A..B",
        ".A",
        "-A",
        "A" * 33,
        "A" * 300,
        "Straße",
        "ıbm",
        "A%2F",
        "A\\B",
        "A\x00",
        "AAPL,MSFT",
        "'A'",
    ],
)
def test_what_is_no_symbol_is_refused_in_one_printable_line(text):
    """A refusal quotes the text so that it cannot forge a line or colour the terminal."""
    with pytest.raises(UsageError) as caught:
        parse_symbol(text)
    assert str(caught.value).isprintable()
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 300


@given(
    st.one_of(
        st.text(max_size=40), st.text(alphabet=sorted(ALLOWED | set("/ a\n<>()")), max_size=34)
    )
)
def test_whatever_passes_is_harmless_and_stays_itself(text):
    """What passes has allowed characters only, no two dots in a row, and parses to itself."""
    try:
        symbol = parse_symbol(text)
    except UsageError:
        return
    assert ".." not in symbol
    assert 1 <= len(symbol) <= 32
    assert parse_symbol(symbol) == symbol
    if is_ticker(symbol):
        assert set(symbol) <= ALLOWED
        assert symbol[0].isalnum() or symbol[0] == "^"
        assert symbol == text.upper()
    else:
        assert set(symbol.upper()) <= ALLOWED | set("<>()/")
        assert symbol[0] not in ".-/"
        assert symbol.count("/") == symbol.count("</")
        assert symbol == text


@pytest.mark.parametrize("text", ["=cmd()", "<script>alert(1)</script>", "(a)", "Fund(x)"])
def test_names_of_files_stay_as_they_are(text):
    """Also their small letters; no exchange is asked for one."""
    assert parse_symbol(text) == text
    assert not is_ticker(text)


@pytest.mark.parametrize(
    "text", ["=a/b", "a)$(b", "a;b()", "a|b()", "=a,b", "(a b)", "=`a`", "-(a)"]
)
def test_what_leaves_its_place_is_in_no_name(text):
    """Paths, what a shell expands, and what parts a list."""
    with pytest.raises(UsageError, match="is not a symbol"):
        parse_symbol(text)


def test_near_symbol():
    """A near symbol is offered, a far one is not."""
    assert near_symbol("APPL", ["AAPL", "MSFT"]) == "; did you mean 'AAPL'?"
    assert near_symbol("ZZZZ", ["AAPL", "MSFT"]) == ""
