"""Our layers beside what PyTorch and onnxruntime computed once; ``make oracles`` asks them anew."""

import json
from pathlib import Path

import numpy as np
import pytest
from foreign import by_our_layers, torch_differences, torch_network_differences

GOLDEN = Path(__file__).parents[1] / "golden"
TORCH = {
    "rnn": ("torch_rnn_lstm.npz", "rnn", {}),
    "lstm": ("torch_rnn_lstm.npz", "lstm", {}),
    "gru": ("torch_gru.npz", "gru", {"reset": "after"}),
    "rnn-relu": ("torch_gru.npz", "rnn", {"activation": "relu"}),
}


def _group(file, prefix):
    with np.load(GOLDEN / file) as arrays:
        return {
            key.removeprefix(prefix): arrays[key] for key in arrays.files if key.startswith(prefix)
        }


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("name", TORCH)
def test_outputs_and_gradients_of_pytorch(name, depth):
    """A stack gives PyTorch's outputs to 1e-12 and its gradients to 1e-10.

    From torch 2.13.0, float64: make_torch_golden.py and make_torch_gru.py in tests/golden.
    """
    file, cell, options = TORCH[name]
    outputs, gradients = torch_differences(_group(file, f"{name}{depth}/"), cell, **options)
    assert outputs < 1e-12
    assert gradients < 1e-10


@pytest.mark.parametrize(
    ("name", "options"), [("lstm", {}), ("gru", {"reset": "after"}), ("rnn", {})]
)
def test_networks_of_pytorch(name, options):
    """Two layers that read both ways, and an answer after each step: PyTorch's, as closely.

    From torch 2.13.0, float64: make_torch_networks.py in tests/golden.
    """
    found = _group("torch_networks.npz", f"{name}/")
    place = {"depth": 2, "bidirectional": True}
    outputs, gradients = torch_network_differences(found, name, **place, **options)
    assert outputs < 1e-12
    assert gradients < 1e-10


NODES = json.loads(str(_group("onnxruntime.npz", "attributes")[""]))


@pytest.mark.parametrize("case", NODES)
def test_outputs_of_onnxruntime(case):
    """Peepholes, coupled gates, both GRUs and both directions give onnxruntime's outputs to 1e-5.

    From onnxruntime 1.32.0, float32: tests/golden/make_onnxruntime.py.
    """
    op = NODES[case]["op"]
    found = by_our_layers(op, NODES[case], _group("onnxruntime.npz", f"{case}/in/"))
    for name, value in _group("onnxruntime.npz", f"{case}/out/").items():
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-5, err_msg=name)
