"""The driver: runs a cell over a sequence, forward and backward through time.

All gates of a step come from one product, ``z = [U W b] [h'; x; 1]``: what is fed back, the input
and a row of ones stand one upon the other in one buffer, so that the three weights also share one
product for their gradients.

Shapes: T steps, B batch, D inputs, H hidden units, G gates, R rows fed back (H, if only the first
state is), K = R + D + 1. Several models of one architecture run side by side where all arrays have
one axis more, written ``...`` here: weights (M, ...), inputs (T, M, D, B), states (M, H, B). Each
has the bits that it would have alone.
"""

from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from lstmfin.engine.buffers import Buffers, Noise, Sizes, States
from lstmfin.engine.cell import Cell, Initialisation, State, Step
from lstmfin.engine.params import Array, Shape
from lstmfin.engine.remedies import signal_penalty

MOST_NUMBERS = np.iinfo(np.intp).max
"""Beyond it, products of sizes overflow."""


MOST_SHAPES = 3
"""Shapes whose memory is kept: those of batches, of the last one, and of validation."""


class Gradients(NamedTuple):
    """What a backward pass gives beside the gradients of the weights.

    ``x`` is (T, ..., D, B) or None, ``initial`` (..., H, B) and ``below`` (T, ..., H, B) by name;
    ``penalty`` (...,) is that on the signals that were propagated back.
    """

    x: Array | None
    initial: States
    below: States
    penalty: Array


class Recurrent:
    """One recurrent layer.

    Parameters
    ----------
    cell : Cell
        The equations.
    n_inputs, n_hidden : int
        D and H.
    """

    def __init__(self, cell: Cell, n_inputs: int, n_hidden: int) -> None:
        self.cell = cell
        self.n_inputs = n_inputs
        self.n_hidden = n_hidden
        self.n_fed_back = n_hidden * max(1, len(cell.fed_back))
        self.mask = cell.mask(n_hidden, n_inputs)
        self._buffers: dict[Sizes, Buffers] = {}
        self._used: Buffers | None = None
        self._noise = Noise()

    def shapes(self) -> dict[str, Shape]:
        """Return names and shapes of the weights: A = [U W b], and the cell's own."""
        rows = len(self.cell.gates) * self.n_hidden
        return {
            "A": (rows, self.n_fed_back + self.n_inputs + 1),
            **self.cell.vectors(self.n_hidden),
        }

    def bind(self, p: SimpleNamespace) -> SimpleNamespace:
        """Return the weights as cells read them.

        ``U`` (..., GH, R), ``W`` (..., GH, D) and ``b`` (..., GH) are views of ``A``; weights of
        the cell's own that are one block a gate have the gates as their first axis.
        """
        p.U = p.A[..., : self.n_fed_back]
        p.W = p.A[..., self.n_fed_back : -1]
        p.b = p.A[..., -1]
        for name, shape in self.cell.vectors(self.n_hidden).items():
            if len(shape) == 3:
                setattr(p, name, np.moveaxis(getattr(p, name), -3, 0))
        return p

    def initialise(
        self, p: SimpleNamespace, rng: np.random.Generator, scheme: Initialisation | None = None
    ) -> None:
        """Draw the first weights; those that the equations do not have are 0, and stay so."""
        self.cell.initialise(p, rng, scheme or Initialisation())
        if self.mask is not None:
            p.A *= self.mask.astype(p.A.dtype)

    def forward(
        self,
        p: SimpleNamespace,
        x: Array,
        initial: States | None = None,
        *,
        below: States | None = None,
        start: int = 0,
        noise: Noise | None = None,
    ) -> Array:
        """Run the cell over a sequence.

        Parameters
        ----------
        x : ndarray (T, ..., D, B)
            Inputs.
        initial : dict of str to ndarray (..., H, B), optional
            States before the first step; zeros if not given.
        below : dict of str to ndarray (T, ..., H, B), optional
            States of the layer below, after each step, for cells that read them.
        start : int
            Steps that came before the first, for cells with a clock.
        noise : Noise, optional
            Masks of what is fed back, and shares of states that stay as they were.

        Returns
        -------
        ndarray (T, ..., H, B)
            The first state after each step: a view that the next forward pass of this shape reuses.
        """
        T, *lead, D, B = x.shape
        if (self.n_inputs, T > 0, B > 0) != (D, True, True):
            raise ValueError(f"inputs are (T, D, B) = {x.shape}; D must be {self.n_inputs}")
        cell, noise = self.cell, noise or Noise()
        if p.A.size * T * B > MOST_NUMBERS:
            raise ValueError(f"{T} steps of {B} samples are more numbers than can be counted")
        self._noise = noise
        kept = frozenset(noise.kept).intersection(cell.states)
        masked = noise.fed_back is not None
        sizes = Sizes(tuple(lead), T, B, D, self.n_hidden, p.A.dtype, masked, kept)
        s = self._used = self._buffers_of(sizes)
        s.fill(x, initial, below, start=start)
        early = s.early.up(p.A[..., : s.n_early, :], cell.halved * self.n_hidden)
        late = s.late.up(p.A[..., s.n_early :, :], 0) if cell.late else None
        multiply, cell_step = s.early.multiply, cell.step
        with np.errstate(over="ignore"):  # of an exponential, see `tanh`
            if late is None and not masked and not kept:
                for step in s.steps:
                    multiply(early, step.right, out=step.out)
                    cell_step(p, step)
                return s.states[cell.states[0]][1:]
            for t, step in enumerate(s.steps):
                if noise.fed_back is not None:
                    s.feed_back(t, noise.fed_back)
                multiply(early, step.right, out=step.out)
                if late is not None:
                    cell.reset(p, step)
                    if noise.fed_back is not None:
                        step.reset *= noise.fed_back
                    s.late.multiply(late, step.late_right, out=step.late_out)
                cell.step(p, step)
                for name in s.proposed:
                    s.keep(name, t, noise.kept[name])
        return s.states[cell.states[0]][1:]

    def _buffers_of(self, sizes: Sizes) -> Buffers:
        """Return buffers of these sizes, made if there are none; the oldest of many are let go."""
        if sizes not in self._buffers:
            while len(self._buffers) >= MOST_SHAPES:
                del self._buffers[next(iter(self._buffers))]
            self._buffers[sizes] = Buffers(self.cell, sizes)
        return self._buffers[sizes]

    def states(self) -> States:
        """Return the states after each step of the last forward pass, each (T, ..., H, B)."""
        assert self._used is not None
        return {name: states[1:] for name, states in self._used.states.items()}

    def last_states(self) -> States:
        """Return the states after the last step of the last forward pass, each (..., H, B)."""
        return {name: states[-1] for name, states in self.states().items()}

    def gates(self) -> States:
        """Return what the gates were at each step of the last forward pass, each (T, ..., H, B).

        A backward pass overwrites them.
        """
        assert self._used is not None
        views = [step.gates for step in self._used.steps]
        return {gate: np.stack(one) for gate, *one in zip(self.cell.gates, *views, strict=True)}

    def n_bytes(self) -> tuple[int, int]:
        """Return the memory of the last pass: what grows with steps and batch, and the rest."""
        assert self._used is not None
        return self._used.n_bytes

    def backward(
        self,
        p: SimpleNamespace,
        dp: SimpleNamespace,
        dstates: States,
        *,
        dlast: States | None = None,
        need_dx: bool = True,
        penalty: float = 0.0,
    ) -> Gradients:
        """Propagate gradients back through the last forward pass, which allows it once.

        Parameters
        ----------
        dp : namespace
            Gradients of the weights; they are added to.
        dstates : dict of str to ndarray (T, ..., H, B)
            Gradients that arrive at states after each step; at those not named, none do.
        dlast : dict of str to ndarray (..., H, B), optional
            Gradients that arrive at the last states.
        need_dx : bool
            Whether the gradient of the inputs is wanted.
        penalty : float
            Strength of the penalty on signals that shrink or grow, see ``signal_penalty``.
        """
        s, cell = self._used, self.cell
        assert s is not None
        assert s.is_fresh, "a forward pass allows one backward pass"
        s.is_fresh = False
        s.early.take(p.A[..., : s.n_early, :])
        if cell.late:
            s.late.take(p.A[..., s.n_early :, :])
        T = s.sizes.T
        s.dA[...] = 0
        d = s.state_gradients(dlast or {})
        arriving = [(getattr(d, name), dstate) for name, dstate in dstates.items()]
        dx = np.empty((T, *s.dx.shape), p.A.dtype) if need_dx else None
        omega = np.zeros(s.sizes.lead)
        mask, fed_back = self._noise.fed_back, s.fed_back_gradient
        has_own = bool(cell.vectors(self.n_hidden))
        for t in reversed(range(T)):
            if t == T - 1 or (t + 1) % s.n_folded == 0:
                cell.slopes(p, s.folds[t // s.n_folded])
            for at, dstate in arriving:
                at += dstate[t]
            before = s.squares(d) if penalty else None
            stayed = s.parted(d, t, self._noise.kept) if s.proposed else None
            step = s.steps[t]
            cell.step_backward(p, step, d)
            if has_own:
                cell.own_gradients(dp, step)
            if cell.late:
                self._reset_backward(p, step, d)
            leaked = fed_back.copy() if cell.leaks else None
            s.early.down(step.dearly)
            if mask is not None:
                fed_back *= mask
            if leaked is not None:
                fed_back += leaked
            if stayed is not None:
                s.rejoin(d, stayed)
            if before is not None:
                omega += self._penalise(t, before, s.squares(d), penalty)
            if dx is not None:
                dx[t] = s.dx + s.late_dx if cell.late else s.dx
            if t % s.n_folded == 0:
                s.fold(t)
        dp.A += s.dA if self.mask is None else s.dA * self.mask.astype(s.dA.dtype)
        initial = {name: getattr(d, name).copy() for name in s.states}
        return Gradients(dx, initial, s.dbelow, omega)

    def _reset_backward(self, p: SimpleNamespace, step: Step, d: State) -> None:
        """Go from the late gates to what they read in place of what is fed back."""
        s = self._used
        assert s is not None
        s.late.down(step.dlate)
        d.reset = s.late.ds[..., : self.n_fed_back, :]
        if self._noise.fed_back is not None:
            d.reset *= self._noise.fed_back
        self.cell.reset_backward(p, step, d)

    def _penalise(self, t: int, arrived: Array, passed_on: Array, strength: float) -> Array:
        """Return the penalty of a step, and add its gradient to that of U."""
        s, mask = self._used, self._noise.fed_back
        assert s is not None
        value, factor = signal_penalty(arrived, passed_on)
        scale = strength / (s.sizes.T * s.sizes.B)
        signals = s.fed_back_gradient * (scale * factor)[..., None, :]
        if mask is not None:
            signals *= mask
        dU = s.dA[..., : s.n_early, : self.n_fed_back]
        dz = s.steps[t].dearly.astype(np.float64)  # as small as the factor is large
        dU += np.matmul(dz, signals.swapaxes(-2, -1)).astype(dU.dtype)
        return np.asarray(scale * value.sum(axis=-1))
