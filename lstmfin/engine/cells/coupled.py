"""The LSTM that forgets as much as it takes in."""

from lstmfin.engine.cells._vanilla import Vanilla, checked_peepholes


class Coupled(Vanilla):
    r"""LSTM with coupled input and forget gate (Greff et al. 2017, CIFG), peepholes if wanted.

    .. math:: f = 1 - i, \quad c = (1 - i) c' + i g

    Parameters
    ----------
    peepholes : str
        Which of the gates i and o see the cell state; none if empty.
    """

    gates = "iog"
    coupled = True
    gate_bias = {"i": -1.0}  # noqa: RUF012 - f = 1 - i starts at σ(1), as that of the LSTM does
    variants = tuple({"peepholes": p} for p in ("", "io", "i", "o"))

    def __init__(self, *, peepholes: str = "") -> None:
        self.peepholes = checked_peepholes(peepholes, "io")


CELL = Coupled
