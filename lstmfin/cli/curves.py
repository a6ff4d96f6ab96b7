"""The learning curve of a training that is under way."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lstmfin.cli.advance import Advance

if TYPE_CHECKING:
    from lstmfin.engine.checkpoint import Checkpoint, State
    from lstmfin.models.checkpoint import Checkpoints


class Curves:
    """Hands on what checkpoints are to keep, and shows how far each network has come."""

    def __init__(self, checkpoints: "Checkpoints", move: Advance) -> None:
        self.checkpoints, self.move = checkpoints, move
        self.losses: dict[int, list[float]] = {}

    def of(self, number: int) -> "Checkpoint":
        """Return the checkpoint of a member."""
        return _Watched(self, number)

    def show(self, number: int, state: "State") -> None:
        """Show the losses of all members, one of which has ended an epoch."""
        self.losses[number] = state.arrays["history.validation_loss"].tolist()
        self.move.curve(list(self.losses.values()))


@dataclass(frozen=True)
class _Watched:
    """The checkpoint of one member."""

    curves: Curves
    number: int

    def load(self) -> "State | None":
        return self.curves.checkpoints[self.number].load()

    def save(self, state: "State") -> None:
        self.curves.checkpoints[self.number].save(state)
        self.curves.show(self.number, state)
