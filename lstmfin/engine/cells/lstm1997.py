"""The LSTM as it was first published: no forget gate, no peepholes."""

from lstmfin.engine.cells._vanilla import Vanilla


class LSTM1997(Vanilla):
    r"""Long short-term memory (Hochreiter & Schmidhuber 1997), without a forget gate.

    .. math:: c = c' + i g, \quad h = o\, tanh(c)

    The cell state is connected to itself with a weight of exactly 1, the constant error carousel:
    along c a gradient neither decays nor grows, however long the lag. The output gate starts
    half closed (bias -1), so that cells do not disturb each other early on.
    """

    gates = "iog"
    gate_bias = {"o": -1.0}  # noqa: RUF012 - a ClassVar in the base


CELL = LSTM1997
