"""What onnxruntime computes in float32 for one node with random weights."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
CASES = {
    "lstm": ("LSTM", {}, ()),
    "lstm_initial": ("LSTM", {}, ("initial_h", "initial_c")),
    "peephole": ("LSTM", {}, ("initial_h", "initial_c", "P")),
    "peephole_bidirectional": (
        "LSTM",
        {"direction": "bidirectional"},
        ("initial_h", "initial_c", "P"),
    ),
    "coupled": ("LSTM", {"input_forget": 1}, ("initial_h", "initial_c")),
    "coupled_peephole": ("LSTM", {"input_forget": 1}, ("initial_h", "initial_c", "P")),
    "gru_before": ("GRU", {"linear_before_reset": 0}, ("initial_h",)),
    "gru_after": ("GRU", {"linear_before_reset": 1}, ("initial_h",)),
    "gru_reverse": ("GRU", {"linear_before_reset": 1, "direction": "reverse"}, ("initial_h",)),
    "rnn": ("RNN", {}, ("initial_h",)),
    "rnn_relu": ("RNN", {"activations": ["Relu"]}, ("initial_h",)),
}
"""Operator, attributes, and inputs beside X, W, R and B."""


def node(op, attributes, extra, *, T, B, D, H, seed):
    """Return the random inputs of a node and its outputs Y, Y_h and Y_c, by name."""
    rng, G = np.random.default_rng(seed), GATES[op]
    n = 2 if attributes.get("direction") == "bidirectional" else 1
    shapes = {
        "X": (T, B, D),
        "W": (n, G * H, D),
        "R": (n, G * H, H),
        "B": (n, 2 * G * H),
        "sequence_lens": None,
        "initial_h": (n, B, H),
        "initial_c": (n, B, H),
        "P": (n, 3 * H),
    }
    shapes = {k: v for k, v in shapes.items() if op == "LSTM" or k not in {"initial_c", "P"}}
    inputs = {
        name: (0.4 * rng.standard_normal(shape)).astype(np.float32)
        for name, shape in shapes.items()
        if name in {"X", "W", "R", "B", *extra}
    }
    outputs = ["Y", "Y_h", "Y_c"][: 3 if op == "LSTM" else 2]
    graph = helper.make_graph(
        [
            helper.make_node(
                op,
                [name if name in inputs else "" for name in shapes],
                outputs,
                hidden_size=H,
                **attributes,
            )
        ],
        op,
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v.shape) for k, v in inputs.items()],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, None) for k in outputs],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return inputs, dict(zip(outputs, session.run(outputs, inputs), strict=True))
