"""Sixteen models of 32 units, two cores: networks side by side beside a loop of PyTorch's.

    python benchmarks/sweep.py

The same work: an LSTM of 32 units and a linear head, windows of 60 steps, batches of 64, Adam, the
squared error; 16 seeds. Ours: two processes, in each the models of one half in the same NumPy
calls. PyTorch's: one after the other, given both cores (its own choice of threads, and one, the
better of the two counted). Interleaved, medians; the ratio is PyTorch's time by ours.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from lstmfin.config import TrainConfig
from lstmfin.engine.architecture import Architecture
from lstmfin.engine.losses.mse import MeanSquared
from lstmfin.engine.network import Network
from lstmfin.engine.train import Task, fit_together

MODELS, CORES, ROUNDS = 16, 2, 3
N, T, D, H, B, EPOCHS = 1280, 60, 3, 32, 64, 5


class Samples:
    """Windows held in memory."""

    def __init__(self, n):
        rng = np.random.default_rng(0)
        self.x = rng.standard_normal((n, T, D)).astype("f")
        self.y = self.x[:, -5:, :1].mean(axis=1)

    def __len__(self):
        return len(self.x)

    def batch(self, indices):
        return self.x[indices], self.y[indices]


def half(seeds):
    """Train the models of one process."""
    config = TrainConfig(
        epochs=EPOCHS, batch=B, optimiser="adam", schedule="constant", dropout=0.0, patience=99
    )
    samples, few = Samples(N), Samples(B)
    tasks = []
    for seed in seeds:
        network = Network(Architecture("lstm", D, H, 1, 1))
        network.initialise(np.random.default_rng(seed), np.zeros(1))
        tasks.append(Task(network, samples, few, np.random.default_rng([seed, 1])))
    began = time.perf_counter()
    histories = fit_together(tasks, MeanSquared(), config=config)
    return time.perf_counter() - began, histories[0].train_loss[-1]


def ours(pool):
    began = time.perf_counter()
    list(pool.map(half, np.array_split(np.arange(MODELS), CORES)))
    return time.perf_counter() - began


def theirs(n_threads):
    import torch

    torch.set_num_threads(n_threads)
    samples = Samples(N)
    x, y = torch.from_numpy(samples.x.transpose(1, 0, 2).copy()), torch.from_numpy(samples.y)
    began = time.perf_counter()
    for seed in range(MODELS):
        torch.manual_seed(seed)
        lstm, head = torch.nn.LSTM(D, H), torch.nn.Linear(H, 1)
        adam = torch.optim.Adam([*lstm.parameters(), *head.parameters()], lr=1e-3)
        for _ in range(EPOCHS):
            for rows in torch.randperm(N).split(B):
                adam.zero_grad()
                out = head(lstm(x[:, rows])[0][-1])
                (0.5 * (out - y[rows]) ** 2).mean().backward()
                torch.nn.utils.clip_grad_norm_(lstm.parameters(), 1.0)
                adam.step()
    return time.perf_counter() - began


def main():
    alone = "--alone" in sys.argv
    rounds = []
    with ProcessPoolExecutor(CORES, get_context("spawn")) as pool:
        ours(pool)
        for _ in range(ROUNDS):
            others = [theirs(1), theirs(CORES)] if not alone else [np.nan]
            rounds.append((ours(pool), *others))
    own, *other = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"lstmfin, {CORES} processes, {MODELS // CORES} models side by side: {own:.2f} s")
    if not alone:
        print(f"PyTorch, one after the other: 1 thread {other[0]:.2f} s, {CORES} {other[1]:.2f} s")
        ratio = statistics.median(min(r[1:]) / r[0] for r in rounds)
        print(f"ratio to PyTorch's better: {ratio:.2f}")


if __name__ == "__main__":
    main()
