"""The vanilla LSTM without an input gate."""

from lstmfin.engine.cells._vanilla import Vanilla


class NIG(Vanilla):
    """No input gate: i = 1 (Greff et al. 2017, NIG), with peepholes on f and o."""

    gates = "fog"
    peepholes = "fo"


CELL = NIG
