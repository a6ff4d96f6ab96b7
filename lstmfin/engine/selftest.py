"""Is every gradient the gradient? The proof by finite differences, for any machine.

Cells: inputs, every weight under its mask, random initial states, and what is read of the layer
below, with gradients arriving at all outputs and at the last states. Losses: all outputs.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from lstmfin.engine.gradcheck import Check, check_gradients
from lstmfin.engine.probe import Probe, Variant, variant_id, variants_of
from lstmfin.registry import CELLS, LOSSES

TOLERANCE = 1e-6
"""Largest relative error that passes; sound gradients come to 1e-8 or less in float64."""

SIZES = ((4, 2), (1, 1), (7, 150))
"""Steps and samples: a few of both, one of each, and more than fit one product."""


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


def proofs_of(cells: Iterable[str], losses: Iterable[str], *, seed: int = 0) -> list[Proof]:
    """Return the proofs to run, in order: each variant of each cell, then each loss."""

    def cell_proof(variant: Variant) -> Proof:
        return lambda: _finding("cell", variant_id(variant), _cell_checks(variant, seed))

    def loss_proof(name: str) -> Proof:
        return lambda: _finding("loss", name, _loss_checks(name, seed))

    variants = [variant for cell in cells for variant in variants_of(cell)]
    return [*map(cell_proof, variants), *map(loss_proof, losses)]


def everything(*, seed: int = 0) -> list[Proof]:
    """Return the proofs of every cell and every loss."""
    return proofs_of(CELLS.names(), LOSSES.names(), seed=seed)


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
