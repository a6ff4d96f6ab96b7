"""Gates, states and units in words."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmfin.engine.cell import Cell
from lstmfin.models.insight import Reading

Floats = NDArray[np.float64]

OF_A_CELL_STATE = {
    "f": "Forget gate f: share of the cell state that is kept",
    "i": "Input gate i: share of the candidate that is let in",
    "g": "Candidate g: what could be written",
    "d": "Depth gate d: share of the cell state below that is let in",
    "c": "Cell state c: what is remembered",
    "o": "Output gate o: share of the cell state that is shown",
    "h": "Hidden state h: what is read from here",
}
OF_A_HIDDEN_STATE = {
    "z": "Update gate z: share of the state that is kept",
    "f": "Gate f: share of the state that is renewed",
    "r": "Reset gate r: share of the state that the candidate sees",
    "n": "Candidate n: what could be written",
    "h": "Hidden state h: what is remembered, and read from here",
}
COUPLED = "Coupled gate: share of the cell state that is kept, 1 - i; as much as i is let in"


@dataclass(frozen=True)
class Panel:
    """One gate or state: what it is in words, its unit, and its curves (N, U), a unit a column."""

    title: str
    unit: str
    curves: Floats
    is_share: bool = False


def panels_of(cell: Cell, reading: Reading, units: NDArray[np.intp]) -> Iterator[Panel]:
    """Yield what chosen units of a layer did, what remembers first."""
    words = OF_A_CELL_STATE if "c" in reading.states else OF_A_HIDDEN_STATE
    coupled = bool(getattr(cell, "coupled", False))
    if coupled and reading.kept is not None:
        yield Panel(COUPLED, "share", reading.kept[:, units], is_share=True)
    every = reading.states | reading.gates  # those fed back are both
    for name, title in words.items():
        if name not in every or (coupled and name == "i"):
            continue
        is_share = name not in "gnch"
        unit = "share" if is_share else "state" if name in "ch" else "value"
        yield Panel(title, unit, every[name][:, units], is_share)
    for gate, added in reading.peepholes.items():
        yield Panel(f"Peephole to {gate}: what the cell state adds", "before σ", added[:, units])


def unit_names(reading: Reading, units: NDArray[np.intp], *, window: int) -> tuple[str, ...]:
    """Return the names of units, with how long they remember; capped at the window."""
    lives = reading.half_lives()
    return tuple(f"unit {k}{_memory(reading, k, lives[k], window)}" for k in units.tolist())


def _memory(reading: Reading, unit: int, life: float, window: int) -> str:
    if reading.periods is not None:
        return f": ticks every {reading.periods[unit]}"
    if math.isnan(life):
        return ""
    if math.isinf(life):
        return ": forgets nothing"
    return f": half-life > {window}" if life > window else f": half-life {life:.2g}"


def title_of(reading: Reading, *, window: int) -> str:
    """Return how long the network remembers, in a few words."""
    if reading.periods is not None:
        return f"clocks that tick every {reading.periods.min()} to {reading.periods.max()} sessions"
    longest = float(reading.half_lives()[reading.by_memory()[0]])
    if math.isnan(longest):
        return "a state that no gate holds"
    if longest > window:
        return f"a memory that holds for all of the {window} sessions"
    return f"a memory that halves in {longest:.2g} sessions"


def memory_words(reading: Reading, *, window: int) -> str:
    """Return how the memory of units is told, for the line under the title."""
    if reading.periods is not None:
        return "Clocks start anew in each window, so all states move by the session"
    if reading.kept is None:
        return "The units that move most"
    return f"Half-life in sessions: log ½ / log of the mean share kept, up to {window}"
