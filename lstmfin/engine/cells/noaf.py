"""The vanilla LSTM without an output activation function."""

from lstmfin.engine.cells._vanilla import Vanilla


class NOAF(Vanilla):
    """No output activation function: h = o c (Greff et al. 2017, NOAF), with all peepholes."""

    gates = "ifog"
    peepholes = "ifo"
    squashes_output = False


CELL = NOAF
