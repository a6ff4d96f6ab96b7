"""What shells offer on Tab, and the scripts that ask for it."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time

import click
import pytest

from lstmfin.cli.commands.bench import NAMES as PROBLEM_NAMES
from lstmfin.cli.commands.plot import KINDS
from lstmfin.cli.commands.schema import names as result_names
from lstmfin.cli.completion import SHELLS, VARIABLE
from lstmfin.cli.job import Job
from lstmfin.cli.main import group
from lstmfin.registry import CELLS, COMMANDS, PLOTS, SOURCES

NAMES = set(COMMANDS.names())


def offered(line, *, workspace=None):
    """Return what is offered for the last word of a line, which may be empty."""
    *args, incomplete = line.split(" ")
    if workspace:
        args = ["-C", str(workspace), *args]
    shell = SHELLS["fish"](group, {"obj": Job()}, "lstmfin", VARIABLE)
    return [one.value for one in shell.get_completions(args, incomplete)]


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("tr", ["train", "trials"]),
        ("fetch AAPL tra", ["train"]),
        ("--format ", ["table", "json", "csv"]),
        ("--format j", ["json"]),
        ("train --hid", ["--hidden"]),
        ("train --cell lst", ["lstm", "lstm1997"]),
        ("fetch AAPL train --cell=mg", ["--cell=mgu"]),
        ("train --cell = mg", ["mgu"]),
        ("gradients --cell lstm,pe", ["lstm,peephole"]),
        ("gradients --cell lstm,lst", ["lstm,lstm1997"]),
        ("train --hidden ", []),
        ("plot eq", ["equity"]),
        ("fetch --source sy", ["synthetic"]),
        ("init --source ya", ["yahoo"]),
        ("data sh", ["show"]),
        ("bench ti", ["timing"]),
        ("completion f", ["fish", "fetch", "forecast"]),
        ("completion fi", ["fish"]),
        ("nosuch ", []),
    ],
)
def test_what_is_offered(line, values):
    """Commands, options and their values, where they may stand in a chain."""
    assert offered(line) == values


def test_symbols_of_the_workspace(fetched, tmp_path):
    """Stored and watched ones, whatever their case so far, where a symbol may stand."""
    place = tmp_path / "w"
    (place / "lstmfin.toml").write_text('symbols = ["aapl", "GARCH"]\n')
    for line in ("forecast ", "fetch AR1 train ", "plot forecast ", "data show "):
        assert [one for one in offered(line, workspace=place) if one.isupper()] == [
            "AAPL",
            "GARCH",
            "RANDOM-WALK",
        ]
    assert offered("forecast gar", workspace=place) == ["GARCH"]
    assert "GARCH" not in offered("data ", workspace=place)


def test_the_workspace_may_be_below_the_home_folder(fetched, tmp_path, monkeypatch):
    """A shell hands on the tilde as it was typed."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert offered("forecast GA", workspace="~/w") == ["GARCH"]


def test_nothing_is_made_and_nothing_is_said(tmp_path, capfd):
    """No workspace, a store that is none, a configuration that is none: no symbols, no words."""
    place = tmp_path / "w"
    assert not any(one.isupper() for one in offered("forecast ", workspace=place))
    assert not place.exists()
    place.mkdir()
    assert not any(one.isupper() for one in offered("forecast ", workspace=place))
    assert not list(place.iterdir())
    (place / "lstmfin.db").write_text("no store")
    (place / "lstmfin.toml").write_text("no = [toml")
    before = sorted(place.iterdir())
    assert not any(one.isupper() for one in offered("forecast ", workspace=place))
    assert sorted(place.iterdir()) == before
    assert capfd.readouterr() == ("", "")


def test_a_store_that_is_held_is_not_waited_for(fetched, tmp_path):
    """Another process writes: no symbols, at once."""
    with sqlite3.connect(tmp_path / "w" / "lstmfin.db") as held:
        held.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        assert "GARCH" not in offered("forecast ", workspace=tmp_path / "w")
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_command_and_option_is_offered(name):
    """Each command at the head and after another, each of its options, and the values of those."""
    assert name in offered("")
    assert name in offered("fetch AAPL ")
    flags = [
        option
        for option in COMMANDS.get(name).params
        if isinstance(option, click.Option) and not option.hidden
    ]
    assert {one.opts[0] for one in flags} <= set(offered(f"{name} --"))


def test_values_come_from_the_registries():
    """A new cell, source or kind of picture is offered without being told."""
    assert set(CELLS.names()) <= set(offered("train --cell "))
    assert set(SOURCES.names()) == set(offered("fetch --source "))


def test_pictures_are_those_that_plot_draws():
    """A new one is told to the shell."""
    assert set(KINDS) == set(PLOTS.names()) <= set(offered("plot "))
    assert set(offered("schema ")) == set(result_names())


def test_problems_are_those_of_the_engine():
    """Their names are kept twice, so that a shell need not wait for the engine."""
    from lstmfin.engine.problems import PROBLEMS

    assert tuple(PROBLEMS) == PROBLEM_NAMES


def test_nothing_heavy_is_imported(made):
    """What is asked at every Tab is answered without NumPy."""
    code = "import sys; from lstmfin.cli.main import run; run([]); print(*sys.modules)"
    line = f"lstmfin -C {made / 'fetched'} forecast GA"
    env = {VARIABLE: "bash_complete", "COMP_WORDS": line, "COMP_CWORD": "4"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **env},
    )
    answer, loaded = done.stdout.splitlines()
    assert answer == "plain,GARCH"
    assert set(loaded.split()).isdisjoint({"numpy", "pandas", "matplotlib", "rich", "scipy"})


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_say_how_to_install_them(lstmfin, shell):
    """The script, and below it the line that is to be added."""
    ended = lstmfin("completion", shell)
    assert ended.code == 0
    assert VARIABLE in ended.out
    assert f"lstmfin completion {shell}" in ended.out.splitlines()[-1]


def test_a_shell_that_is_not_known(lstmfin):
    """Names those there are, and the nearest."""
    ended = lstmfin("completion", "bsh")
    assert ended.code == 2
    assert "did you mean 'bash'" in ended.err
    assert "bash, zsh, fish" in ended.err


def asked(shell, script, tmp_path):
    """Run a script in a real shell that finds the program; return the lines it prints."""
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here; to have it: apt install {shell}")
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "lstmfin"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lstmfin "$@"\n')
    program.chmod(0o755)
    home = {"HOME": str(tmp_path), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    flags = {"bash": ["--norc", "-c"], "zsh": ["-f", "-c"], "fish": ["--no-config", "-c"]}[shell]
    done = subprocess.run(
        [shell, *flags, script],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **home, "TERM": "xterm"},
    )
    assert done.returncode == 0, done.stderr
    return [line.strip() for line in done.stdout.splitlines()]


def test_bash_completes(made, tmp_path):
    """In bash itself, by the script."""
    words = f"lstmfin -C {made / 'fetched'} plot forecast RAN"
    script = (
        f'eval "$(lstmfin completion bash)"; complete -p lstmfin; COMP_WORDS=({words}); '
        'COMP_CWORD=5; _lstmfin_completion lstmfin; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    lines = asked("bash", script, tmp_path)
    assert lines[-1] == "RANDOM-WALK"


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("forecast EURUSD=", "X"),
        ("forecast eurusd=", "X"),
        ("forecast EUR", "EURUSD=X"),
        ("train --cell=mg", "mgu"),
        ("train --cell mg", "mgu"),
    ],
)
def test_bash_parts_words_at_equals_signs(tmp_path, line, reply):
    """What it puts behind the last sign is the rest of the symbol or of the option's value."""
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "lstmfin.toml").write_text('symbols = ["EURUSD=X"]\n')
    whole = f"lstmfin -C {tmp_path / 'w'} {line}"
    script = (
        f'eval "$(lstmfin completion bash)"; COMP_WORDBREAKS="= "; COMP_LINE="{whole} x"; '
        f"COMP_POINT={len(whole)}; COMP_WORDS=(lstmfin); COMP_CWORD=1; "
        '_lstmfin_completion lstmfin; printf "%s\n" "${COMPREPLY[@]}"'
    )
    assert asked("bash", script, tmp_path) == [reply]


def test_fish_completes(made, tmp_path):
    """In fish itself, lists with commas among it."""
    script = (
        "lstmfin completion fish | source; "
        f'complete -C "lstmfin -C {made / "fetched"} forecast RAN"; '
        'complete -C "lstmfin gradients --cell lstm,pe"'
    )
    assert asked("fish", script, tmp_path) == ["RANDOM-WALK", "lstm,peephole"]


def test_zsh_completes(made, tmp_path):
    """In zsh itself, on a terminal that presses Tab."""
    line = f"lstmfin -C {made / 'fetched'} forecast RAN"
    inner = 'autoload -U compinit; compinit -u -D; eval \\"\\$(lstmfin completion zsh)\\"'
    script = (
        f'zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z "PS1=; {inner}; echo rea""dy"; '
        'zpty -r z seen "*ready*"; '
        f"zpty -w -n z $'{line}\\t'; "
        'zpty -r z seen "*RANDOM-WALK*"; print -r -- "${seen##*forecast }"; zpty -d z'
    )
    assert any("RANDOM-WALK" in line for line in asked("zsh", script, tmp_path))
