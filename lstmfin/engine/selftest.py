"""Is every gradient the gradient? The proof by finite differences, for any machine.

Cells: inputs, every weight under its mask, random initial states, and what is read of the layer
below, with gradients arriving at all outputs and at the last states. Losses: all outputs. Options:
all weights of a network of each cell.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstmfin.engine.architecture import Architecture
from lstmfin.engine.dropout import Dropout, Rngs
from lstmfin.engine.gradcheck import Check, check_gradients
from lstmfin.engine.network import Network
from lstmfin.engine.probe import Probe, Variant, variant_id, variants_of
from lstmfin.engine.remedies import signal_penalty
from lstmfin.registry import CELLS, LOSSES

TOLERANCE = 1e-6
"""Largest relative error that passes; sound gradients come to 1e-8 or less in float64."""

SIZES = ((4, 2), (1, 1), (47, 2))
"""Steps and samples: a few of both, one of each, and several folds of steps, the last one short."""


@dataclass(frozen=True)
class Finding:
    """What the checks of one cell or loss came to.

    Attributes
    ----------
    n_checks : int
        Derivatives compared, each along a random direction.
    error : float
        The largest relative error.
    where : str
        The array it was found in.
    """

    kind: str
    name: str
    n_checks: int
    error: float
    where: str

    @property
    def ok(self) -> bool:
        """Whether all derivatives agree; one that is not finite does not."""
        return self.error < TOLERANCE


Proof = Callable[[], Finding]


OPTIONS: dict[str, dict[str, Any]] = {
    "two layers": {"n_layers": 2},
    "reading in reverse": {"direction": "reverse"},
    "reading both ways": {"direction": "bidirectional", "n_layers": 2},
    "learned start": {"learned_start": True},
    "zoneout": {"zoneout": (("h", 0.3), ("c", 0.4))},
    "dropout": {"dropout": Dropout(0.3), "n_layers": 2},
    "variational dropout": {"dropout": Dropout(0.3, 0.3, one_mask=True), "n_layers": 2},
    "loss on all steps": {"every_step": True},
    "models side by side": {"n_models": 3},
    "large layers": {"n_hidden": 64, "n_samples": 128},
}
"""Options of a network, each proved on every cell."""

SIGNAL_PENALTY = "signal penalty"
"""An option proved by itself: its gradient holds fast what it does not count."""


def proofs_of(
    cells: Iterable[str], losses: Iterable[str], options: Iterable[str] = (), *, seed: int = 0
) -> list[Proof]:
    """Return the proofs to run, in order: each variant of each cell, then each loss and option."""

    def cell_proof(variant: Variant) -> Proof:
        return lambda: _finding("cell", variant_id(variant), _cell_checks(variant, seed))

    def loss_proof(name: str) -> Proof:
        return lambda: _finding("loss", name, _loss_checks(name, seed))

    def option_proof(name: str) -> Proof:
        return lambda: _finding("option", name, _option_checks(name, seed))

    variants = [variant for cell in cells for variant in variants_of(cell)]
    return [*map(cell_proof, variants), *map(loss_proof, losses), *map(option_proof, options)]


def everything(*, seed: int = 0) -> list[Proof]:
    """Return the proofs of every cell, every loss and every option of a network."""
    return proofs_of(CELLS.names(), LOSSES.names(), (*OPTIONS, SIGNAL_PENALTY), seed=seed)


def _cell_checks(variant: Variant, seed: int) -> Iterator[Check]:
    for n_steps, n_samples in SIZES:
        probe = Probe(variant, T=n_steps, B=n_samples, seed=seed)
        yield from check_gradients(
            probe.scalar,
            probe.arrays(),
            probe.gradients(),
            rng=np.random.default_rng([seed, 1]),
            masks={} if probe.mask is None else {"own.A": probe.mask},
        )


def _option_checks(name: str, seed: int) -> Iterator[Check]:
    """Yield the checks of every cell in a network with an option."""
    if name == SIGNAL_PENALTY:
        yield from _penalty_checks(seed)
        return
    for cell in CELLS.names():
        yield from _checks_of_network(cell, seed=seed, **OPTIONS[name])


def _checks_of_network(
    cell: str,
    *,
    seed: int,
    dropout: Dropout | None = None,
    every_step: bool = False,
    n_models: int | None = None,
    n_layers: int = 1,
    n_hidden: int = 6,
    n_samples: int = 2,
    **place: Any,
) -> Iterator[Check]:
    T, D, H, B, O = 4, 3, n_hidden, n_samples, 2
    network = Network(
        Architecture(cell, D, H, n_layers, O, **place),
        dropout=dropout or Dropout(),
        dtype=np.float64,
        n_models=n_models,
    )
    rng = np.random.default_rng([seed, 2])
    network.params.flat[...] = 0.5 * rng.standard_normal(network.params.flat.shape)
    for name, mask in network.masks().items():
        network.params[name][...] *= mask
    x = rng.standard_normal((T, *network.lead, D, B))
    d = rng.standard_normal(((T,) if every_step else ()) + (*network.lead, O, B))

    def draws() -> Rngs | None:  # the same masks each time
        return np.random.default_rng(seed) if dropout else None

    def scalar() -> float:
        return float(np.sum(d * network.forward(x, draws(), every_step=every_step)))

    scalar()
    network.backward(d)
    arrays = dict(network.params)
    if not network.is_trained:
        arrays = {name: arrays[name] for name in ("head.W", "head.b")}
    gradients = {name: array.copy() for name, array in network.gradients.items()}
    for check in check_gradients(scalar, arrays, gradients, rng=rng, masks=network.masks()):
        yield replace(check, name=f"{check.name} of {cell}")


def _penalty_checks(seed: int) -> Iterator[Check]:
    """Yield the checks of Ω and the factor of its gradient, as a function of the signal."""
    rng = np.random.default_rng([seed, 3])
    arrived, v = 1 + rng.random(5), rng.standard_normal((4, 5))
    _, factor = signal_penalty(arrived, np.sum(v**2, axis=0))
    yield from check_gradients(
        lambda: float(signal_penalty(arrived, np.sum(v**2, axis=0))[0].sum()),
        {"signal": v},
        {"signal": factor * v},
        rng=rng,
        n_directions=10,
    )


def _loss_checks(name: str, seed: int) -> Iterator[Check]:
    loss, rng = LOSSES.get(name), np.random.default_rng(seed)
    outputs, target = rng.standard_normal((loss.n_parameters, 2, 6)), rng.standard_normal((2, 6))
    yield from check_gradients(
        lambda: float(loss.value(outputs, target).sum()),
        {"outputs": outputs},
        {"outputs": loss.gradient(outputs, target)},
        rng=rng,
        n_directions=20,
    )


def _finding(kind: str, name: str, checks: Iterable[Check]) -> Finding:
    checks = list(checks)
    worst = max(checks, key=lambda one: one.error if np.isfinite(one.error) else np.inf)
    error = worst.error if np.isfinite(worst.error) else np.inf
    return Finding(kind, name, len(checks), float(error), worst.name.removeprefix("own."))
