"""What baselines share: a location, a width, and a law fitted to past returns in units of it.

Shapes: n sessions, N origins, H horizons.
"""

import logging
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lstmfin.data.prices import Prices
from lstmfin.data.volatility import price_volatility
from lstmfin.data.windows import cumulative_returns
from lstmfin.errors import DataError
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.fit import MIN_DOF
from lstmfin.models.laws import Spread, fit_spread
from lstmfin.models.model import Indices

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]


class ScaledBaseline:
    """A Student t about a location, whose width follows a forecast of the variance.

    Scale and degrees of freedom are fitted by maximum likelihood, for each horizon, to the training
    returns in units of that width, so that the baseline is as well calibrated as so simple a law
    can be. Subclasses say the location and the variance; if they say none, it is that of trailing
    volatility, the same for all sessions ahead.

    Parameters
    ----------
    horizon : int
        Sessions ahead, H.
    window, features : int, tuple of str
        What the network sees; of use to those baselines that see the same.

    Attributes
    ----------
    warnings : list of str
        What ended at a bound when it was fitted, in words.
    """

    def __init__(self, horizon: int, *, window: int = 60, features: tuple[str, ...] = ()) -> None:
        self.horizon = horizon
        self.window = window
        self.features = features
        self.warnings: list[str] = []
        self._spread: Spread = (np.ones(horizon), np.full(horizon, np.inf))

    def fit(self, prices: Prices, *, tick: Callable[[], None] = lambda: None) -> None:  # noqa: ARG002
        """Learn all there is to learn from prices, all of which are known."""
        self.warnings = []
        self.learn(prices)
        origins = np.arange(len(prices))
        width = np.sqrt(self.daily_variance(prices, origins) * self._steps())
        errors = (cumulative_returns(prices, self.horizon) - self.location(prices, origins)) / width
        self._spread = self.spread_of(errors, prices)
        if (self._spread[1] <= MIN_DOF).any():
            self.warn(
                f"{prices.symbol}: the tails of {type(self).__name__} are at their bound of "
                f"{MIN_DOF} degrees of freedom: a few sessions outweigh all others"
            )

    def predict(self, prices: Prices, origins: Indices) -> StudentT:
        """Return the law (N, H) of the log return from each origin to 1..H sessions later."""
        width = np.sqrt(self.daily_variance(prices, origins) * self._steps())
        location = np.broadcast_to(self.location(prices, origins), width.shape)
        scale, dof = self._spread
        return StudentT(location, scale * width, dof)

    def predict_variance(self, prices: Prices, origins: Indices) -> Floats:
        """Return the expected mean daily variance of the next 1..H sessions, (N, H).

        It is that of the law; those who model the variance itself return what they model.
        """
        return np.asarray(self.predict(prices, origins).std ** 2 / self._steps())

    def learn(self, prices: Prices) -> None:
        """Learn what location and variance need."""

    def location(self, prices: Prices, origins: Indices) -> Floats:  # noqa: ARG002
        """Return the expected log returns, (N, H) or what broadcasts to it; none by default."""
        return np.zeros(self.horizon)

    def daily_variance(self, prices: Prices, origins: Indices) -> Floats:
        """Return the mean daily variance ahead, (N, H): that of trailing volatility by default."""
        daily = price_volatility(prices)[origins, None] ** 2
        return np.broadcast_to(daily, (len(origins), self.horizon))

    def spread_of(self, errors: Floats, prices: Prices) -> Spread:
        """Return the spread of errors in units of the width, (n, H)."""
        try:
            return fit_spread(errors)
        except DataError as error:
            raise DataError(f"{prices.symbol}: {error}") from error

    def warn(self, text: str) -> None:
        """Keep a warning, and log it."""
        self.warnings.append(text)
        log.warning(text)

    def _steps(self) -> Floats:
        return np.arange(1.0, self.horizon + 1)


class VarianceBaseline(ScaledBaseline):
    """A baseline that is a model of the variance."""

    def predict_variance(self, prices: Prices, origins: Indices) -> Floats:
        """Return the expected mean daily variance of the next 1..H sessions, (N, H)."""
        return self.daily_variance(prices, origins)
