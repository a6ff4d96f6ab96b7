"""The LSTM whose gates see the cell state."""

from lstmfin.engine.cells._vanilla import Vanilla, checked_peepholes


class Peephole(Vanilla):
    r"""LSTM with peepholes (Gers, Schraudolph & Schmidhuber 2002), on any of its gates.

    .. math::
        i = σ(z_i + p_i c'), \quad f = σ(z_f + p_f c'), \quad g = tanh(z_g)

        c = f c' + i g, \quad o = σ(z_o + p_o c), \quad h = o\, tanh(c)

    Parameters
    ----------
    peepholes : str
        Which gates see the cell state, by their letters; the others are those of the plain LSTM.
    """

    gates = "ifog"
    variants = tuple({"peepholes": p} for p in ("ifo", "if", "io", "fo", "i", "f", "o", ""))

    def __init__(self, *, peepholes: str = "ifo") -> None:
        self.peepholes = checked_peepholes(peepholes, "ifo")


CELL = Peephole
