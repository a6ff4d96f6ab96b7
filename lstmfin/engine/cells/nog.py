"""The vanilla LSTM without an output gate."""

from lstmfin.engine.cells._vanilla import Vanilla


class NOG(Vanilla):
    """No output gate: o = 1 (Greff et al. 2017, NOG), with peepholes on i and f."""

    gates = "ifg"
    peepholes = "if"


CELL = NOG
