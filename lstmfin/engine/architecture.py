"""What a network is made of: with its weights, all that is needed to rebuild it."""

from dataclasses import dataclass
from typing import Any

from lstmfin.engine.params import Shape
from lstmfin.engine.recurrent import Recurrent
from lstmfin.registry import CELLS


@dataclass(frozen=True)
class Architecture:
    """Cell, sizes, depth, and how windows are read."""

    cell: str
    n_inputs: int
    n_hidden: int
    n_layers: int
    n_outputs: int
    options: tuple[tuple[str, Any], ...] = ()
    """Options of the cell, by name."""
    direction: str = "forward"
    """Whether layers read a window forward, in reverse, or both ways side by side."""
    learned_start: bool = False
    """Whether the states before the first step are weights; they are zero otherwise."""
    zoneout: tuple[tuple[str, float], ...] = ()
    """Share of each state that stays as it was, by name of the state."""
    stateful: bool = False
    """Whether a window starts from the states that the one T sessions before it left."""

    @property
    def flips(self) -> tuple[bool, ...]:
        """For each of the layers side by side, whether it reads the window in reverse."""
        return {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}[
            self.direction
        ]


def weight_shapes(architecture: Architecture) -> dict[str, Shape]:
    """Return names and shapes of a network's weights, without making room for any."""
    a = architecture
    shapes: dict[str, Shape] = {}
    for level in levels(a):
        for owner, layer, _ in level:
            shapes |= {f"{owner}.{name}": shape for name, shape in layer.shapes().items()}
            if a.learned_start:
                shapes |= {f"{owner}.start_{s}": (a.n_hidden, 1) for s in layer.cell.states}
    return shapes | {
        "head.W": (a.n_outputs, a.n_hidden * len(a.flips)),
        "head.b": (a.n_outputs,),
    }


def levels(a: Architecture) -> list[list[tuple[str, Recurrent, bool]]]:
    """Return for each level the layers side by side: name, layer, and whether it reads backward."""
    cell = CELLS.get(a.cell)(**dict(a.options))
    sizes = [a.n_inputs] + [a.n_hidden * len(a.flips)] * (a.n_layers - 1)
    return [
        [
            (f"layer{number}{'r' * flip}", Recurrent(cell, size, a.n_hidden), flip)
            for flip in a.flips
        ]
        for number, size in enumerate(sizes)
    ]
