"""The last price: no return is expected, and the range is that of the recent past."""

import numpy as np

from lstmfin.models.baselines._scaled import ScaledBaseline


class ZeroReturn(ScaledBaseline):
    """The random walk without drift: the best forecast of a price is the last one."""

    def daily_location(self, returns: np.ndarray) -> float:  # noqa: ARG002 - none is expected
        """Return 0."""
        return 0.0


BASELINE = ZeroReturn
