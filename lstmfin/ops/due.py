"""Whether a model is to be trained anew, and by which network it is replaced."""

import numpy as np

from lstmfin.config import RunConfig, TrainConfig, differences, section_to_table
from lstmfin.data.prices import Prices
from lstmfin.models.again import as_asked
from lstmfin.models.forecaster import Forecaster
from lstmfin.ops.journal import Journal
from lstmfin.ops.score import tracks


def reason_to_train(
    forecaster: Forecaster,
    identity: str,
    prices: Prices,
    journal: Journal,
    *,
    config: RunConfig,
    threshold: float,
) -> str:
    """Return why the model of a series is to be trained anew; empty when it is not.

    Parameters
    ----------
    threshold : float
        Of the alarms, over all symbols.
    """
    data = forecaster.provenance
    if data is None or prices.source not in data.source.split(", "):
        return "source"
    n_new = int((prices.finished().sessions > np.datetime64(data.last)).sum())
    if n_new >= config.retrain_age:
        return "age"
    if config.ignore_drift or not n_new:
        return ""
    for track in tracks(journal, prices.symbol, model=identity):
        for alarm in track.alarms(threshold):
            if alarm.is_raised:
                return f"drift of {alarm.test}"
    return ""


def other_options(old: TrainConfig, new: TrainConfig, prices: Prices) -> list[str]:
    """Return in which options a network is another than the one it replaces, old → new."""
    return differences(*(section_to_table(as_asked(one, prices, new)) for one in (old, new)))
