"""Results as tables, JSON and CSV."""

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.cli import printing, table
from lstmfin.cli.output import (
    Column,
    Note,
    Picture,
    Result,
    number,
    percent,
    price,
    signed_percent,
)
from lstmfin.cli.printing import print_json, print_result


def result(rows, *, columns=None, **more):
    """Return a result with a column for each key of the first row."""
    columns = columns or [Column(key, key) for key in rows[0]]
    return Result("test", columns, rows, **more)


def printed(capsys, one, style="table"):
    """Return what is printed, where the capture is no terminal."""
    print_result(one, style)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        (percent(), 0.12345, "12.3 %"),
        (percent(0), 0.5, "50 %"),
        (signed_percent(), 0.001, "+0.1 %"),
        (signed_percent(), -0.25, "-25.0 %"),
        (number(2), 1234.5, "1,234.50"),
        (price, 1234.567, "1,234.57"),
        (price, 1.2345678, "1.2346"),
        (price, -36.98, "-36.98"),
    ],
)
def test_numbers_for_people(show, value, text):
    """Units are shown, thousands are parted, prices have the digits that their size calls for."""
    assert show(value) == text


def test_what_is_missing_is_a_dash(capsys):
    """None, NaN and infinity are no numbers to a person."""
    rows = [{"a": None, "b": float("nan"), "c": float("inf"), "d": 1.0}]
    columns = [Column(key, key, number(1)) for key in "abcd"]
    assert printed(capsys, result(rows, columns=columns)).split()[-4:] == ["-", "-", "-", "1.0"]


def test_what_is_missing_is_null_in_json(capsys):
    """JSON has neither NaN nor infinity."""
    print_json([result([{"a": float("nan"), "b": [float("inf"), 1.5], "c": "x"}])])
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row == {"a": None, "b": [None, 1.5], "c": "x"}


def test_one_result_is_an_object_and_several_are_a_list(capsys):
    """A program reads one document, however many commands there were."""
    one = result([{"a": 1}], more={"extra": 2})
    print_json([one])
    assert json.loads(capsys.readouterr().out) == {
        "command": "test",
        "rows": [{"a": 1}],
        "extra": 2,
    }
    print_json([one, one])
    assert len(json.loads(capsys.readouterr().out)) == 2


@given(st.lists(st.tuples(st.text(max_size=12), st.integers()), min_size=1, max_size=5))
def test_csv_cells_come_back(rows):
    """What a CSV reader reads is what was in the rows, but for the mark of what looks a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    for text, value in rows:
        writer.writerow([printing._safe_cell(text), printing._safe_cell(value)])
    read = list(csv.reader(io.StringIO(stream.getvalue(), newline="")))
    for (text, value), (cell, digits) in zip(rows, read, strict=True):
        text = text.replace("\r", " ")
        assert cell in {text, "'" + text}
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))
        assert int(digits) == value


def test_csv_holds_what_json_holds(capsys):
    """Text as it is, nothing for null, and all else as JSON writes it."""
    row = {"a": "x,y", "b": None, "c": True, "d": [1, 2.5], "e": {"k": "v"}, "f": 0.1, "g": np.inf}
    (read,) = csv.DictReader(io.StringIO(printed(capsys, result([row]), "csv")))
    print_json([result([row])])
    (plain,) = json.loads(capsys.readouterr().out)["rows"]
    assert read.pop("a") == plain.pop("a") == "x,y"
    assert {k: json.loads(cell) if cell else None for k, cell in read.items()} == plain


def test_numbers_stay_numbers_in_csv(capsys):
    """A negative number is no formula."""
    out = printed(capsys, result([{"a": -1.5, "b": "=cmd()"}]), "csv")
    assert out == "a,b\n-1.5,'=cmd()\n"


def test_markup_is_shown_as_it_is(capsys):
    """A symbol that looks like markup or a link is those characters."""
    out = printed(capsys, result([{"a": "[red]x[/red]"}], title="[b]T[/b]", notes=["[i]n[/i]"]))
    for text in ("[red]x[/red]", "[b]T[/b]", "[i]n[/i]"):
        assert text in out


class Terminal(io.StringIO):
    """A terminal of a given width."""

    def isatty(self):
        return True


def on_terminal(monkeypatch, width, one, *, env=None, raw=False):
    """Return the lines that a terminal shows, plain unless told otherwise."""
    stream = Terminal()
    monkeypatch.setattr(printing.sys, "stdout", stream)
    told = {"COLUMNS": str(width), "TERM": "xterm", "NO_COLOR": "1", **(env or {})}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    print_result(one, "table")
    if raw:
        return stream.getvalue().splitlines()
    return re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).splitlines()


WIDE = [
    Column("a", "first column", right=False),
    Column("b", "second column"),
    Column("c", "third column", spare=1),
    Column("d", "fourth column", spare=2),
    Column("e", "fifth column", spare=2),
]
ROWS = [{key: key * 10 for key in "abcde"}]


@pytest.mark.parametrize(("width", "shown"), [(80, "abcde"), (50, "abc"), (30, "ab"), (10, "ab")])
def test_a_narrow_terminal_gets_fewer_columns(monkeypatch, width, shown):
    """Columns go by their number; no value is ever cut short."""
    text = "\n".join(on_terminal(monkeypatch, width, result(ROWS, columns=WIDE)))
    for key in "abcde":
        assert (key * 10 in text) == (key in shown)
    assert "…" not in text


@pytest.mark.parametrize("width", [50, 80, 120])
def test_tables_and_notes_keep_to_the_terminal(monkeypatch, width):
    """No line is longer than the terminal, where the columns fit at all."""
    notes = ["a long sentence " * 20, Note("another one " * 20, margin="verdict:")]
    lines = on_terminal(monkeypatch, width, result(ROWS, columns=WIDE, notes=notes))
    assert max(len(line.rstrip()) for line in lines) <= width


def test_what_stands_in_the_margin_stands_alone(monkeypatch):
    """The lines of a verdict hang beside their topic."""
    one = result(ROWS, columns=WIDE, notes=[Note("word " * 40, margin="money:")])
    first, second, *_ = on_terminal(monkeypatch, 80, one)[-4:]
    assert first.startswith("  money:     word")
    assert second.startswith(" " * (table.MARGIN + 2) + "word")


def test_a_result_without_rows(capsys):
    """An empty result is an empty table, an empty list, and no CSV but an empty line."""
    empty = Result("test", [Column("a", "a")], [])
    assert "a" in printed(capsys, empty)
    assert printed(capsys, empty, "csv").strip() == ""
    print_json([empty])
    assert json.loads(capsys.readouterr().out)["rows"] == []


PICTURE = Picture(lambda w: "h" * w, lambda row, w: "p" * w, least=8, most=20, spare=1)


@pytest.mark.parametrize(
    ("width", "pictured"), [(76, 20), (60, 12), (56, 8), (55, 20), (40, 16), (32, 8), (31, 0)]
)
def test_a_picture_takes_the_room_that_is_left(monkeypatch, width, pictured):
    """Other columns go before it, it goes before what is never spared; it may be told off."""
    one = result(ROWS, columns=[*WIDE[:2], *(replace(c, spare=2) for c in WIDE[2:4])])
    one = replace(one, picture=PICTURE, trace=lambda w: "t" * min(w, 30))
    lines = on_terminal(monkeypatch, width, one, env={"NO_COLOR": ""})
    head = next(line for line in lines if "column" in line)
    assert head.count("h" * pictured) >= bool(pictured)
    assert max(line.count("p") for line in lines) == pictured
    assert "t" * 30 in "".join(lines)
    assert max(map(len, lines)) <= width
    for env in ({"NO_COLOR": "1"}, {"NO_COLOR": "", "TERM": "dumb"}):
        plain = "".join(on_terminal(monkeypatch, width, one, env=env))
        assert "p" * 8 not in plain
        assert "t" * 30 not in plain


def test_a_long_text_goes_on_in_the_next_line(monkeypatch):
    """Between words, in its own column; a pipe gets it in one line."""
    text = "one two three four five six seven eight nine ten eleven twelve"
    columns = [Column("a", "a", right=False), Column("b", "b", right=False, wraps=True)]
    one = result([{"a": "x" * 10, "b": text}, {"a": "y", "b": ""}], columns=columns)
    lines = on_terminal(monkeypatch, 40, one)
    assert max(map(len, lines)) <= 40
    assert " ".join(" ".join(line[10:] for line in lines[2:]).split()) == text
    with monkeypatch.context() as patch:
        stream = io.StringIO()
        patch.setattr(printing.sys, "stdout", stream)
        print_result(one, "table")
    assert text in stream.getvalue()


def test_tones_are_colours(monkeypatch):
    """Of a cell by its text, of a note up to its colon; the words are the same without."""
    columns = [Column("a", "a", tones={"bad": "bad", "good": "good"})]
    notes = [Note("no edge shown: p = 1", margin="money:", tone="odd"), "plain: text"]
    one = result([{"a": "bad"}, {"a": "good"}, {"a": "fair"}], columns=columns, notes=notes)
    seen = "\n".join(on_terminal(monkeypatch, 80, one, env={"NO_COLOR": ""}, raw=True))
    assert "\x1b[1;31m bad\x1b[0m" in seen
    assert "\x1b[32mgood\x1b[0m" in seen
    assert "\x1b[33mno edge shown\x1b[0m: p = 1" in seen
    assert "\x1b[33mplain" not in seen
    without = "\n".join(on_terminal(monkeypatch, 80, one, raw=True))
    assert "\x1b" not in without
    assert re.sub(r"\x1b\[[0-9;]*m", "", seen) == without


def test_a_value_cannot_move_the_cursor(capsys):
    """Control characters of a name that a source gave are shown as question marks."""
    out = printed(capsys, result([{"a": "x\x1b[2Jy\rz\n"}]))
    assert "x?[2Jy?z?" in out
    assert "\x1b" not in out
