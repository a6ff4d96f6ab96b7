"""Memory of a training step beside the activations that backpropagation through time must keep.

    python benchmarks/memory.py

What must be kept of an LSTM layer: inputs, the four gates, and both states, at each step; all else
can be had from these. Beside it: all arrays of the layer that grow with steps or batch, and the
gradient of the inputs; what has the shape of the weights (four times theirs) stands apart.
"""

from types import SimpleNamespace

import numpy as np
from engine_speed import GRID

from lstmfin.engine.cells.lstm import LSTM
from lstmfin.engine.recurrent import Recurrent


def used(B, T, D, H):
    """Return the bytes of activations and of what is shaped as the weights, after a pass."""
    layer = Recurrent(LSTM(), D, H)
    p, dp = (layer.bind(SimpleNamespace(A=np.zeros(layer.shapes()["A"], "f"))) for _ in range(2))
    x, dh = np.zeros((T, D, B), "f"), np.zeros((T, H, B), "f")
    layer.forward(p, x)
    dx = layer.backward(p, dp, {"h": dh}, need_dx=True).x
    growing, weights = layer.n_bytes()
    return growing + dx.nbytes, weights


def main():
    print("| B, T, D, H | must be kept | kept | ratio | as the weights |")
    print("|---|---|---|---|---|")
    ratios = []
    for B, T, D, H in GRID:
        must, (found, weights) = 4 * T * B * (D + 6 * H), used(B, T, D, H)
        ratios.append(found / must)
        parts = (f"{B}, {T}, {D}, {H}", *(f"{n / 2**20:.2f} MiB" for n in (must, found)))
        print(f"| {' | '.join(parts)} | {ratios[-1]:.3f} | {weights / 2**20:.2f} MiB |")
    print(f"largest ratio {max(ratios):.3f}")


if __name__ == "__main__":
    main()
