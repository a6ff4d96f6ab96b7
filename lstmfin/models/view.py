"""What networks see: windows of one series or of many, their outcomes, and the blocks by date.

Shapes: N windows, D inputs, H horizons.
"""

from collections.abc import Sequence

import numpy as np

from lstmfin.config import TrainConfig
from lstmfin.data.exogenous import column_names
from lstmfin.data.prices import Prices
from lstmfin.data.target import cumulative_returns, unit_of_returns
from lstmfin.data.windows import Floats32, Windows, carried_features, joined, make_windows
from lstmfin.errors import DataError
from lstmfin.models.model import Indices
from lstmfin.models.samples import blocks
from lstmfin.registry import FEATURES

LEAST_WINDOWS = 30
"""Fewer windows to train on, or a tenth of it to validate on, say nothing."""


def input_names(config: TrainConfig) -> tuple[str, ...]:
    """Return the names of the D inputs: features, and columns of other series."""
    return (*config.features, *column_names(config.exog))


def features_of(config: TrainConfig, series: Sequence[Prices]) -> tuple[str, ...]:
    """Return the features that were chosen, else those of the target that all series carry.

    Raises
    ------
    DataError
        When there are none, or one is of a panel that would be of a single series.
    """
    of_panel = [name for name in config.features if FEATURES.get(name).of_panel]
    if config.panel and of_panel and len(series) == 1 and not series[0].panel:
        raise DataError(
            f"{', '.join(of_panel)} tell of the other series of a panel, and {series[0].symbol} "
            "has none beside it; name more symbols, or leave them out of --features"
        )
    features = config.features or carried_features(series, target=config.target)
    if not features:
        raise DataError(
            f"no feature is carried by all of {', '.join(one.symbol for one in series)}; name "
            "some with --features"
        )
    return features


def sees_panel(config: TrainConfig) -> bool:
    """Return whether an input is of the other series of a panel."""
    return any(FEATURES.get(name).of_panel for name in config.features)


def mixture_of(config: TrainConfig, series: Sequence[Prices]) -> list[str]:
    """Return a warning where variances of one panel are not of one kind."""
    bare = [one.symbol for one in series if not one.has_range]
    if config.target != "volatility" or not 0 < len(bare) < len(series):
        return []
    text = (
        f"{', '.join(bare)} have closes alone and the others bars: a variance by a squared return "
        "and one by a range are not the same thing; train a panel of each"
    )
    return [text]


def windows_of(config: TrainConfig, prices: Prices) -> Windows:
    """Return the windows of one series.

    Raises
    ------
    DataError
        When it cannot carry what is asked of it, or comes with other series than it should.
    """
    given = tuple(one.symbol for one in prices.others)
    if given != config.exog:
        raise DataError(
            f"{prices.symbol} is to be seen with {', '.join(config.exog) or 'no other'}, and came "
            f"with {', '.join(given) or 'none'}"
        )
    if config.panel and sees_panel(config) and not prices.panel:
        raise DataError(
            f"{prices.symbol} is to be seen with the panel that the network learned from, and none "
            "of it is there; fetch those symbols, or train anew"
        )
    return make_windows(
        prices,
        features=config.features,
        window=config.window,
        horizon=config.horizon,
        target=config.target,
        estimator=config.variance,
    )


def windows_of_all(config: TrainConfig, series: Sequence[Prices]) -> tuple[Windows, Floats32]:
    """Return the windows of all series as one, and the returns that came of them in σ √h (N, H)."""
    H, parts = config.horizon, [windows_of(config, one) for one in series]
    windows = joined(parts)
    if config.target == "returns":
        return windows, windows.target
    outcomes = [
        cumulative_returns(one, H)[part.origins] / unit_of_returns(part.volatility, H)
        for one, part in zip(series, parts, strict=True)
    ]
    return windows, np.concatenate(outcomes, dtype=np.float32, casting="same_kind")


def training_blocks(
    config: TrainConfig, windows: Windows, series: Sequence[Prices]
) -> tuple[Indices, Indices]:
    """Return the rows to train on and those to validate on; see ``blocks``.

    Raises
    ------
    DataError
        When either is too short; the message says how many sessions are needed.
    """
    share, H = config.validation, config.horizon
    training, validation = blocks(windows, validation=share)
    if len(training) >= LEAST_WINDOWS and len(validation) >= LEAST_WINDOWS / 10:
        return training, validation
    enough = max((LEAST_WINDOWS + H + 1) / (1 - share), LEAST_WINDOWS / 10 / share)
    longest = max(series, key=len)
    n_lost = len(longest) - len(windows.known) if len(series) == 1 else config.window + H
    raise DataError(
        f"{longest.symbol} has {len(longest)} sessions; a window of {config.window} and "
        f"a horizon of {H} need {n_lost + int(np.ceil(enough))}: fetch more, or choose a smaller "
        "--window or --horizon"
    )
