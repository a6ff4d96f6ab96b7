"""Training inside a run: from the last checkpoint of the same work, within the time of the run."""

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from lstmfin.config import TrainConfig, section_to_table
from lstmfin.data.ledger import Ledger
from lstmfin.data.prices import Prices
from lstmfin.models.checkpoint import checkpoints_of
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.shelf import save_model, save_panel
from lstmfin.workspace import Workspace

Pulse = Callable[[], None]


def train(
    workspace: Workspace,
    config: TrainConfig,
    series: Sequence[Prices],
    *,
    now: dt.datetime,
    hold: Callable[[], AbstractContextManager[Pulse]],
    pulse: Pulse,
) -> str:
    """Train the model of a series, or the panel of many, save it, and return its identity.

    It goes on from a checkpoint of the same options and prices where there is one. An interrupt, or
    whatever ``pulse`` raises, waits for the end of a step and leaves a checkpoint.

    Parameters
    ----------
    hold : callable
        Returns a context that holds interrupts back and yields what lets them through.
    pulse : callable
        Called after each step.
    """
    forecaster = Forecaster(config)
    checkpoints = checkpoints_of(workspace, forecaster, series, resume=True)
    checkpoints.load()
    with hold() as let_through:

        def tick() -> None:
            let_through()
            pulse()

        forecaster.fit(series, tick=tick, checkpoint=checkpoints.__getitem__)
    if config.panel:
        identity = save_panel(workspace, forecaster)
    else:
        identity = save_model(workspace, series[0].symbol, forecaster)
    _note(workspace, forecaster, identity, now=now)
    checkpoints.remove()
    return identity


def _note(workspace: Workspace, forecaster: Forecaster, identity: str, *, now: dt.datetime) -> None:
    """Write the row of the ledger that every training leaves."""
    data = forecaster.provenance
    assert data is not None
    histories = [member.history for member in forecaster.members]
    losses = [history.validation_loss[history.best_epoch] for history in histories]
    Ledger(workspace.database).append(
        "train",
        data.symbol,
        data=data.digest,
        settings={"train": section_to_table(forecaster.config)},
        result={"model": identity, "validation_loss": sum(losses) / len(losses)},
        now=now,
    )
