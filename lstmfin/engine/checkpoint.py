"""What a run is at one moment, and who keeps it: plain arrays and values, no files here."""

from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray


@dataclass(frozen=True)
class State:
    """A run between two steps; one that goes on from it ends with the bits it would have had.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Weights, what the optimiser remembers, the order of the windows, the history.
    values : dict
        Counters, the rate and the state of the random stream; all of it can be written as JSON.
    """

    arrays: dict[str, NDArray[Any]]
    values: dict[str, Any]


class Checkpoint(Protocol):
    """Keeps the last state of a run."""

    def load(self) -> State | None:
        """Return the state to go on from, or None to start anew."""

    def save(self, state: State) -> None:
        """Keep a state in place of the one before."""
