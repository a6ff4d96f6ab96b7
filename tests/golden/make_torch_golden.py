"""Write ``torch_rnn_lstm.npz``: what PyTorch 2.13.0 computes in float64 on a CPU.

Run with a Python that has torch and numpy: ``python tests/golden/make_torch_golden.py``. Layers:
``nn.RNN`` (tanh) and ``nn.LSTM``, one and two deep; asymmetric random weights, random initial states,
and a scalar that reads every output and every last state. Training: ten full-batch steps of
``AdamW`` on half the mean squared error of an LSTM and a ``Linear``, biases not decayed; and the same
with ``Adam``, ``RMSprop`` and Nesterov ``SGD``, where torch's weight decay is an L2 penalty. Arrays
keep torch's own names and gate order (i f g o).
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

T, B, D, H = 5, 3, 2, 4
N, O, STEPS, RATE, DECAY = 7, 2, 10, 0.02, 0.1
OPTIMISERS = {
    "training": lambda groups: torch.optim.AdamW(groups, lr=RATE),
    "training-adam": lambda groups: torch.optim.Adam(groups, lr=RATE),
    "training-rmsprop": lambda groups: torch.optim.RMSprop(groups, lr=RATE),
    "training-sgd": lambda groups: torch.optim.SGD(groups, lr=RATE, momentum=0.8, nesterov=True),
}


def layers(kind: str, depth: int) -> dict[str, torch.Tensor]:
    """Return inputs, weights, outputs and gradients of a stack."""
    torch.manual_seed(100 * depth + len(kind))
    module = getattr(torch.nn, kind)(D, H, num_layers=depth).double()
    for weight in module.parameters():
        torch.nn.init.normal_(weight, std=0.6)
    x = torch.randn(T, B, D, dtype=torch.double, requires_grad=True)
    states = "hc" if kind == "LSTM" else "h"
    initial = {s: torch.randn(depth, B, H, dtype=torch.double, requires_grad=True) for s in states}
    given = tuple(initial.values())
    y, last = module(x, given if len(given) > 1 else given[0])
    last = dict(zip(states, last if len(given) > 1 else (last,), strict=True))
    dy = torch.randn_like(y)
    dlast = {s: torch.randn_like(value) for s, value in last.items()}
    ((y * dy).sum() + sum((last[s] * dlast[s]).sum() for s in states)).backward()
    found = {"x": x, "y": y, "dy": dy, "dx": x.grad}
    for s in states:
        found |= {
            f"{s}0": initial[s],
            f"{s}n": last[s],
            f"d{s}n": dlast[s],
            f"d{s}0": initial[s].grad,
        }
    for name, weight in module.named_parameters():
        found |= {name: weight, f"d{name}": weight.grad}
    return found


def training(make_optimiser: Callable[[list], torch.optim.Optimizer]) -> dict[str, torch.Tensor]:
    """Return first weights, samples and the loss before each of ten steps."""
    torch.manual_seed(7)
    lstm, head = torch.nn.LSTM(D, H).double(), torch.nn.Linear(H, O).double()
    torch.nn.init.normal_(head.weight, std=0.5)
    torch.nn.init.zeros_(lstm.bias_hh_l0).requires_grad_(False)  # one bias is enough
    x, y = torch.randn(N, T, D, dtype=torch.double), torch.randn(N, O, dtype=torch.double)
    found = {"x": x, "y": y}
    for owner, module in (("lstm", lstm), ("head", head)):
        found |= {f"{owner}.{name}": w.detach().clone() for name, w in module.named_parameters()}
    groups = [
        {"params": [lstm.weight_ih_l0, lstm.weight_hh_l0, head.weight], "weight_decay": DECAY},
        {"params": [lstm.bias_ih_l0, head.bias], "weight_decay": 0.0},
    ]
    optimiser, losses = make_optimiser(groups), []
    for _ in range(STEPS):
        loss = 0.5 * torch.nn.functional.mse_loss(head(lstm(x.transpose(0, 1))[0][-1]), y)
        losses.append(loss.detach())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return found | {
        "losses": torch.stack(losses),
        "rate_decay": torch.tensor([RATE, DECAY], dtype=torch.double),
    }


if __name__ == "__main__":
    groups = {f"{k.lower()}{n}": layers(k, n) for k in ("RNN", "LSTM") for n in (1, 2)}
    groups |= {name: training(make) for name, make in OPTIMISERS.items()}
    arrays = {
        f"{group}/{name}": value.detach().double().numpy()
        for group, values in groups.items()
        for name, value in values.items()
    }
    np.savez_compressed(Path(__file__).with_name("torch_rnn_lstm.npz"), **arrays)
