"""Write ``torch_gru.npz``: what PyTorch 2.13.0 computes in float64 on a CPU for GRU and ReLU stacks.

``PYTHONPATH=tests/tools python tests/golden/make_torch_gru.py``, with a Python that has torch and
numpy. ``nn.GRU``, one and two deep, and ``nn.RNN`` with ReLU; see ``tests/tools/by_torch.py``.
"""

from pathlib import Path

import numpy as np
from by_torch import stack

SIZES = {"T": 5, "B": 3, "D": 2, "H": 4}

if __name__ == "__main__":
    arrays = {}
    for depth in (1, 2):
        groups = {
            "gru": stack("GRU", depth=depth, seed=depth, **SIZES),
            "rnn-relu": stack("RNN", depth=depth, seed=depth, nonlinearity="relu", **SIZES),
        }
        for name, found in groups.items():
            arrays |= {f"{name}{depth}/{key}": value for key, value in found.items()}
    np.savez_compressed(Path(__file__).with_name("torch_gru.npz"), **arrays)
