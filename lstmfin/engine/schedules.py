"""The course of the learning rate over a run, as a share of its peak."""

import math
from typing import ClassVar, Protocol

WARM_UP = 0.05
"""Share of the run over which the cosine rises to the peak."""


class Schedule(Protocol):
    """Says a share of the peak rate, and may learn from how epochs ended.

    What it remembers are the attributes named by ``numbers``, which a checkpoint keeps.
    """

    numbers: ClassVar[tuple[str, ...]]

    def share(self, progress: float) -> float:
        """Return the share of the peak rate at a progress between 0 and 1."""

    def after_epoch(self, *, improved: bool) -> None:
        """Learn whether the validation loss of an epoch was the best so far."""


class Constant:
    """The rate stays at its peak."""

    numbers: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, patience: int = 1) -> None:
        """Take the arguments of all schedules."""

    def share(self, progress: float) -> float:  # noqa: ARG002 - a schedule takes the progress
        """Return 1."""
        return 1.0

    def after_epoch(self, *, improved: bool) -> None:
        """Learn nothing."""


class Cosine(Constant):
    """A linear rise, then half a cosine down to 0.

    Loshchilov & Hutter (2017), eq. 5, without restarts.
    """

    def share(self, progress: float) -> float:
        """Return the share of the peak rate at a progress between 0 and 1."""
        if progress < WARM_UP:
            return progress / WARM_UP
        return 0.5 + 0.5 * math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))


class Plateau(Constant):
    """Half the rate each time that ``patience`` epochs brought no better validation loss."""

    numbers = ("level", "n_waited")

    def __init__(self, *, patience: int = 2) -> None:
        self.patience = patience
        self.level = 1.0
        self.n_waited = 0

    def share(self, progress: float) -> float:  # noqa: ARG002 - a schedule takes the progress
        """Return one, half, a quarter... of the peak."""
        return self.level

    def after_epoch(self, *, improved: bool) -> None:
        """Count the epochs without improvement, and halve the rate when they are enough."""
        self.n_waited = 0 if improved else self.n_waited + 1
        if self.n_waited == self.patience:
            self.level /= 2
            self.n_waited = 0


SCHEDULES: dict[str, type[Constant]] = {
    "constant": Constant,
    "cosine": Cosine,
    "plateau": Plateau,
}
