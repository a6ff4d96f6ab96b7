r"""What a network did with what it saw: its gates, how long it remembers, what a forecast rests on.

Gates are those after the last step of each window: what the head reads, of inputs scaled as they
were when the forecast was made. One long pass would show a memory that the network never has, for a
window begins without one.

Shapes: N windows, T steps, D inputs, H units, O outputs, K points on a path.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmfin.engine.buffers import States
from lstmfin.engine.cell import Cell
from lstmfin.engine.network import Carried, Network
from lstmfin.engine.params import Array
from lstmfin.engine.samples import carried_to, turned
from lstmfin.models.samples import Samples

Floats = NDArray[np.float64]

TOLERANCE = 1e-4
"""Attributions add up to what they explain within this share of their sizes."""

POINTS = 16
"""Of a piece of the path; a piece on which they miss what the output changed by is halved."""

SHORTEST = 1 / 64
"""A piece may miss as much as one of this share of the path: where a ReLU bends, all are short."""

MOST_POINTS = 4096
"""Beyond it the sum is as good as it gets, and says by how much it is wrong."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What a layer did after the last step of N windows.

    Attributes
    ----------
    gates, states : dict of str to ndarray (N, H)
        By the letters of the cell's equations.
    peepholes : dict of str to ndarray (N, H)
        What the cell state adds to the pre-activation of each gate that sees it.
    kept : ndarray (N, H), or None
        Share of a unit's own state that it carries over the step; None where no gate, clock or leak
        of the cell says one.
    periods : ndarray of int (H,), or None
        Of the clock of each unit, in steps.
    """

    gates: dict[str, Floats]
    states: dict[str, Floats]
    peepholes: dict[str, Floats]
    kept: Floats | None
    periods: NDArray[np.int64] | None

    def half_lives(self) -> Floats:
        r"""Return the half-life of each unit in steps (H,), log 0.5 / log f of the mean share f.

        It is infinite where all is kept, 0 where nothing is, NaN where nothing says a share.
        """
        if self.kept is None:
            return np.full(next(iter(self.states.values())).shape[1], np.nan)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(2) / np.abs(np.log(self.kept.mean(axis=0))))

    def by_memory(self) -> NDArray[np.intp]:
        """Return the units (H,), that of the longest memory first.

        By the clock where there is one, one unit of each period first; by the share that is kept;
        else those first whose state moves most.
        """
        if self.periods is not None:
            first = np.unique(self.periods, return_index=True)[1]
            is_later = ~np.isin(np.arange(len(self.periods)), first)
            return np.lexsort((-self.periods, is_later))
        state = next(iter(self.states.values()))
        rank = state.std(axis=0) if self.kept is None else self.kept.mean(axis=0)
        return np.argsort(-rank, kind="stable")


def read_layer(network: Network, samples: Samples, *, level: int = 0) -> Reading:
    """Return what a layer of a network did on windows; of two side by side, the forward one.

    Parameters
    ----------
    level : int
        Of the layer, counted from the lowest, which reads the inputs.
    """
    every = np.arange(len(samples))
    x, _ = samples.batch(every)
    network.forward(turned(x), carried=carried_into(network, samples, every))
    directed = network.levels[level][0]
    layer, cell = directed.layer, directed.layer.cell
    after, gates = layer.states(), _last(layer.gates())
    states = _last(after)
    peepholes = {}
    for gate in getattr(cell, "peepholes", ""):
        seen = after["c"][-1 if gate == "o" else -2].T
        peepholes[gate] = np.asarray(getattr(directed.p, f"p_{gate}")[:, 0] * seen, np.float64)
    periods = getattr(cell, "periods", None)
    return Reading(
        gates={name: gate for name, gate in gates.items() if name not in states},
        states=states,
        peepholes=peepholes,
        kept=kept_share(cell, gates),
        periods=None if periods is None else np.repeat(periods, layer.n_hidden // len(periods)),
    )


def _last(arrays: States) -> dict[str, Floats]:
    """Return those (T, H, N) after the last step, (N, H)."""
    return {name: np.array(one[-1].T, np.float64) for name, one in arrays.items()}


def kept_share(cell: Cell, gates: dict[str, Floats]) -> Floats | None:
    """Return the share of its own state that a unit carries over a step, as its gates say.

    Of the LSTM the forget gate, 1 where there is none, and 1 - i where it is coupled; z of the GRU,
    1 - f of the MGU, and what the ESN does not leak. None of a cell without such a path.
    """
    if "c" in cell.states:
        if getattr(cell, "coupled", False):
            return 1 - gates["i"]
        return gates.get("f", np.ones_like(gates["g"]))
    if "z" in gates:
        return gates["z"]
    if "f" in gates:
        return 1 - gates["f"]
    leak = getattr(cell, "leak", 1.0)
    return None if leak == 1 else np.full_like(gates["h"], 1 - leak)


@dataclass(frozen=True, eq=False)
class Attribution:
    """What each input of a window adds to a forecast.

    Attributes
    ----------
    values : ndarray (T, D)
        In the unit of the forecast.
    forecast, baseline : float
        Of the window, and of the one it is compared with.
    n_points : int
        Windows on the path between them that were looked at.
    """

    values: Floats
    forecast: float
    baseline: float
    n_points: int

    @property
    def gap(self) -> float:
        """By how much the values miss the forecast less the baseline's: 0 if the path is exact."""
        return abs(float(self.values.sum()) - (self.forecast - self.baseline))

    @property
    def is_complete(self) -> bool:
        """Whether they add up, to within ``TOLERANCE``."""
        return self.gap <= TOLERANCE * float(np.abs(self.values).sum())


def integrated_gradients(
    network: Network,
    x: Array,
    *,
    output: int,
    baseline: Array | None = None,
    carried: Carried | None = None,
) -> Attribution:
    r"""Return what each input of a window adds to an output, by integrated gradients.

    .. math:: a_{td} = (x_{td} - x'_{td}) \int_0^1
              \frac{\partial F(x' + α (x - x'))}{\partial x_{td}}\, dα

    Their sum is F(x) - F(x'), whatever F is, and so on each piece of the path: pieces on which
    Gauss and Legendre's rule misses it are halved until it does not. In double precision.

    Parameters
    ----------
    x : ndarray (T, D)
        The window, scaled.
    output : int
        Which of the O.
    baseline : ndarray (T, D), optional
        The window x' that says nothing; zeros, the mean of each input in training, if not given.
    carried : list, optional
        States (H, 1) that the window begins from; they are of both windows.

    Notes
    -----
    M. Sundararajan, A. Taly and Q. Yan (2017), eq. 1; completeness is their proposition 1.
    """
    window = np.array(x, np.float64)
    start = np.zeros_like(window) if baseline is None else np.asarray(baseline, np.float64)
    double = Network(network.architecture, dtype=np.float64)
    double.params.flat[:] = network.params.flat
    ends = np.stack([start, window], axis=-1)
    before, after = double.forward(ends, carried=_many(carried, 2))[output].tolist()
    values, n_points, pieces = np.zeros_like(window), 0, np.array([[0.0, 1.0]])
    while True:
        parts, gaps = _parts(double, ends, pieces, output=output, carried=carried)
        n_points += len(pieces) * (POINTS + 2)
        allowed = TOLERANCE * np.abs(values + parts.sum(axis=2)).sum()
        rough = gaps > allowed * np.maximum(np.diff(pieces)[:, 0], SHORTEST)
        if n_points + 2 * rough.sum() * (POINTS + 2) > MOST_POINTS:
            rough[:] = False
        values += parts[..., ~rough].sum(axis=2)
        if not rough.any():
            return Attribution(values, after, before, n_points)
        low, high = pieces[rough].T
        middle = (low + high) / 2
        pieces = np.concatenate([np.c_[low, middle], np.c_[middle, high]])


def _parts(
    network: Network,
    ends: Floats,
    pieces: Floats,
    *,
    output: int,
    carried: Carried | None,
) -> tuple[Floats, Floats]:
    """Return what each piece of the path adds (T, D, n), and by how much its sum is wrong (n,)."""
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    rule = np.r_[0, (nodes + 1) / 2, 1]  # with both ends, for what the output changed by
    width = np.diff(pieces)  # (n, 1)
    along = (pieces[:, :1] + width * rule).ravel()
    step = ends[..., 1:] - ends[..., :1]  # (T, D, 1)
    said = network.forward(ends[..., :1] + along * step, carried=_many(carried, along.size))
    asked = np.zeros_like(said)
    asked[output] = 1
    dx = network.backward(asked, need_dx=True)
    assert dx is not None
    slopes = dx.reshape(*dx.shape[:2], len(pieces), -1)[..., 1:-1] @ (weights / 2)
    parts = step * slopes * width.T
    at = said[output].reshape(len(pieces), -1)
    return parts, np.abs(parts.sum(axis=(0, 1)) - (at[:, -1] - at[:, 0]))


def _many(carried: Carried | None, n: int) -> Carried | None:
    if carried is None:
        return None
    return [
        [{name: np.repeat(s, n, axis=-1) for name, s in one.items()} for one in level]
        for level in carried
    ]


def carried_into(network: Network, samples: Samples, indices: NDArray[np.intp]) -> Carried | None:
    """Return the states that windows begin from, or None where they begin from none."""
    if not network.architecture.stateful:
        return None
    return carried_to(network, samples, indices, samples.windows.length)
