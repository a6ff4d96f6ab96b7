"""Our layers beside PyTorch's, live, in float64."""

import pytest
from by_torch import network, stack
from foreign import torch_differences, torch_network_differences

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


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("name", KINDS)
def test_networks(name, depth, bidirectional, seed, agreement):
    """Stacks that read both ways, with an answer after each step: the same to 1e-12 and 1e-10."""
    kind, cell, theirs, ours = KINDS[name]
    place = {"depth": depth, "bidirectional": bidirectional}
    found = network(kind, T=9, B=3, D=4, H=6, O=2, seed=seed, **place, **theirs)
    outputs, gradients = torch_network_differences(found, cell, **place, **ours)
    agreement(f"torch {name} network outputs", outputs)
    agreement(f"torch {name} network gradients", gradients)
    assert outputs < 1e-12
    assert gradients < 1e-10
