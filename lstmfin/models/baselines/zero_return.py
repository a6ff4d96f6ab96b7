"""The last price: no return is expected, and the range is that of the recent past."""

from lstmfin.models.baselines._scaled import ScaledBaseline


class ZeroReturn(ScaledBaseline):
    """The random walk without drift: the best forecast of a price is the last one."""


BASELINE = ZeroReturn
