"""A network: recurrent layers, dropout between them, and a dense head.

Shapes: T steps, B batch, D inputs, H hidden units, O outputs. ``...`` stands for M models of one
architecture side by side, or for nothing: weights are (..., P), inputs (T, ..., D, B).
"""

import logging

import numpy as np

from lstmfin.engine.architecture import Architecture, levels, weight_shapes
from lstmfin.engine.buffers import Noise, States
from lstmfin.engine.cell import Initialisation
from lstmfin.engine.directed import Directed
from lstmfin.engine.dropout import Dropout, Rngs, zoneout
from lstmfin.engine.params import Array, Params
from lstmfin.engine.recurrent import Recurrent

log = logging.getLogger(__name__)

Carried = list[list[States]]
"""States of all layers, level by level."""


class Network:
    """Stacked recurrent layers and a dense head.

    Parameters
    ----------
    architecture : Architecture
        Cell, sizes and depth.
    dropout : Dropout or float
        What is dropped in training; a number is the share of inputs.
    dtype : dtype
        float32 in training, float64 in checks.
    n_models : int, optional
        M, if several models run side by side; their weights are (M, P).
    """

    def __init__(
        self,
        architecture: Architecture,
        *,
        dropout: Dropout | float = 0.0,
        dtype: type = np.float32,
        n_models: int | None = None,
    ) -> None:
        self.architecture = architecture
        self.dropout = dropout if isinstance(dropout, Dropout) else Dropout(inputs=dropout)
        self.lead = () if n_models is None else (n_models,)
        self.params = Params(weight_shapes(architecture), dtype, lead=self.lead)
        self.gradients = self.params.like()
        self.levels = [[self._directed(*place) for place in row] for row in levels(architecture)]
        self._masks: list[Array | None] = []
        self._top: Array | None = None
        self._said_cast = False

    def _directed(self, name: str, layer: Recurrent, flip: bool) -> Directed:  # noqa: FBT001
        return Directed(name, layer, flip=flip, params=self.params, gradients=self.gradients)

    @property
    def layers(self) -> list[Recurrent]:
        """All recurrent layers, level by level."""
        return [one.layer for level in self.levels for one in level]

    @property
    def is_trained(self) -> bool:
        """Whether gradients train the recurrent layers; else they stay as they were drawn."""
        return self.layers[0].cell.trained

    def masks(self) -> dict[str, Array]:
        """Return, by name, 1 where an array has a weight and 0 where the equations have none."""
        return {
            f"{one.name}.A": one.layer.mask
            for level in self.levels
            for one in level
            if one.layer.mask is not None
        }

    def decayed(self) -> Array:
        """Return 1 for weights that may decay, 0 for biases, gains and starts, as ``flat``."""
        mask = self.params.like()
        mask.flat[...] = 1
        mask["head.b"][...] = 0
        for name, part in mask.items():
            if name.endswith(".A"):
                part[..., -1] = 0
                part *= self.is_trained
            elif name.partition(".")[2].startswith(("start_", "gain", "shift")):
                part[...] = 0
        return mask.flat

    def initialise(
        self, rng: np.random.Generator, outputs: Array, scheme: Initialisation | None = None
    ) -> None:
        """Draw the first weights of one model.

        The head starts at weights of zero and the biases ``outputs`` (O,): a new network says the
        same of every window, and learns from there where windows differ.
        """
        for level in self.levels:
            for one in level:
                one.layer.initialise(one.p, rng, scheme or Initialisation())
                for start in one.starts(one.p).values():
                    start[...] = 0
        self.params["head.W"][...] = 0
        self.params["head.b"][...] = outputs

    def forward(
        self,
        x: Array,
        rng: Rngs | None = None,
        *,
        every_step: bool = False,
        carried: Carried | None = None,
    ) -> Array:
        """Return the outputs for inputs (T, ..., D, B).

        Parameters
        ----------
        rng : Generator, or one for each model, optional
            Draws what is dropped; nothing is if not given.
        every_step : bool
            Whether the head speaks after each step, (T, ..., O, B), or after the last, (..., O, B).
        carried : list, optional
            States to start from, as ``carry`` returned them; learned ones or zeros if not given.
        """
        top = self.read_out(x, rng, every_step=every_step, carried=carried)
        return np.asarray(self.params["head.W"] @ top + self.params["head.b"][..., None])

    def read_out(
        self,
        x: Array,
        rng: Rngs | None = None,
        *,
        every_step: bool = False,
        carried: Carried | None = None,
    ) -> Array:
        """Return what the head reads, H rows a direction: the top states after the steps."""
        x = self._cast(x)
        self._masks = []
        below: list[States] = [{} for _ in self.levels[0]]
        for number, level in enumerate(self.levels):
            x = self._dropped(x, rng)
            outputs = [
                one.forward(
                    x,
                    own,
                    initial=carried[number][at] if carried else None,
                    noise=self._noise(one, x, rng),
                )
                for at, (one, own) in enumerate(zip(level, below, strict=True))
            ]
            x = _side_by_side(outputs)
            below = [one.layer.states() for one in level]
        top = x if every_step else _side_by_side([one.last() for one in self.levels[-1]])
        self._top = self._dropped(top, rng)
        return self._top

    def carry(self) -> Carried:
        """Return copies of the states after the last step of the last forward pass."""
        return [
            [{name: s.copy() for name, s in one.layer.last_states().items()} for one in level]
            for level in self.levels
        ]

    def first_states(self) -> Carried:
        """Return the states before the first step, (..., H, 1): learned ones, or zeros."""
        shape, dtype = (*self.lead, self.architecture.n_hidden, 1), self.params.flat.dtype
        return [
            [
                dict.fromkeys(one.layer.cell.states, np.zeros(shape, dtype)) | one.starts(one.p)
                for one in level
            ]
            for level in self.levels
        ]

    def backward(
        self, doutputs: Array, *, penalty: float = 0.0, need_dx: bool = False
    ) -> Array | None:
        """Set ``gradients`` from that of the last forward pass's outputs, shaped as those are.

        Parameters
        ----------
        penalty : float
            Strength of the penalty on signals whose norm changes on their way back.
        need_dx : bool
            Whether the gradient of the inputs (T, ..., D, B) is wanted, which is returned then.
        """
        top = self._top
        assert top is not None
        self.gradients.flat[...] = 0
        masks, dh, dlast = list(self._masks), None, None
        dW, db = doutputs @ top.swapaxes(-2, -1), doutputs.sum(axis=-1)
        dtop = self.params["head.W"].swapaxes(-2, -1) @ doutputs
        if top.ndim == len(self.lead) + 2:
            dlast = _masked(dtop, masks.pop())
        else:
            dW, db = dW.sum(axis=0), db.sum(axis=0)
            dh = _masked(dtop, masks.pop())
        self.gradients["head.W"][...] = dW
        self.gradients["head.b"][...] = db
        if not self.is_trained and not need_dx:
            return None
        dbelow: list[States] = [{} for _ in self.levels[0]]
        for number in reversed(range(len(self.levels))):
            level = self.levels[number]
            parts = [
                one.backward(dh, own, dlast, at=at, need_dx=need_dx or number > 0, penalty=penalty)
                for at, (one, own) in enumerate(zip(level, dbelow, strict=True))
            ]
            dbelow, dlast = [part.below for part in parts], None
            mask = masks.pop()
            if need_dx or number > 0:
                dh = _masked(np.sum([part.x for part in parts if part.x is not None], axis=0), mask)
        return dh if need_dx else None

    def _cast(self, x: Array) -> Array:
        """Return inputs in the type of the weights; say once that others were given."""
        dtype = self.params.flat.dtype
        if x.dtype == dtype:
            return x
        if not self._said_cast:
            log.warning("inputs are %s and the network is %s: they are cast", x.dtype, dtype)
            self._said_cast = True
        return x.astype(dtype)

    def _dropped(self, x: Array, rng: Rngs | None) -> Array:
        mask = self.dropout.mask(x, rng)
        self._masks.append(mask)
        return x if mask is None else np.asarray(x * mask)

    def _noise(self, one: Directed, x: Array, rng: Rngs | None) -> Noise:
        T, *lead, _, B = x.shape
        dtype, layer = self.params.flat.dtype, one.layer
        fed_back = self.dropout.recurrent_mask((*lead, layer.n_fed_back, B), rng, dtype)
        shares = [(name, s) for name, s in self.architecture.zoneout if name in layer.cell.states]
        return Noise(fed_back, zoneout(shares, (T, *lead, layer.n_hidden, B), rng, dtype))


def _side_by_side(parts: list[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-2)


def _masked(gradient: Array, mask: Array | None) -> Array:
    return gradient if mask is None else gradient * mask
