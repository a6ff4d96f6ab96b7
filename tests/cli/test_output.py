"""Results as tables, JSON and CSV."""

import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.cli import output
from lstmfin.cli.output import Column, Result, number, percent, price, print_json, signed_percent


def result(rows, *, columns=None, **more):
    """Return a result with a column for each key of the first row."""
    columns = columns or [Column(key, key) for key in rows[0]]
    return Result("test", columns, rows, **more)


def printed(capsys, one, style="table"):
    """Return what is printed, where the capture is no terminal."""
    one.print(style)
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
        writer.writerow([output._safe_cell(text), output._safe_cell(value)])
    read = list(csv.reader(io.StringIO(stream.getvalue(), newline="")))
    for (text, value), (cell, digits) in zip(rows, read, strict=True):
        text = text.replace("\r", " ")
        assert cell in {text, "'" + text}
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))
        assert int(digits) == value


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


def on_terminal(monkeypatch, width, one):
    """Return the lines that a terminal shows."""
    stream = Terminal()
    monkeypatch.setattr(output.sys, "stdout", stream)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    one.print("table")
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
    notes = ["a long sentence " * 20, ("verdict:", "another one " * 20)]
    lines = on_terminal(monkeypatch, width, result(ROWS, columns=WIDE, notes=notes))
    assert max(len(line.rstrip()) for line in lines) <= width


def test_what_stands_in_the_margin_stands_alone(monkeypatch):
    """The lines of a verdict hang beside their topic."""
    one = result(ROWS, columns=WIDE, notes=[("money:", "word " * 40)])
    first, second, *_ = on_terminal(monkeypatch, 80, one)[-4:]
    assert first.startswith("  money:     word")
    assert second.startswith(" " * (output.MARGIN + 2) + "word")


def test_a_result_without_rows(capsys):
    """An empty result is an empty table, an empty list, and no CSV but an empty line."""
    empty = Result("test", [Column("a", "a")], [])
    assert "a" in printed(capsys, empty)
    assert printed(capsys, empty, "csv").strip() == ""
    print_json([empty])
    assert json.loads(capsys.readouterr().out)["rows"] == []
