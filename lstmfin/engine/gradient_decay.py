r"""How a gradient decays or grows on its way back through time.

The states s of a layer (h of the simple network, h and c of the LSTM) are a function of those of
``lag`` steps before. The norm of that Jacobian,

.. math:: \left( \frac{1}{n} E \left\| \frac{∂s_T}{∂s_{T-lag}} \right\|_F^2 \right)^{1/2},

n states, is by how much a gradient in a random direction at step T shrinks until it arrives ``lag``
steps earlier. In the simple network it is a product of ``lag`` factors diag(tanh') U and goes to 0
or to infinity like a power (Hochreiter 1991; Bengio, Simard & Frasconi 1994; Pascanu, Mikolov &
Bengio 2013); along the cell state of an LSTM the factors are the forget gates.

Shapes: T steps, D inputs, B random sequences, H hidden units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from lstmfin.engine.buffers import Noise, States
from lstmfin.engine.network import Network
from lstmfin.engine.params import Array, Params
from lstmfin.engine.problems import PROBLEMS
from lstmfin.engine.recurrent import Recurrent
from lstmfin.engine.trial import Recipe, learn, new_learner
from lstmfin.registry import CELLS

LAGS = (1, 2, 5, 10, 20, 50, 100)
"""What a table shows."""

SCALES = (0.8, 1.0, 1.2)
"""Spectral radius of the orthogonal U of the simple network: below, at and above 1."""

N_SEQUENCES = 64
"""Random inputs, and as many random directions, to average over."""

LEARNED_LENGTH, LEARNED_LIMIT = 50, 40_000
"""Steps of the adding problem that cells learn before they are measured again, and the sequences
after which they give up."""

N_BEFORE = 50
"""Steps that are run before the first one that a gradient comes back to."""


@dataclass(frozen=True)
class Decay:
    """Norms by lag.

    Attributes
    ----------
    label : str
        Whose they are, in a few words.
    inputs : float
        Standard deviation of the inputs.
    norms : ndarray
        One for each lag: the share of a gradient that arrives; 1 at lag 0.
    """

    label: str
    cell: str
    inputs: float
    lags: tuple[int, ...]
    norms: Array


def gradient_norms(
    layer: Recurrent,
    p: SimpleNamespace,
    *,
    lags: Sequence[int],
    inputs: float,
    rng: np.random.Generator,
    n_sequences: int = N_SEQUENCES,
    noise: Noise | None = None,
) -> Array:
    """Return the norm of the Jacobian of the states by those of each lag before.

    Parameters
    ----------
    p : namespace
        The layer's weights, in double precision.
    lags : sequence of int
        Steps back.
    inputs : float
        Standard deviation of the normal inputs; with 0 a simple network without biases is at rest,
        where tanh is linear.
    n_sequences : int
        B, each with one random direction.
    noise : Noise, optional
        Shares of states that stay, of a network that was trained with zoneout.
    """
    x = inputs * rng.standard_normal((N_BEFORE + max(lags), layer.n_inputs, n_sequences))
    layer.forward(p, x, noise=noise)
    before = {name: states.copy() for name, states in layer.states().items()}
    n_states = len(before) * layer.n_hidden
    direction = rng.standard_normal((n_states, n_sequences))
    direction *= np.sqrt(n_states) / np.linalg.norm(direction, axis=0)
    dlast: States = dict(zip(before, np.split(direction, len(before)), strict=True))
    unused = layer.bind(SimpleNamespace(**{k: np.zeros(s) for k, s in layer.shapes().items()}))
    norms = []
    for lag in lags:
        start = len(x) - lag
        initial = {name: states[start - 1] for name, states in before.items()}
        layer.forward(p, x[start:], initial, start=start, noise=noise)
        arrived = layer.backward(p, unused, {}, dlast=dlast, need_dx=False).initial
        square = sum(float(np.sum(one**2)) for one in arrived.values())
        norms.append(np.sqrt(square / (n_states * n_sequences)))
    return np.array(norms)


def new_cell(
    cell: str,
    *,
    hidden: int,
    seed: int,
    lags: Sequence[int],
    inputs: float,
    scale: float | None = None,
    options: dict[str, Any] | None = None,
) -> Decay:
    """Measure a cell with first weights as they are drawn.

    Parameters
    ----------
    scale : float, optional
        U is multiplied by it; an orthogonal U then has it as its spectral radius.
    """
    layer = Recurrent(CELLS.get(cell)(**(options or {})), 1, hidden)
    p = _weights(layer)
    layer.initialise(p, np.random.default_rng([seed, 0]))
    if scale is not None:
        p.U *= scale
    rng = np.random.default_rng([seed, 1])
    norms = gradient_norms(layer, p, lags=lags, inputs=inputs, rng=rng)
    name = cell if scale is None else f"{cell}, U × {scale:g}"
    return Decay(name, cell, inputs, tuple(lags), norms)


def cell_that_learned(
    cell: str, *, hidden: int, seed: int, lags: Sequence[int], inputs: float
) -> list[Decay]:
    """Measure a cell before and after it learned the adding problem of ``LEARNED_LENGTH`` steps."""
    problem, recipe = PROBLEMS["adding"], Recipe(hidden=hidden)
    rng = np.random.default_rng(seed)
    learner = new_learner(problem, cell, length=LEARNED_LENGTH, recipe=recipe, rng=rng)

    def measured(how: str) -> Decay:
        return _measured(
            learner.layer, learner.params.owned_by("layer"), f"{cell}, {how}", seed, lags, inputs
        )

    before = measured("new")
    outcome = learn(
        learner,
        problem,
        length=LEARNED_LENGTH,
        seed=seed,
        limit=LEARNED_LIMIT,
        recipe=recipe,
        rng=rng,
    )
    return [before, measured("learned adding" if outcome.solved else "failed at adding")]


def trained_cell(network: Network, *, seed: int, lags: Sequence[int], inputs: float) -> Decay:
    """Measure the lowest layer of a network with the weights it has."""
    layer, label = network.layers[0], f"{network.architecture.cell}, trained"
    noise = Noise(None, dict(network.architecture.zoneout))
    weights = network.params.owned_by("layer0")
    return _measured(layer, weights, label, seed, lags, inputs, noise=noise)


def _measured(  # noqa: PLR0917 - each is named where it is given
    layer: Recurrent,
    weights: SimpleNamespace,
    label: str,
    seed: int,
    lags: Sequence[int],
    inputs: float,
    *,
    noise: Noise | None = None,
) -> Decay:
    """Measure a layer with the weights it has, in double precision."""
    double = SimpleNamespace(
        **{name: np.array(array, np.float64) for name, array in vars(weights).items()}
    )
    rng = np.random.default_rng([seed, 1])
    norms = gradient_norms(
        layer, layer.bind(double), lags=lags, inputs=inputs, rng=rng, noise=noise
    )
    return Decay(label, label.partition(",")[0], inputs, tuple(lags), norms)


def _weights(layer: Recurrent) -> SimpleNamespace:
    params = Params({f"own.{k}": shape for k, shape in layer.shapes().items()}, np.float64)
    return layer.bind(params.owned_by("own"))
