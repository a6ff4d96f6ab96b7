"""What the commands of a line share."""

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstmfin.cli.job import Job
from lstmfin.cli.output import Column, Result
from lstmfin.errors import ConfigError, DataError, ExitCode, SourceError, UsageError
from lstmfin.workspace import Workspace

symbols = st.lists(st.sampled_from(["AAPL", "MSFT", "^GSPC", "BRK-B", "EURUSD=X"]), max_size=8)


def never():
    raise AssertionError("the last resort was asked though there was something nearer")


@pytest.fixture
def job(tmp_path):
    one = Job()
    one.open(Workspace(tmp_path / "w"), chosen=True)
    return one


@given(symbols, symbols, symbols)
def test_choose_takes_the_nearest(named, before, otherwise):
    """Those named, else the last command's, else others; each once, in the order of the line."""
    job = Job(symbols=tuple(before))
    chosen = job.choose(named, lambda: otherwise)
    assert chosen == job.symbols
    if named:
        assert len(set(chosen)) == len(chosen)
        assert list(chosen) == sorted(set(named), key=named.index)
    else:
        assert chosen == (tuple(before) or tuple(otherwise))


def test_choose_asks_the_last_resort_last():
    """What would be chosen otherwise is not even looked up when symbols are named or handed on."""
    job = Job()
    assert job.choose(["aapl", "AAPL", "msft"], never) == ("AAPL", "MSFT")
    assert job.choose([], never) == ("AAPL", "MSFT")


def test_choose_refuses_what_is_no_symbol():
    """A mistake among those named leaves the line's symbols as they were."""
    job = Job(symbols=("AAPL",))
    with pytest.raises(UsageError, match="not a symbol"):
        job.choose(["MSFT", "../x"], never)
    assert job.symbols == ("AAPL",)


@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_each_leaves_out_what_failed(good):
    """Every symbol is tried once in order; the good ones go on; all failed is the last error."""
    names = [f"S{number}" for number in range(len(good))]
    tried, job = [], Job()
    job.tell = lambda *_words, **_options: None

    def work(symbol):
        tried.append(symbol)
        if not good[names.index(symbol)]:
            raise SourceError(symbol)

    if any(good):
        job.each(names, work)
        assert job.symbols == tuple(n for n, ok in zip(names, good, strict=True) if ok)
        assert job.exit_code == (ExitCode.OK if all(good) else ExitCode.PARTIAL)
    else:
        with pytest.raises(SourceError, match=names[-1]):
            job.each(names, work)
    assert tried == names


def test_each_says_which_failed_even_if_quiet(capsys):
    """A failed symbol and its reason stand on stderr under -q, too; the good ones say nothing."""
    job = Job(quiet=True)

    def work(symbol):
        if symbol == "BAD":
            raise DataError("has holes")

    job.each(["GOOD", "BAD"], work)
    assert capsys.readouterr() == ("", "lstmfin: BAD failed: has holes\n")


def test_each_lets_bugs_through():
    """Only errors raised on purpose are a symbol's failure; a bug ends the line at once."""
    tried = []

    def work(symbol):
        tried.append(symbol)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Job().each(["A", "B"], work)
    assert tried == ["A"]


def test_a_failure_is_not_forgotten():
    """Once a symbol failed, a later command that works leaves the line at 3."""
    job = Job(exit_code=ExitCode.PARTIAL)
    job.each(["A"], lambda _symbol: None)
    assert job.exit_code == ExitCode.PARTIAL


@pytest.mark.parametrize(("quiet", "terminal"), [(True, True), (True, False), (False, False)])
def test_no_bar_where_nobody_looks(quiet, terminal, capsys, monkeypatch):
    """Quiet or away from a terminal, moving the bar writes nothing at all."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    with Job(quiet=quiet).progress("AAPL") as advance:
        for done in range(5):
            assert advance(done, 4) is None
    assert capsys.readouterr() == ("", "")


def test_the_work_under_a_bar_may_fail():
    """An error in the work comes out of the bar as it went in."""
    with pytest.raises(DataError, match="too short"), Job().progress("AAPL"):
        raise DataError("too short")


def test_kept_is_of_one_line():
    """What was kept is in the order it was written, and no other line's."""
    first, second = Job(), Job()
    first.keep("a")
    first.keep("b")
    assert (first.kept, second.kept) == (["a", "b"], [])


def test_tell_is_quiet_when_asked(capsys):
    """Words of progress go under -q, words of failure stay; neither is on stdout."""
    for quiet in (False, True):
        job = Job(quiet=quiet)
        job.tell("done")
        job.tell("failed", always=True)
    assert capsys.readouterr() == ("", "lstmfin: done\nlstmfin: failed\nlstmfin: failed\n")


def test_a_watch_list_is_parsed_like_the_line(job):
    """Symbols of lstmfin.toml are as those typed; a bad one is the configuration's fault."""
    job.workspace.root.mkdir()
    job.workspace.config.write_text('symbols = ["aapl", "^gspc"]\n')
    assert job.watched_symbols() == ("AAPL", "^GSPC")
    other = Job()
    other.open(job.workspace, chosen=False)
    job.workspace.config.write_text('symbols = ["a/b"]\n')
    assert job.watched_symbols() == ("AAPL", "^GSPC")  # one line reads it once
    with pytest.raises(ConfigError, match=r"lstmfin\.toml: symbols: 'a/b' is not a symbol"):
        other.watched_symbols()


def test_an_empty_store_says_what_to_do(job):
    """Without any prices the sentence holds the command that brings some."""
    with pytest.raises(DataError, match="lstmfin fetch AAPL"):
        job.stored_symbols()


def result(name):
    return Result(name, [Column("symbol", "Symbol", right=False)], [{"symbol": "AAPL"}])


def test_json_waits_and_is_one_document(capsys):
    """Nothing is printed before the end, then all results at once, and never twice."""
    job = Job(style="json")
    job.emit(result("one"))
    job.emit(result("two"))
    assert capsys.readouterr().out == ""
    job.abandon()
    job.finish()
    assert [one["command"] for one in json.loads(capsys.readouterr().out)] == ["one", "two"]


def test_csv_parts_results_by_one_blank_line(capsys):
    """Between two tables, not before the first nor after the last."""
    job = Job(style="csv")
    job.emit(result("one"))
    job.emit(result("two"))
    job.finish()
    tables = capsys.readouterr().out.replace("\r\n", "\n").split("\n\n")
    assert len(tables) == 2
    assert all(table.splitlines() == ["symbol", "AAPL"] for table in tables)


@pytest.mark.parametrize("style", ["table", "csv", "json"])
def test_a_reader_that_left_gets_no_more(style, capsys):
    """Results after the reader has left are dropped, whatever their form."""
    job = Job(style=style, unread=True)
    job.emit(result("one"))
    job.finish()
    assert capsys.readouterr() == ("", "")
