"""RiskMetrics, as it was published: a normal law, and a variance that forgets."""

import numpy as np

from lstmfin.data.prices import Prices
from lstmfin.models.baselines._scaled import Floats, VarianceBaseline
from lstmfin.models.laws import Spread


class Ewma(VarianceBaseline):
    """The normal law with h times the variance σ² = 0.94 σ² + 0.06 r² (RiskMetrics 1996, ch. 5).

    Nothing is fitted. Beside it, ``zero-return`` shows what fitted tails are worth.
    """

    def spread_of(self, errors: Floats, prices: Prices) -> Spread:  # noqa: ARG002
        """Return that of the standard normal law."""
        return np.ones(self.horizon), np.full(self.horizon, np.inf)


BASELINE = Ewma
