"""The command line that trains a network anew as it was trained."""

from dataclasses import fields, replace

from lstmfin.advice import advised
from lstmfin.config import TrainConfig
from lstmfin.models.forecaster import Forecaster
from lstmfin.registry import TARGETS


def as_asked(config: TrainConfig) -> TrainConfig:
    """Return options without what training itself has filled in: the usual loss and features."""
    target = TARGETS.get(config.target)
    if config.loss == target.loss:
        config = replace(config, loss=None)
    if set(config.features) <= set(target.features):  # those that the series carry
        config = replace(config, features=())
    return config


def train_line(forecaster: Forecaster, usual: TrainConfig) -> str:
    """Return the line that trains the same networks on all that there is of the same series.

    Parameters
    ----------
    usual : TrainConfig
        The options of a line that names none.
    """
    assert forecaster.provenance is not None
    config, words = as_asked(forecaster.config), []
    for spec in fields(TrainConfig):
        value, flag = getattr(config, spec.name), f"--{spec.name.replace('_', '-')}"
        if value in (getattr(usual, spec.name), None, False, ()) or not spec.metadata["saved"]:
            continue
        one = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words += [flag] if value is True else [flag, one]
    return advised("train", *forecaster.provenance.symbols, *words)
