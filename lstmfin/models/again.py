"""The options and the command line that train a network anew as it was trained."""

from collections.abc import Sequence
from dataclasses import fields, replace

from lstmfin.advice import advised
from lstmfin.config import TrainConfig
from lstmfin.data.prices import Prices
from lstmfin.data.windows import carried_features
from lstmfin.registry import TARGETS

USUAL = TrainConfig()


def as_asked(config: TrainConfig, prices: Prices, usual: TrainConfig = USUAL) -> TrainConfig:
    """Return options without what training filled in: the usual loss, the features prices carry.

    Parameters
    ----------
    config : TrainConfig
        Those of a network that was trained.
    prices : Prices
        What it looks at, with all that is beside it.
    usual : TrainConfig
        Options that are not said; what these name is said.
    """
    is_usual = config.loss == TARGETS.get(config.target).loss
    are_carried = config.features == carried_features(prices, target=config.target)
    return replace(
        config,
        loss=None if is_usual and usual.loss is None else config.loss,
        features=() if are_carried and not usual.features else config.features,
    )


def train_line(config: TrainConfig, symbols: Sequence[str], usual: TrainConfig = USUAL) -> str:
    """Return the line that trains networks of some options on all that there is of some series.

    Parameters
    ----------
    usual : TrainConfig
        The options of a line that names none. One that they set, and these do not, cannot be said.
    """
    words = []
    for spec in fields(TrainConfig):
        value, flag = getattr(config, spec.name), f"--{spec.name.replace('_', '-')}"
        is_said = value != getattr(usual, spec.name) and spec.metadata["saved"]
        if not is_said or value is None or value is False or value == ():
            continue
        one = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words += [flag] if value is True else [flag, one]
    return advised("train", *symbols, *words)
