"""The line that trains a network anew gives the options it was trained with."""

import shlex
from dataclasses import fields, replace
from typing import get_origin, get_type_hints

import pytest

from lstmfin.cli.commands.train import COMMAND
from lstmfin.config import TrainConfig, without_none
from lstmfin.data.panel import together
from lstmfin.errors import UsageError
from lstmfin.models.again import as_asked, train_line
from lstmfin.models.forecaster import Forecaster

HINTS = get_type_hints(TrainConfig)
FLAGS = [spec for spec in fields(TrainConfig) if spec.metadata["saved"]]


def spoken(line, usual):
    """Return symbols and options of a line as the command takes them."""
    command, verb, *words = shlex.split(line)
    assert (command, verb) == ("lstmfin", "train")
    with COMMAND.make_context("train", words, resilient_parsing=True) as context:
        given = dict(context.params)
    given.pop("as_of")
    return given.pop("symbols"), usual.evolve(**given)


def others(spec):
    """Return values that an option may have, and has not by default; zero among them."""
    kind, choices = without_none(HINTS[spec.name]), spec.metadata["choices"]
    if choices:
        names = choices if isinstance(choices, tuple) else choices.names()
        found = [(one,) if get_origin(kind) is tuple else one for one in names[:3]]
    else:
        found = {
            bool: [True],
            int: [0, 1, 2, 7],
            float: [0.0, 0.25, 0.5, 2.0],
            str: ["a"],
            tuple[str, ...]: [("A=X", "^B")],
            tuple[int, ...]: [(1, 2)],
        }[kind]
    return [one for one in found if one != spec.default and is_allowed(spec.name, one)]


def is_allowed(name, value):
    try:
        replace(TrainConfig(), **{name: value})
    except UsageError:
        return False
    return True


@pytest.mark.parametrize("spec", FLAGS, ids=lambda spec: spec.name)
def test_every_option_is_said(spec):
    """Whatever it is, and whatever the file says instead; nothing else is said."""
    values = others(spec)
    assert values
    for value in values:
        config = replace(TrainConfig(), **{spec.name: value})
        line = train_line(config, ("^GSPC", "M&M.NS"))
        assert spoken(line, TrainConfig()) == (("^GSPC", "M&M.NS"), config)
        assert line.count(" --") == 1
        if spec.default not in (None, False, ()):  # of these the command has no word for the usual
            assert spoken(train_line(TrainConfig(), ("A",), config), config)[1] == TrainConfig()


def test_what_training_fills_in_is_not_said(series, small):
    """The usual loss and features, and no others; what a file names is."""
    closes = [replace(series(200, closes_only=True), symbol=name) for name in "AB"]
    panel = replace(small, panel=True, target="volatility")
    for config, prices in ((small, [series()]), (panel, closes), (panel, [series()])):
        forecaster = Forecaster(config)
        forecaster.fit(prices)
        shown = together(prices)[0] if config.panel else prices[0]
        assert as_asked(forecaster.config, shown) == config
        usual = replace(config, loss="huber", features=("volatility",))
        assert as_asked(forecaster.config, shown, usual) == forecaster.config
    few = replace(small, features=("log-return",), loss="huber")
    assert as_asked(few, series()) == few
