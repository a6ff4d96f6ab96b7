"""The vanilla LSTM whose gates also see all gates of the step before."""

from types import SimpleNamespace

import numpy as np

from lstmfin.engine.cell import Step
from lstmfin.engine.cells._vanilla import Vanilla
from lstmfin.engine.params import Array


class FGR(Vanilla):
    """Full gate recurrence (Greff et al. 2017, FGR; as in Hochreiter & Schmidhuber 1997).

    The pre-activations of i, f and o have U_i i' + U_f f' + U_o o' beside U h', with the gates of
    the step before; g has not. With all peepholes.
    """

    gates = "ifog"
    states = ("h", "c", "i", "f", "o")
    fed_back = ("h", "i", "f", "o")
    peepholes = "ifo"

    def mask(self, n_hidden: int, n_inputs: int) -> Array:
        """Return A's mask: g reads no gates."""
        mask = np.ones((4 * n_hidden, 4 * n_hidden + n_inputs + 1))
        mask[3 * n_hidden :, n_hidden : 4 * n_hidden] = 0
        return mask

    def step(self, p: SimpleNamespace, t: Step) -> None:
        """Forward."""
        super().step(p, t)
        t.i[:], t.f[:], t.o[:], _ = t.gates


CELL = FGR
