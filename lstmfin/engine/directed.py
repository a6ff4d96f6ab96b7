"""A recurrent layer in its place in a network: its weights, and the direction in which it reads."""

from types import SimpleNamespace

from lstmfin.engine.buffers import Noise, States
from lstmfin.engine.params import Array, Params
from lstmfin.engine.recurrent import Gradients, Recurrent


class Directed:
    """A layer that reads a window forward or in reverse.

    Parameters
    ----------
    name : str
        Of its weights: ``layer0``, or ``layer0r`` if it reads in reverse.
    layer : Recurrent
    flip : bool
        Whether it reads in reverse.
    params, gradients : Params
        Where its weights and their gradients are.
    """

    def __init__(
        self, name: str, layer: Recurrent, *, flip: bool, params: Params, gradients: Params
    ) -> None:
        self.name, self.layer = name, layer
        self.p, self.dp = (layer.bind(one.owned_by(name)) for one in (params, gradients))
        self._order = slice(None, None, -1 if flip else 1)
        self._learns_start = False

    def starts(self, p: SimpleNamespace) -> States:
        """Return the learned states before the first step, each (..., H, 1), by name."""
        found = {name: getattr(p, f"start_{name}", None) for name in self.layer.cell.states}
        return {name: start for name, start in found.items() if start is not None}

    def forward(
        self, x: Array, below: States, *, initial: States | None, noise: Noise | None
    ) -> Array:
        """Return the first state after each step, (T, ..., H, B), in the order of the inputs."""
        self._learns_start = initial is None
        starts = self.starts(self.p) if initial is None else initial
        h = self.layer.forward(self.p, x[self._order], starts or None, below=below, noise=noise)
        return h[self._order]

    def last(self) -> Array:
        """Return the first state after the last step that was read, (..., H, B)."""
        return self.layer.last_states()[self.layer.cell.states[0]]

    def backward(
        self,
        dh: Array | None,
        dbelow: States,
        dlast: Array | None,
        *,
        at: int,
        need_dx: bool,
        penalty: float,
    ) -> Gradients:
        """Propagate back; ``dh`` and ``dlast`` hold all layers side by side, this one at ``at``."""
        first, H = self.layer.cell.states[0], self.layer.n_hidden
        rows = slice(at * H, (at + 1) * H)
        dstates = dict(dbelow)
        if dh is not None:
            dstates[first] = dh[self._order][..., rows, :]
        d = self.layer.backward(
            self.p,
            self.dp,
            dstates,
            dlast={} if dlast is None else {first: dlast[..., rows, :]},
            need_dx=need_dx,
            penalty=penalty,
        )
        if self._learns_start:
            for name, dstart in self.starts(self.dp).items():
                dstart += d.initial[name].sum(axis=-1, keepdims=True)
        return d._replace(x=None if d.x is None else d.x[self._order])
