"""The vanilla LSTM without a forget gate."""

from lstmfin.engine.cells._vanilla import Vanilla


class NFG(Vanilla):
    """No forget gate: f = 1 (Greff et al. 2017, NFG), with peepholes on i and o."""

    gates = "iog"
    gate_bias = {}  # noqa: RUF012 - a ClassVar in the base
    peepholes = "io"


CELL = NFG
