"""What holds for every command, walked over the registry."""

import csv
import io
import json
import subprocess
import sys
from dataclasses import fields

import click
import pytest
from result_schemas import validate

from lstmfin.cli.instruments import BenchConfig, GradientsConfig
from lstmfin.cli.main import group
from lstmfin.config import (
    BacktestConfig,
    DataConfig,
    FetchConfig,
    ForecastConfig,
    PlotConfig,
    RunConfig,
    ScoreConfig,
    TrainConfig,
)
from lstmfin.errors import ExitCode
from lstmfin.registry import COMMANDS

NAMES = COMMANDS.names()
INSTRUMENTS = {"bench", "completion", "doctor", "gradients", "schedule", "schema", "selftest"}
"""Commands that look at the engine or the workspace itself: they need no symbols."""
ON_SYMBOLS = sorted(set(NAMES) - INSTRUMENTS - {"init"})
PROMISED = {
    "fetch": "--source --path --start --end --replace --accept --timeout --patience --max-runtime",
    "train": "--cell --hidden --layers --window --horizon --epochs --batch --learning-rate "
    "--dropout --validation --seed",
    "backtest": "--train --test --purge --refit --cost-bps",
    "plot": "--out",
    "forecast": "--horizon",
    "audit": "--train --test --purge",
    "selftest": "--cell",
    "gradients": "--cell --hidden --trained --out --seed",
    "bench": "--cell --length --hidden --batch --learning-rate --memory --limit --seed",
    "data": "--as-of --last --out",
    "score": "--alarm --false-alarms",
    "run": "--retrain-age --ignore-drift --max-runtime --wait --alarm --keep --keep-models",
    "schedule": "--at --timezone --check",
}
SECTIONS = {
    "fetch": FetchConfig,
    "train": TrainConfig,
    "backtest": BacktestConfig,
    "plot": PlotConfig,
    "forecast": ForecastConfig,
    "gradients": GradientsConfig,
    "bench": BenchConfig,
    "data": DataConfig,
    "score": ScoreConfig,
    "run": RunConfig,
}
BOUNDED = [
    (name, spec)
    for name, section in SECTIONS.items()
    for spec in fields(section)
    if spec.metadata["minimum"] is not None or spec.metadata["above"] is not None
]


@pytest.mark.parametrize("name", NAMES)
def test_every_command_tells_what_it_does(lstmfin, name):
    """``--help`` of each command needs no workspace and lists each option with its help."""
    ended = lstmfin(name, "--help", workspace=False)
    assert ended.code == 0
    command = COMMANDS.get(name)
    assert command.name == name
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert option.opts[0] in ended.out


@pytest.mark.parametrize("name", PROMISED)
def test_options_keep_their_names(name):
    """Scripts rely on these names."""
    options = {flag for option in COMMANDS.get(name).params for flag in option.opts}
    assert set(PROMISED[name].split()) <= options


def test_the_help_lists_commands_and_exit_codes(lstmfin):
    """The first page names every command and every way to end."""
    ended = lstmfin("--help", workspace=False)
    assert ended.code == 0
    for name in NAMES:
        assert f"\n  {name} " in ended.out
    for code in ExitCode:
        assert f" {int(code)}  " in ended.out


def test_the_version(lstmfin):
    """``--version`` says the version."""
    assert lstmfin("--version", workspace=False).out.startswith("lstmfin 0.")


def test_help_imports_nothing_heavy():
    """``--help`` is instant because nothing is imported that it does not need."""
    code = (
        "import sys; from lstmfin.cli.main import run; run(['--help']); run(['train', '--help']);"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert loaded.isdisjoint({"numpy", "pandas", "matplotlib", "rich", "yfinance", "scipy"})


@pytest.mark.parametrize(("name", "spec"), BOUNDED, ids=lambda v: getattr(v, "name", v))
def test_options_out_of_bounds(fetched, name, spec):
    """Every option with a bound refuses what lies beyond it with 2 and the bound."""
    rules = spec.metadata
    beyond = rules["minimum"] - 1 if rules["minimum"] is not None else rules["above"]
    flag = f"--{spec.name.replace('_', '-')}"
    words = {"plot": ["equity", "GARCH"], "gradients": [], "bench": ["adding"], "data": ["list"]}
    ended = fetched(name, *words.get(name, ["GARCH"]), flag, beyond)
    assert ended.code == 2
    assert flag in ended.err
    assert "at least" in ended.err or "above" in ended.err


@pytest.mark.parametrize("name", sorted(set(ON_SYMBOLS) - {"fetch"}))
def test_an_empty_workspace_says_what_to_do(lstmfin, tmp_path, name):
    """A command with nothing to work on names the one that brings something."""
    ended = lstmfin(name)
    assert (ended.code, ended.out) == (65, "")
    assert "lstmfin fetch" in ended.err
    assert "Traceback" not in ended.err
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("name", ON_SYMBOLS)
@pytest.mark.parametrize("symbol", ["../x", "A\nB", "A/B", "a b", "A" * 40, "A#x", "-"])
def test_symbols_that_cannot_be(fetched, tmp_path, name, symbol):
    """A symbol that would leave its place is refused, and shown so that it forges no line."""
    before = sorted(tmp_path.rglob("*"))
    words = ("--", symbol) if symbol.startswith("-") else (symbol,)
    ended = fetched(name, *words)
    assert ended.code == 2
    assert "\nB" not in ended.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"init"}))
def test_every_command_speaks_json_and_csv(trained, name):
    """Each result is one JSON object of its schema, with its rows, and the same rows are CSV."""
    quick = {"train": ["--epochs", "1", "--hidden", "2"], "backtest": ["--train", "300"]}
    quick["audit"] = quick["backtest"]
    quick["tune"] = ["--trials", "2", "--over", "hidden", "--train", "300", "--kept", "100"]
    instruments = {
        "bench": ["adding", "--length", "20", "--limit", "32"],
        "gradients": ["--cell", "gru", "--hidden", "4"],
        "selftest": ["--cell", "mgu"],
        "doctor": [],
        "data": ["list"],
        "schedule": [],
        "schema": [],
        "completion": ["fish"],
    }
    words = (name, *instruments.get(name, ["GARCH", *quick.get(name, [])]))
    ended = trained("--format", "json", *words)
    assert ended.code == 0, ended.err
    document = json.loads(ended.out)
    validate(document)
    assert "\x1b" not in ended.out
    assert document["command"] == name
    assert document["rows"]
    table = trained("--format", "csv", *words)
    header, *lines = csv.reader(io.StringIO(table.out))
    assert header == list(document["rows"][0])
    assert len(lines) == len(document["rows"])


def test_the_group_has_one_place_for_its_workspace():
    """-C stands before the commands, and is one for all of a line."""
    assert "-C" in group.params[0].opts
