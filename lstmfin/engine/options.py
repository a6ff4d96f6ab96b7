"""What a configuration says of a network, as the engine takes it."""

import inspect
from typing import Any

import numpy as np

from lstmfin.config import TrainConfig
from lstmfin.engine.cell import Initialisation
from lstmfin.engine.dropout import Dropout
from lstmfin.engine.optimiser import make_optimiser
from lstmfin.errors import UsageError
from lstmfin.registry import CELLS

CELL_OPTIONS = (
    "activation",
    "layer_norm",
    "leak",
    "peepholes",
    "periods",
    "reset",
    "spectral_radius",
)
"""Fields of ``TrainConfig`` that belong to cells; None leaves them to the cell."""


def taken_by(cell: str) -> tuple[str, ...]:
    """Return the names of the options that a cell takes.

    Examples
    --------
    >>> taken_by("peephole")
    ('peepholes',)
    """
    parameters = inspect.signature(CELLS.get(cell)).parameters
    return tuple(name for name in CELL_OPTIONS if name in parameters)


def cell_options(config: TrainConfig) -> tuple[tuple[str, Any], ...]:
    """Return the options given to the cell of a configuration, by name.

    Raises
    ------
    UsageError
        When an option is given that the cell does not take; the message names those that do.
    """
    given = {name: getattr(config, name) for name in CELL_OPTIONS}
    given = {name: value for name, value in given.items() if value is not None}
    for name in given.keys() - set(taken_by(config.cell)):
        takers = [cell for cell in CELLS.names() if name in taken_by(cell)]
        raise UsageError(
            f"--{name.replace('_', '-')} is nothing to the cell '{config.cell}'; "
            f"it is for --cell {' or '.join(takers)}"
        )
    return tuple(sorted(given.items()))


def dropout_of(config: TrainConfig) -> Dropout:
    """Return what is dropped in training."""
    return Dropout(config.dropout, config.recurrent_dropout, config.variational)


def zoneout_of(config: TrainConfig) -> tuple[tuple[str, float], ...]:
    """Return the share of each state that stays as it was, those above 0.

    Raises
    ------
    UsageError
        When the cell has no state that a share is given for.
    """
    shares = (("h", config.zoneout_hidden), ("c", config.zoneout_cell))
    states = CELLS.get(config.cell)(**dict(cell_options(config))).states
    for name, share in shares:
        if share and name not in states:
            raise UsageError(
                f"--zoneout-cell is nothing to the cell '{config.cell}', which has no cell state; "
                "--zoneout-hidden is for any"
            )
    return tuple((name, share) for name, share in shares if share)


def initialisation_of(config: TrainConfig) -> Initialisation:
    """Return how first weights are drawn."""
    return Initialisation(config.init_recurrent, config.init_input, config.forget_bias)


def check_network(config: TrainConfig) -> None:
    """Refuse what is no network, before any data is read.

    Raises
    ------
    UsageError
        When an option is nothing to the cell or to the optimiser, or its value is none of theirs;
        when a network that reads windows from their end is asked to speak before it, or to carry
        states from one window to the next; when signals pass U twice in a step.
    """
    cell = CELLS.get(config.cell)(**dict(cell_options(config)))
    cell.mask(config.hidden, 1)
    zoneout_of(config)
    nothing = np.zeros(0, np.float32)
    make_optimiser(config, nothing, nothing)
    if config.direction != "forward" and config.loss_on == "all":
        raise UsageError(
            f"--direction {config.direction} with --loss-on all would look ahead: at a step before "
            "the last, the layer that reads from the end has seen what is to be forecast; "
            "choose --loss-on last"
        )
    if config.direction != "forward" and config.stateful:
        raise UsageError(
            f"--direction {config.direction} with --stateful would look ahead: a layer that reads "
            "from the end has no states to hand on to later windows; choose --direction forward"
        )
    if config.stateful and config.panel:
        raise UsageError(
            "--stateful goes through one series in order of time, and --panel through many; choose "
            "one of them"
        )
    if config.forget_bias is not None and not {"f", "c"} <= {*cell.gates, *cell.states}:
        raise UsageError(
            f"--forget-bias is nothing to the cell '{config.cell}', which has no forget gate over "
            "a cell state"
        )
    if not cell.trained and (config.stateful or config.target == "direction"):
        given = "--stateful" if config.stateful else "--target direction"
        raise UsageError(
            f"{given} is nothing to the cell '{config.cell}', whose read-out is solved for a mean "
            "from windows that stand alone; choose another cell"
        )
    periods = getattr(cell, "periods", ())
    if config.stateful and any(config.window % period for period in periods):
        raise UsageError(
            f"--window {config.window} is no multiple of all periods {periods}, and with "
            "--stateful the clock goes on from window to window; choose one that is"
        )
    if config.signal_penalty and (cell.late or not cell.trained):
        raise UsageError(
            f"--signal-penalty is nothing to the cell '{config.cell}': "
            + ("its states pass U twice in a step" if cell.late else "its U is not trained")
        )
