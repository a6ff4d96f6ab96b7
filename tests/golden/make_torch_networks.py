"""Write ``torch_networks.npz``: what PyTorch 2.13.0 computes in float64 on a CPU for whole networks.

``PYTHONPATH=tests/tools python tests/golden/make_torch_networks.py``, with a Python that has torch and
numpy. Two layers that read both ways and a linear answer after each step; see ``by_torch.network``.
"""

from pathlib import Path

import numpy as np
from by_torch import network

PLACE = {"depth": 2, "bidirectional": True, "T": 5, "B": 3, "D": 2, "H": 4, "O": 2, "seed": 4}

if __name__ == "__main__":
    arrays = {}
    for kind in ("LSTM", "GRU", "RNN"):
        found = network(kind, **PLACE)
        arrays |= {f"{kind.lower()}/{key}": value for key, value in found.items()}
    np.savez_compressed(Path(__file__).with_name("torch_networks.npz"), **arrays)
