"""Files of the user's own: read as they are, or refused by line and column."""

import datetime as dt
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_prices import NOW, build_prices

from lstmfin.data import parquet, tables
from lstmfin.data.source import SourceOptions
from lstmfin.errors import DataError, LstmfinError, UsageError
from lstmfin.registry import SOURCES


@pytest.fixture
def load(options, tmp_path):
    """Read a text, bytes or a path as the csv source does."""

    def read(content, *, name="p.csv"):
        path = tmp_path / name
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        elif content is not None:
            path.write_bytes(content)
        chosen = replace(options, path=path)
        return SOURCES.get("csv").fetch("TEST", start=None, end=None, options=chosen)

    return read


@pytest.mark.parametrize(
    "header",
    [
        "Date,Open,High,Low,Close,Adj Close,Volume",
        "date,open,high,low,close,adj_close,volume",
        "Datetime,OPEN,HIGH,LOW,CLOSE,adjclose,Vol.",
        "timestamp,o,h,l,c,Adjusted Close,v",
        "Time,Open,High,Low,Close/Last,Adjusted,VOLUME",
        "session,open,high,low,Price,adjusted_close,vol",
        "\ufeffDate, Open, High, Low, Last, Adj. Close, Volume",
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_common_spellings(load, header, delimiter):
    """Columns are known by any common name, parted by comma, semicolon or tab."""
    text = f"{header}\n2024-01-02,1,3,0.5,2,1.5,100\n2024-01-03,2,4,1,3,2.5,200\n"
    prices = load(text.replace(",", delimiter))
    assert prices.sessions.astype(str).tolist() == ["2024-01-02", "2024-01-03"]
    assert prices.bars.iloc[1, :6].tolist() == [2, 4, 1, 3, 2.5, 200]


def test_close_alone_is_enough(load):
    """Without other columns there is no range and no volume, and adjusted is raw."""
    prices = load("Date,Close,Comment\n2024-01-02,1,x\n\n2024-01-03,-2,y\n")
    assert prices.column("adj_close").tolist() == [1, -2]
    assert (prices.has_range, prices.has_volume) == (False, False)


def test_exports_of_an_exchange(load):
    """Dollar signs, thousands, American dates and the newest row first are understood."""
    prices = load(
        "Date,Close/Last,Volume,Open,High,Low\n"
        '01/16/2024,$183.63,"65,603,040",$182.16,$184.26,$180.934\n'
        '01/12/2024,"$1,185.92",40477780,$186.06,"$1,186.74",$185.19\n'
    )
    assert prices.sessions.astype(str).tolist() == ["2024-01-12", "2024-01-16"]
    assert prices.column("close").tolist() == [1185.92, 183.63]
    assert prices.column("volume").tolist() == [40477780, 65603040]


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (["2024-01-02 00:00:00-05:00", "2024-01-03T09:30:00"], "2024-01-02"),
        (["20240102", "20240103"], "2024-01-02"),
        (["2024/01/02", "2024/01/03"], "2024-01-02"),
        (["31.01.2024", "01.02.2024"], "2024-01-31"),
        (["1/2/2024", "1/13/2024"], "2024-01-02"),
    ],
)
def test_dates_that_can_be_read_in_one_way(load, dates, first):
    """ISO dates and times, or an order that the whole column settles."""
    text = "Date,Close\n" + "".join(f"{date},1\n" for date in dates)
    assert str(load(text).sessions[0]) == first


HEAD = "Date,Open,High,Low,Close,Volume\n2024-01-02,1,3,0.5,2,100\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "p.csv is empty"),
        ("\n\n", "p.csv is empty"),
        ("Date,Close\n", "has a header and no rows"),
        ("2024-01-02,5\n2024-01-03,6\n", r"line 1 holds values \(2024-01-02, 5\)"),
        (
            "Date,Open,High\n2024-01-02,1,2\n",
            r"no close column \(close, closelast, last, price, c\); it has: Date, Open",
        ),
        (
            "When,Close\n2024-01-02,1\n",
            r"no date column \(session, date, .*time\); it has: When, Close",
        ),
        ("Date,Close,close\n2024-01-02,1,2\n", "two columns are called 'Close'"),
        (HEAD + "2024-01-03,1,3,0.5,abc,1\n", "line 3, column 'Close': 'abc' is not a finite"),
        (HEAD + "2024-01-03,1,3,0.5,,1\n", "line 3, column 'Close': there is no value"),
        (HEAD + "2024-01-03,1,3,0.5,NaN,1\n", "line 3, column 'Close': there is no value"),
        (HEAD + "2024-01-03,1,3,0.5,inf,1\n", "line 3, column 'Close': 'inf' is not a finite"),
        (HEAD + "2024-01-03,1,3,0.5,1e999,1\n", "line 3, column 'Close': '1e999' is not a finite"),
        (HEAD + "2024-01-03,,3,0.5,2,1\n", "line 3, column 'Open': there is no value"),
        (HEAD + "2024-01-03,1,1.5,0.5,2,1\n", "line 3, column 'High': high 1.5 is below"),
        (HEAD + "2024-01-03,1,3,0.5,2,-1\n", "line 3, column 'Volume': volume -1 is not"),
        (HEAD + "2024-01-03,1,3,0.5,2\n", "line 3: 5 cells, but 6 columns"),
        (HEAD + "2024-01-03,1,3,0.5,2,1,1\n", "line 3: 7 cells, but 6 columns"),
        (HEAD + "2024-01-02,1,3,0.5,2,1\n", "line 3, column 'Date': 2024-01-02 is there twice"),
        (HEAD + "yesterday,1,3,0.5,2,1\n", "line 3, column 'Date': 'yesterday' is not a date"),
        (HEAD + "2024-02-30,1,3,0.5,2,1\n", "line 3, column 'Date': '2024-02-30' is not a date"),
        (HEAD + "2090-01-01,1,3,0.5,2,1\n", "line 3, column 'Date': session is in the future"),
        (HEAD + "1704240000,1,3,0.5,2,1\n", "line 3, column 'Date': '1704240000' is not a date"),
        ("Date,Close\n1899-12-29,1\n", "line 2, column 'Date': session is before 1900"),
        ("Date,Close\n01/02/2024,1\n03/02/2024,1\n", "line 2, .*may be day or month first"),
        ("Date,Close\n13/01/2024,1\n01/14/2024,1\n", "line 2, .*may be day or month first"),
        ("Date;Close\n2024-01-02;1,5\n", "'1,5' is not a finite number, with a point"),
        ("Date;Close\n2024-01-02;1,500\n", "'1,500' is not a finite number, with a point"),
        (
            "Date,Close\n2024-01-05,1\n\n2024-01-03,1\n2024-01-04,1\n",
            "line 4, column 'Date': 2024-01-03 comes after the row of 2024-01-05",
        ),
        (
            "Date,Close\n2024-01-05,1\n2024-01-04,x\n2024-01-03,1\n",
            "line 3, column 'Close': 'x' is not",
        ),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "is not a CSV file"),
        (b"Date,Close\n2024-01-02,1\0\n", "is not a CSV file"),
        ('Date,Close\n2024-01-02,"1\n', "is not a CSV file"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_column(load, text, words):
    """Nothing is guessed, skipped or repaired."""
    with pytest.raises(DataError, match=words):
        load(text)


def test_faults_in_a_reversed_file_keep_their_line(load):
    """A file from newest to oldest is turned round; its errors still name the line of the file."""
    text = "Date,Open,High,Low,Close\n2024-01-05,1,2,1,1\n2024-01-04,1,2,1,1\n2024-01-03,1,2,1,9\n"
    with pytest.raises(DataError, match="line 4, column 'High': high 2 is below"):
        load(text)


def test_files_that_are_none(load, options, tmp_path):
    """A missing file, a folder and a missing --path are told apart."""
    with pytest.raises(DataError, match="there is no file"):
        load(None, name="absent.csv")
    with pytest.raises(DataError, match="is a folder"):
        load(None, name=".")
    with pytest.raises(UsageError, match="needs --path"):
        SOURCES.get("csv").fetch("TEST", start=None, end=None, options=options)


def test_a_close_that_is_nowhere_is_refused(load):
    """A column of it that is empty throughout is not one that may be left out."""
    with pytest.raises(DataError, match="line 2"):
        load("Date,Close\n2024-01-02,\n2024-01-03,\n")


def test_empty_volumes_are_not_known(load):
    """A single volume may be missing; a column without any value counts as absent."""
    text = "Date,Open,High,Low,Close,Volume\n2024-01-02,,,,1,5\n2024-01-03,,,,1,\n"
    prices = load(text)
    assert not prices.has_range
    np.testing.assert_array_equal(prices.column("volume"), [5, np.nan])


@pytest.mark.parametrize("index", ["Date", None, False])
def test_parquet_is_read_like_csv(load, tmp_path, index):
    """The same prices come out, be the dates the index, named or not, or a column."""
    made = build_prices(50)
    bars = made.bars.drop(columns="final").rename(columns={"adj_close": "Adj Close"})
    bars.index.name = index or "Date" if index is not None else None
    (bars.reset_index() if index is False else bars).to_parquet(tmp_path / "p.parquet")
    assert load(None, name="p.parquet").digest() == made.digest()


def test_parquet_errors_name_the_row(load, tmp_path):
    """A NaN in a Parquet file is refused by its row."""
    frame = pd.DataFrame({"date": [dt.date(2024, 1, 2), dt.date(2024, 1, 3)], "close": [1, np.nan]})
    frame.to_parquet(tmp_path / "p.parquet")
    with pytest.raises(DataError, match="row 3, column 'close': there is no value"):
        load(None, name="p.parquet")
    with pytest.raises(DataError, match="is not a Parquet file"):
        load(b"no parquet", name="q.parquet")


def test_parquet_of_any_script_under_any_locale(load, tmp_path, monkeypatch):
    """What a terminal can show has no part in how a file is read."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("PYTHONUTF8", "0")
    frame = pd.DataFrame({"date": ["2024-01-02"], "close": [1.0], "Börse": ["上海"]})
    frame.to_parquet(tmp_path / "p.parquet")
    assert len(load(None, name="p.parquet")) == 1


def test_parquet_of_too_much_text(load, tmp_path, monkeypatch):
    """It is not written out to the end."""
    short = Path(parquet.__file__).read_text().replace("MAX_TEXT = 200_000_000", "MAX_TEXT = 2000")
    (tmp_path / "script.py").write_text(short)
    monkeypatch.setattr(parquet, "__file__", str(tmp_path / "script.py"))
    build_prices(50).bars.rename_axis("Date").to_parquet(tmp_path / "p.parquet")
    with pytest.raises(DataError, match="it is more than 0 MB of text; export less of it"):
        load(None, name="p.parquet")


def test_parquet_without_pyarrow(load, monkeypatch):
    """The error says what to install."""
    monkeypatch.setattr(tables, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'lstmfin\[parquet\]'"):
        load(b"", name="p.parquet")


def test_files_that_are_too_large(load, monkeypatch, tmp_path):
    """A file, or the rows that a small file stands for, must fit what daily prices can be."""
    monkeypatch.setattr(tables, "MAX_BYTES", 20)
    with pytest.raises(DataError, match="is larger than"):
        load("Date,Close\n2024-01-02,1\n")
    monkeypatch.undo()
    monkeypatch.setattr(tables, "MAX_ROWS", 9)
    frame = pd.DataFrame({"date": pd.bdate_range("2024-01-01", periods=10), "close": 1.0})
    frame.to_parquet(tmp_path / "p.parquet")
    with pytest.raises(DataError, match="has more than 9 rows"):
        load(None, name="p.parquet")


def test_lines_and_cells_that_no_table_has(load, monkeypatch):
    """They are refused as they are met, before they fill the memory."""
    with pytest.raises(DataError, match=r"a line of more than 100,000 characters"):
        load("Date,Close\n" + 60_000 * "1," + "\n")
    monkeypatch.setattr(tables, "MAX_CELLS", 9)
    with pytest.raises(DataError, match="or 9 cells; export less of it"):
        load("Date,Close\n" + 5 * "2024-01-02,1\n")


cells = st.sampled_from(
    ["Date", "Close", "2024-01-02", "1e400", "-1", "1,5", "=1+1", '"', "\0", "\r", "nan", "12/13/2024", "٣", ""]
) | st.text(max_size=4)  # fmt: skip
texts = st.lists(st.lists(cells, min_size=1, max_size=4).map(",".join), min_size=1, max_size=6).map(
    "\n".join
)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=300)
    | texts.map(lambda text: f"Date,Close\n{text}".encode("utf-8", "replace"))
)
def test_no_file_brings_anything_but_prices_or_a_sentence(content):
    """Any bytes are read as prices, or refused as data in one line."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("p.csv", "p.parquet"):
            path = Path(folder) / name
            path.write_bytes(content)
            chosen = SourceOptions(path, Path(folder), NOW)
            try:
                prices = SOURCES.get("csv").fetch("TEST", start=None, end=None, options=chosen)
            except LstmfinError as error:
                assert isinstance(error, DataError)  # noqa: PT017 - it may be read as well
            else:
                assert np.isfinite(prices.column("close")).all()
