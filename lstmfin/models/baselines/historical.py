"""What was, is: the law of all past returns, whatever the market does of late."""

from collections.abc import Callable

import numpy as np

from lstmfin.data.prices import Prices
from lstmfin.data.windows import cumulative_returns
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.fit import fit_student_t
from lstmfin.models.model import Indices


class Historical:
    """A Student t about zero, fitted to the training returns of each horizon; it never changes.

    Where volatility does not move, a range that follows the recent past is noise, and this baseline
    is the better one: a network must not be praised for being smoother than noise.

    Parameters
    ----------
    horizon : int
        Sessions ahead, H.
    """

    def __init__(self, horizon: int) -> None:
        self.horizon = horizon
        self._scale = np.ones(horizon)
        self._dof = np.full(horizon, np.inf)

    def fit(self, prices: Prices, *, tick: Callable[[], None] = lambda: None) -> None:  # noqa: ARG002
        """Learn scale and tails of each horizon from all prices given."""
        for h, column in enumerate(cumulative_returns(prices, self.horizon).T):
            self._scale[h], self._dof[h] = fit_student_t(column[np.isfinite(column)])

    def predict(self, prices: Prices, origins: Indices) -> StudentT:  # noqa: ARG002 - it never changes
        """Return the law (N, H) of the log returns after each origin."""
        shape = (len(origins), self.horizon)
        return StudentT(
            np.zeros(shape),
            np.broadcast_to(self._scale, shape),
            np.broadcast_to(self._dof, shape),
        )


BASELINE = Historical
