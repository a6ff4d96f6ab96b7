"""Which options a cell takes, and those that a configuration gives it."""

import inspect
from typing import Any

from lstmfin.config import TrainConfig
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
