"""What was, is: the law of all past returns, whatever the market does of late."""

import numpy as np

from lstmfin.data.prices import Prices
from lstmfin.models.baselines._scaled import Floats, ScaledBaseline
from lstmfin.models.model import Indices


class Historical(ScaledBaseline):
    """A Student t about zero, fitted to the training returns of each horizon; it never changes.

    Where volatility does not move, a range that follows the recent past is noise, and this baseline
    is the better one: a network must not be praised for being smoother than noise.
    """

    def daily_variance(self, prices: Prices, origins: Indices) -> Floats:  # noqa: ARG002
        """Return 1: the spread is that of the returns themselves."""
        return np.ones((len(origins), self.horizon))


BASELINE = Historical
