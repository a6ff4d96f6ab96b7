"""Our layers beside PyTorch's, live, in float64."""

import pytest
from by_torch import stack
from foreign import torch_differences

KINDS = {
    "lstm": ("LSTM", "lstm", {}, {}),
    "gru": ("GRU", "gru", {}, {"reset": "after"}),
    "rnn": ("RNN", "rnn", {}, {}),
    "rnn-relu": ("RNN", "rnn", {"nonlinearity": "relu"}, {"activation": "relu"}),
}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("T", [1, 7, 60])
@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("name", KINDS)
def test_stacks(name, depth, T, seed, agreement):
    """Outputs are PyTorch's to 1e-12, gradients of weights, inputs and initial states to 1e-10."""
    kind, cell, theirs, ours = KINDS[name]
    found = stack(kind, depth=depth, T=T, B=3, D=4, H=6, seed=seed, **theirs)
    outputs, gradients = torch_differences(found, cell, **ours)
    agreement(f"torch {name} outputs", outputs)
    agreement(f"torch {name} gradients", gradients)
    assert outputs < 1e-12
    assert gradients < 1e-10
