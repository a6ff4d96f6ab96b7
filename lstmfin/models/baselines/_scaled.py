"""What the simple baselines share: a location, and a law fitted to what is left of the returns."""

from collections.abc import Callable

import numpy as np

from lstmfin.data.prices import Prices
from lstmfin.data.volatility import price_volatility
from lstmfin.data.windows import cumulative_returns
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.fit import fit_student_t
from lstmfin.models.model import Indices


class ScaledBaseline:
    """A law whose width follows trailing volatility times the root of the horizon.

    Scale and degrees of freedom are fitted by maximum likelihood, for each horizon, to the training
    returns in units of that width, so that the baseline is as well calibrated as so simple a law
    can be. Subclasses say the location.

    Parameters
    ----------
    horizon : int
        Sessions ahead, H.
    """

    def __init__(self, horizon: int) -> None:
        self.horizon = horizon
        self.drift = 0.0
        self._scale = np.ones(horizon)
        self._dof = np.full(horizon, np.inf)

    def daily_location(self, returns: np.ndarray) -> float:
        """Return the expected log return of a session, from those (n,) known."""
        raise NotImplementedError

    def fit(self, prices: Prices, *, tick: Callable[[], None] = lambda: None) -> None:  # noqa: ARG002
        """Learn location, scale and tails from all prices given."""
        self.drift = self.daily_location(prices.log_returns()[1:])
        width = self._width(prices)
        errors = (cumulative_returns(prices, self.horizon) - self._location()) / width
        for h, column in enumerate(errors.T):
            self._scale[h], self._dof[h] = fit_student_t(column[np.isfinite(column)])

    def predict(self, prices: Prices, origins: Indices) -> StudentT:
        """Return the law (N, H) of the log returns after each origin."""
        width = self._width(prices)[origins]
        location = np.broadcast_to(self._location(), width.shape)
        return StudentT(location, self._scale * width, np.broadcast_to(self._dof, width.shape))

    def _steps(self) -> np.ndarray:
        return np.arange(1, self.horizon + 1)

    def _location(self) -> np.ndarray:
        return np.asarray(self.drift * self._steps())

    def _width(self, prices: Prices) -> np.ndarray:
        return np.asarray(price_volatility(prices)[:, None] * np.sqrt(self._steps()))
