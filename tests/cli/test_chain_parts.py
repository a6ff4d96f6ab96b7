"""How a line of words is taken apart into commands, and how it may end."""

import click
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lstmfin.cli import chain
from lstmfin.cli.chain import ORDER
from lstmfin.cli.job import Job
from lstmfin.cli.main import group, run
from lstmfin.errors import EXIT_CODE_MEANINGS, LstmfinError, WriteError
from lstmfin.registry import COMMANDS

SYMBOLS = ("AAPL", "TRAIN", "^GSPC", "BRK-B", "PLOT")
TAKING = [
    (name, option.opts[0])
    for name in COMMANDS.names()
    for option in COMMANDS.get(name).params
    if isinstance(option, click.Option) and not option.is_flag
]
FLAGS = [
    (name, option.opts[0])
    for name in COMMANDS.names()
    for option in COMMANDS.get(name).params
    if isinstance(option, click.Option) and option.is_flag
]


def parts(words):
    return group.parts(click.Context(group), list(words))


words = st.sampled_from([*COMMANDS.names(), *SYMBOLS, *(flag for _, flag in TAKING + FLAGS), "3"])


@given(st.lists(words, max_size=12))
def test_no_word_is_lost_or_moved(line):
    """Parts joined again are the line, and every part but the first begins with a command."""
    found = parts(line)
    assert [word for name, rest in found for word in (name, *rest)] == line
    assert all(name in COMMANDS.names() for name, _ in found[1:])


@given(st.lists(words, max_size=12))
def test_taking_apart_again_changes_nothing(line):
    """A part alone is one part, so that a command means the same wherever it stands."""
    assume("plot" not in line)  # `plot forecast` is a picture at the head of a line only
    for name, rest in parts(line):
        assert parts([name, *rest]) == [(name, rest)]


segments = st.lists(
    st.sampled_from(COMMANDS.names()).flatmap(
        lambda name: st.tuples(
            st.just(name),
            st.lists(
                st.one_of(
                    st.sampled_from(SYMBOLS).map(lambda symbol: [symbol]),
                    *(
                        st.sampled_from([*COMMANDS.names(), "--seed", "x"]).map(
                            lambda value, flag=flag: [flag, value]
                        )
                        for of, flag in TAKING
                        if of == name
                    ),
                    *(st.just([flag]) for of, flag in FLAGS if of == name),
                ),
                max_size=4,
            ).map(lambda groups: [word for one in groups for word in one]),
        )
    ),
    min_size=1,
    max_size=5,
)


@given(segments)
def test_commands_are_found_again(line):
    """Symbols, flags and options with any value at all: the commands that were joined come back."""
    assume(not _takes_a_name(line))
    assert parts([word for name, rest in line for word in (name, *rest)]) == line


def _takes_a_name(line):
    """Whether the second command's name is the head's own word: ``plot forecast``, ``schema audit``."""
    (head, rest), *others = line
    has_plain = set(rest) & set(SYMBOLS)
    return bool(others) and chain.Chain.is_own_word(head, others[0][0]) and not has_plain


@pytest.mark.parametrize(("name", "flag"), TAKING)
def test_a_value_begins_no_command(name, flag):
    """What follows an option that takes a value is its value, even a command's name."""
    for value in (*COMMANDS.names(), flag):
        assert parts([name, flag, value]) == [(name, [flag, value])]
        assert parts([name, flag, value, "init"]) == [(name, [flag, value]), ("init", [])]


@pytest.mark.parametrize(("name", "flag"), TAKING)
def test_a_value_behind_a_sign_leaves_the_next_word_free(name, flag):
    """``--option=value`` has its value already; a command after it is a command."""
    assert parts([name, f"{flag}=fetch", "init"]) == [(name, [f"{flag}=fetch"]), ("init", [])]


@pytest.mark.parametrize(("name", "flag"), FLAGS)
def test_a_flag_takes_no_value(name, flag):
    """The word after a flag may begin a command."""
    assert parts([name, flag, "init"]) == [(name, [flag]), ("init", [])]


def test_an_option_of_another_command_takes_nothing():
    """``--hidden`` is of train; behind plot it claims no value, and is refused by its command."""
    assert parts(["init", "--hidden", "fetch"]) == [("init", ["--hidden"]), ("fetch", [])]


@pytest.mark.parametrize("word", ["trian", "fetchh", "backtst"])
def test_a_mistyped_command_is_refused_in_small_letters_alone(word):
    """It names the command and the way to write the symbol; in capitals it is the symbol."""
    with pytest.raises(click.UsageError, match=f"did you mean .* is written {word.upper()}"):
        parts(["fetch", "AAPL", word])
    assert parts(["fetch", word.upper()]) == [("fetch", [word.upper()])]
    assert parts(["plot", "--out", word]) == [("plot", ["--out", word])]


def test_help_lists_commands_as_they_are_used():
    """Every command once; those of the daily line first, in its order."""
    names = group.list_commands(click.Context(group))
    assert sorted(names) == sorted(COMMANDS.names())
    assert tuple(names[: len(ORDER)]) == ORDER


class OneCommand:
    """A registry of one command, ``work``, that ends as it is told."""

    def __init__(self, ending):
        self.ending = ending

    def names(self):
        return ("work",)

    def get(self, name):
        @click.command(name)
        @click.pass_obj
        def work(job):
            job.keep("a.model")
            if isinstance(self.ending, BaseException):
                raise self.ending
            job.exit_code = self.ending

        return work


def every_error(kind):
    return [kind, *(one for below in kind.__subclasses__() for one in every_error(below))]


@pytest.mark.parametrize(
    "kind",
    [one for one in every_error(LstmfinError) if one.__module__.startswith("lstmfin.")],
    ids=lambda kind: kind.__name__,
)
def test_every_error_ends_with_its_code(kind, monkeypatch, capsys):
    """An error raised on purpose is one sentence on stderr, and the code that it has."""
    monkeypatch.setattr(chain, "COMMANDS", OneCommand(kind("this is why")))
    assert run(["work"]) == kind.exit_code
    assert kind.exit_code in EXIT_CODE_MEANINGS
    assert capsys.readouterr() == ("", "lstmfin: error: this is why\n")


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        (0, 0, ""),
        (3, 3, ""),
        (SystemExit(1), 0, ""),
        (click.UsageError("no such thing"), 2, "no such thing"),
        (KeyboardInterrupt(), 130, "interrupted. Kept: a.model. Nothing is half-written."),
        (MemoryError(), 2, "not enough memory"),
        (ZeroDivisionError("0"), 70, "bug in lstmfin; please report"),
        (FileNotFoundError(2, "No such file", "x"), 70, "bug in lstmfin; please report"),
    ],
    ids=repr,
)
def test_every_other_way_to_end(ending, code, said, monkeypatch, capsys, tmp_path):
    """What is no error of ours has a code and a sentence too, and never a traceback on stderr."""
    monkeypatch.setattr(chain, "COMMANDS", OneCommand(ending))
    assert run(["-C", str(tmp_path / "w"), "work"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert bool(err) == bool(said)
    assert "Traceback" not in err
    logs = list((tmp_path / "w").rglob("bug-*.log"))
    assert len(logs) == (code == 70)
    assert all(type(ending).__name__ in log.read_text() for log in logs)


def test_a_bug_without_a_place_for_its_log(monkeypatch, capsys):
    """Where no log can be written the traceback is on stderr, so that it is not lost."""

    def refuse(*_words):
        raise WriteError("the disk is full")

    monkeypatch.setattr(chain, "COMMANDS", OneCommand(ZeroDivisionError("0")))
    monkeypatch.setattr("lstmfin.cli.main.write_atomically", refuse)
    assert run(["work"]) == 70
    err = capsys.readouterr().err
    assert "ZeroDivisionError" in err
    assert "could not be written" in err


def test_an_interrupt_before_anything_was_kept(monkeypatch, capsys):
    """Ctrl-C with nothing written says that nothing was changed."""
    monkeypatch.setattr(Job, "keep", lambda *_words: None)
    monkeypatch.setattr(chain, "COMMANDS", OneCommand(KeyboardInterrupt()))
    assert run(["work"]) == 130
    assert "Nothing was changed." in capsys.readouterr().err
