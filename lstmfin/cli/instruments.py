"""Options of the commands that look at the engine itself; none of them stands in lstmfin.toml."""

from dataclasses import dataclass
from pathlib import Path

from lstmfin.config import Section, option
from lstmfin.registry import CELLS

SEED = "Seed of every random draw."
MOST_SEED = 2**32 - 1


@dataclass(frozen=True)
class SelftestConfig(Section):
    """What is proved."""

    cell: tuple[str, ...] = option(
        (), "Cells to check, separated by commas; all cells and losses if not given.", choices=CELLS
    )


@dataclass(frozen=True)
class GradientsConfig(Section):
    """Whose gradients are measured."""

    cell: tuple[str, ...] = option(
        ("rnn", "gru", "lstm", "lstm1997"), "Cells, separated by commas.", choices=CELLS
    )
    hidden: int = option(32, "Units of each.", minimum=1, maximum=1024)
    trained: str | None = option(
        None, "Symbol whose saved model is measured as well, its units in place of --hidden."
    )
    learned: bool = option(
        False, "Measure each cell once more after it learned the adding problem, of 50 steps."
    )
    out: Path | None = option(None, "File (.png .svg .pdf) to draw the curves to.")
    theme: str = option("light", "Colours of the picture.", choices=("light", "dark"))
    seed: int = option(0, SEED, minimum=0, maximum=MOST_SEED)


@dataclass(frozen=True)
class BenchConfig(Section):
    """How a problem is put to cells."""

    cell: tuple[str, ...] = option(
        (),
        "Cells, separated by commas; those that the problem is about if not given.",
        choices=CELLS,
    )
    length: int | None = option(
        None, "Steps: 100 of adding, 50 of timing if not given.", minimum=1, maximum=100_000
    )
    hidden: int = option(8, "Units of each cell.", minimum=1, maximum=1024)
    batch: int | None = option(
        None,
        "Sequences in a training step; 16 of adding, 4 of timing if not given.",
        minimum=1,
        maximum=65_536,
    )
    learning_rate: float = option(0.01, "First learning rate.", above=0, maximum=1)
    memory: float = option(
        1.0,
        "How long a new cell remembers at most, in lengths of the problem; 0 as the cell has it.",
        minimum=0,
        maximum=1000,
    )
    limit: int | None = option(
        None, "Sequences after which to give up.", minimum=1, maximum=1_000_000_000
    )
    out: Path | None = option(None, "File (.png .svg .pdf) to draw the learning curves to.")
    theme: str = option("light", "Colours of the picture.", choices=("light", "dark"))
    seed: int = option(0, SEED, minimum=0, maximum=MOST_SEED)
