"""Write ``onnxruntime.npz``: what onnxruntime 1.32.0 computes in float32 for random weights.

``PYTHONPATH=tests/tools python tests/golden/make_onnxruntime.py``, with a Python that has onnx,
onnxruntime and numpy. The nodes are those of ``tests/tools/by_onnxruntime.py``.
"""

import json
from pathlib import Path

import numpy as np
from by_onnxruntime import CASES, node

if __name__ == "__main__":
    arrays, attributes = {}, {}
    for seed, (case, (op, given, extra)) in enumerate(CASES.items()):
        inputs, outputs = node(op, given, extra, T=5, B=3, D=2, H=4, seed=seed)
        attributes[case] = {"op": op, **given}
        arrays |= {f"{case}/in/{name}": value for name, value in inputs.items()}
        arrays |= {f"{case}/out/{name}": value for name, value in outputs.items()}
    arrays["attributes"] = np.array(json.dumps(attributes))
    np.savez_compressed(Path(__file__).with_name("onnxruntime.npz"), **arrays)
