"""Our layers beside onnxruntime's, live, in float32."""

import numpy as np
import pytest
from by_onnxruntime import CASES, node
from foreign import by_our_layers


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("T", [1, 7, 60])
@pytest.mark.parametrize("case", CASES)
def test_nodes(case, T, seed, agreement):
    """Outputs and last states are onnxruntime's to 1e-5, with random weights; a large c to 1e-6 of it."""
    op, attributes, extra = CASES[case]
    inputs, expected = node(op, attributes, extra, T=T, B=3, D=4, H=6, seed=seed)
    found = by_our_layers(op, attributes, inputs)
    for name, value in expected.items():
        agreement(f"onnxruntime {case}", np.abs(found[name] - value).max())
        np.testing.assert_allclose(found[name], value, rtol=1e-6, atol=1e-5, err_msg=name)
