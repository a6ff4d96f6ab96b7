"""The vanilla LSTM without an input activation function."""

from lstmfin.engine.cells._vanilla import Vanilla


class NIAF(Vanilla):
    """No input activation function: g = z (Greff et al. 2017, NIAF), with all peepholes."""

    gates = "ifog"
    peepholes = "ifo"
    squashes_input = False


CELL = NIAF
