"""Sequences that cells need for the adding and the timing problem, beside published counts.

    python benchmarks/adding.py           # about ten minutes on a quiet machine
    python benchmarks/adding.py --short   # 100 steps alone

The published counts of the adding problem are those of Hochreiter & Schmidhuber (1997): sequences
until the mean error was below 0.01 and the last 2,000 were right, and wrong ones of 2,560.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
import time

from lstmfin.engine.problems import PROBLEMS
from lstmfin.engine.trial import Recipe, attempt

PUBLISHED = {100: 74_000, 500: 209_000, 1000: 853_000}
SEEDS = {100: 3, 500: 1, 1000: 1}


def row(problem, cell, length, seed, limit):
    """Run one trial and print what it came to."""
    chosen = PROBLEMS[problem]
    start = time.process_time()
    end = attempt(
        chosen, cell, length=length, seed=seed, limit=limit, recipe=Recipe(batch=chosen.batch)
    )
    seconds = time.process_time() - start
    print(
        f"{problem:8} {length:5} {cell:9} {seed:4} {end.n_weights:8} "
        f"{'yes' if end.solved else 'no':>6} {end.n_sequences:10,} {limit:10,} "
        f"{end.n_wrong:6} {seconds:8.0f}",
        flush=True,
    )


def main(arguments):
    print("problem  steps cell      seed  weights solved  sequences      limit  wrong  CPU sec.")
    lengths = [100] if "--short" in arguments else list(PUBLISHED)
    for length in lengths:
        for seed in range(SEEDS[length]):
            row("adding", "lstm", length, seed, PUBLISHED[length])
    row("adding", "rnn", 100, 0, PUBLISHED[100])
    if "--short" not in arguments:
        for cell in PROBLEMS["timing"].cells:
            row("timing", cell, 50, 0, PROBLEMS["timing"].limit)


if __name__ == "__main__":
    main(sys.argv[1:])
