"""One layer forward and backward, beside ``torch.nn.LSTM`` on the CPU: one thread, interleaved.

    python benchmarks/engine_speed.py            # the grid; needs PyTorch
    python benchmarks/engine_speed.py --alone    # without PyTorch

A row is the median over rounds of the time of one pass; in each round both take their turn, so that
a machine that slows down slows both. The ratio is PyTorch's time by ours: above 1 is faster.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import math
import statistics
import sys
import time
from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cells.lstm import LSTM
from lstmfin.engine.recurrent import Recurrent

GRID = [
    (32, 60, 1, 32),
    (64, 60, 5, 64),
    (128, 60, 8, 64),
    (256, 240, 1, 25),
    (64, 30, 8, 128),
    (512, 60, 8, 32),
    (256, 60, 8, 256),
]
SECONDS = 3.0
"""Time that each row is given."""


def ours(B, T, D, H):
    """Return a function that runs one pass of our layer."""
    rng = np.random.default_rng(0)
    layer = Recurrent(LSTM(), D, H)
    p, dp = ({"A": rng.normal(size=layer.shapes()["A"]).astype("f") * 0.1} for _ in range(2))
    p, dp = (layer.bind(SimpleNamespace(**one)) for one in (p, dp))
    x = rng.normal(size=(T, D, B)).astype("f")
    dh = rng.normal(size=(T, H, B)).astype("f")

    def run():
        layer.forward(p, x)
        dp.A[:] = 0
        layer.backward(p, dp, {"h": dh}, need_dx=True)

    return run


def theirs(B, T, D, H):
    """Return a function that runs one pass of PyTorch's layer."""
    import torch

    torch.set_num_threads(1)
    layer = torch.nn.LSTM(D, H)
    x = torch.randn(T, B, D, requires_grad=True)
    dh = torch.randn(T, B, H)

    def run():
        layer.zero_grad()
        x.grad = None
        layer(x)[0].backward(dh)

    return run


def seconds(run):
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main():
    alone = "--alone" in sys.argv
    ratios = []
    print("| B, T, D, H | PyTorch | lstmfin | ratio |")
    print("|---|---|---|---|")
    for row in GRID:
        runs = [ours(*row)] if alone else [ours(*row), theirs(*row)]
        for run in runs:
            run()
        n_rounds = max(5, int(SECONDS / sum(seconds(run) for run in runs)))
        rounds = [[seconds(run) for run in runs] for _ in range(n_rounds)]
        own, *other = (1e3 * statistics.median(column) for column in zip(*rounds, strict=True))
        text = f"{other[0]:.1f} ms" if other else "-"
        ratio = statistics.median(b / a for a, b in rounds) if other else math.nan
        ratios.append(ratio)
        print(f"| {', '.join(map(str, row))} | {text} | {own:.1f} ms | {ratio:.2f} |", flush=True)
    print(f"geometric mean {statistics.geometric_mean(ratios):.2f}, least {min(ratios):.2f}")


if __name__ == "__main__":
    main()
