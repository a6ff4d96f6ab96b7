"""What PyTorch computes in float64 for a stack with random weights: outputs and gradients."""

import torch

SCALE = 0.4
"""Of the weights: near one over the root of six units, so that max(0, ·) does not explode."""


def stack(kind, *, depth, T, B, D, H, seed, **options):
    """Return inputs, weights, outputs and gradients by torch's own names.

    Weights are asymmetric, initial states random; the scalar reads every output and every last
    state. ``kind`` is RNN, GRU or LSTM.
    """
    draws = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, dtype=torch.double, generator=draws)

    module = getattr(torch.nn, kind)(D, H, num_layers=depth, **options).double()
    for weight in module.parameters():
        weight.data = SCALE * normal(*weight.shape)
    states = "hc" if kind == "LSTM" else "h"
    x = normal(T, B, D).requires_grad_()
    initial = {s: normal(depth, B, H).requires_grad_() for s in states}
    given = tuple(initial.values())
    y, last = module(x, given if kind == "LSTM" else given[0])
    last = dict(zip(states, last if kind == "LSTM" else (last,), strict=True))
    dy, dlast = normal(*y.shape), {s: normal(*value.shape) for s, value in last.items()}
    ((y * dy).sum() + sum((last[s] * dlast[s]).sum() for s in states)).backward()
    found = {"x": x, "dx": x.grad, "y": y, "dy": dy}
    for s in states:
        found |= {f"{s}0": initial[s], f"d{s}0": initial[s].grad}
        found |= {f"{s}n": last[s], f"d{s}n": dlast[s]}
    for name, weight in module.named_parameters():
        found |= {name: weight, f"d{name}": weight.grad}
    return {name: value.detach().numpy().copy() for name, value in found.items()}


def network(kind, *, depth, bidirectional, T, B, D, H, O, seed, **options):
    """Return what a stack with a linear answer after each step gives, and all of its gradients.

    Inputs and outputs are (T, B, ·); the weights of the answer are named ``head``.
    """
    draws = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, dtype=torch.double, generator=draws)

    module = getattr(torch.nn, kind)(
        D, H, num_layers=depth, bidirectional=bidirectional, **options
    ).double()
    head = torch.nn.Linear(H * (1 + bidirectional), O).double()
    for weight in (*module.parameters(), *head.parameters()):
        weight.data = SCALE * normal(*weight.shape)
    x = normal(T, B, D)
    y = head(module(x)[0])
    dy = normal(*y.shape)
    (y * dy).sum().backward()
    found = {"x": x, "y": y, "dy": dy}
    named = [*module.named_parameters(), *((f"head.{n}", w) for n, w in head.named_parameters())]
    for name, weight in named:
        found |= {name: weight, f"d{name}": weight.grad}
    return {name: value.detach().numpy().copy() for name, value in found.items()}
