"""A forecast as people read it: ranges of prices on the sessions to come."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmfin.data.calendar import future_sessions
from lstmfin.data.prices import Prices
from lstmfin.errors import DataError, UsageError
from lstmfin.metrics.law import Law
from lstmfin.models.forecaster import Forecaster

Floats = NDArray[np.float64]

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles that are printed: the median, and the ranges of half and of nine tenths."""


@dataclass(frozen=True, eq=False)
class Forecast:
    """The law of the prices of one symbol over the next H sessions.

    Attributes
    ----------
    symbol, currency, source : str
    origin : datetime64[D]
        The last session that was known.
    last_close : float
        Its close, as published; the unit of all prices here.
    sessions : ndarray of datetime64[D] (H,)
        Dates of the sessions ahead.
    law, naive : Law (H,)
        Log return from the origin's close, by the model and by trailing volatility alone.
    stale_sessions : int
        Sessions since the last one that the model was trained on.
    """

    symbol: str
    currency: str
    source: str
    origin: np.datetime64
    last_close: float
    sessions: NDArray[np.datetime64]
    law: Law
    naive: Law
    stale_sessions: int

    def prices(self, levels: tuple[float, ...] = LEVELS) -> Floats:
        """Return the quantiles (H, Q) of the model's prices."""
        return self._prices(self.law, levels)

    def naive_prices(self, levels: tuple[float, ...] = LEVELS) -> Floats:
        """Return the quantiles (H, Q) of prices by trailing volatility alone."""
        return self._prices(self.naive, levels)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a session ahead, of plain values."""
        quantiles, naive = self.prices(), self.naive_prices()
        chance = 1 - self.law.cdf(0.0)
        return [
            {
                "origin": str(self.origin),
                "horizon": h + 1,
                "session": str(session),
                "last_close": self.last_close,
                **_named("q", quantiles[h]),
                "chance_of_rise": float(chance[h]),
                **_named("naive_q", naive[h]),
            }
            for h, session in enumerate(self.sessions)
        ]

    def _prices(self, law: Law, levels: tuple[float, ...]) -> Floats:
        returns = np.stack([law.quantile(level) for level in levels], axis=-1)
        return np.asarray(self.last_close * np.exp(returns))


def make_forecast(
    forecaster: Forecaster, prices: Prices, *, horizon: int | None = None
) -> Forecast:
    """Forecast from the last finished session.

    Parameters
    ----------
    horizon : int, optional
        Sessions ahead; all that the model was trained for if not given.

    Raises
    ------
    UsageError
        When the model was trained for fewer sessions ahead.
    DataError
        When the prices do not fill a window, or are not of the source the model was trained on.
    """
    ahead = forecaster.horizon if horizon is None else horizon
    if ahead > forecaster.horizon:
        raise UsageError(
            f"--horizon {ahead} is beyond the {forecaster.horizon} sessions that the model of "
            f"{prices.symbol} was trained for; train it for more: lstmfin train {prices.symbol} "
            f"--horizon {ahead}"
        )
    data = forecaster.provenance
    if data is not None and data.source != prices.source:
        raise DataError(
            f"the model of {prices.symbol} was trained on prices from {data.source}, and those in "
            f"the workspace are from {prices.source}; train anew: lstmfin train {prices.symbol}"
        )
    prices = prices.finished()
    origin = np.array([len(prices) - 1])
    law = forecaster.predict(prices, origin)[0, :ahead]
    trained_to = data.last if data else str(prices.sessions[-1])
    return Forecast(
        symbol=prices.symbol,
        currency=prices.currency,
        source=prices.source,
        origin=prices.sessions[-1],
        last_close=float(prices.column("close")[-1]),
        sessions=future_sessions(prices.sessions, ahead),
        law=law,
        naive=forecaster.predict_naive(prices, origin)[0, :ahead],
        stale_sessions=int((prices.sessions > np.datetime64(trained_to)).sum()),
    )


def _named(prefix: str, values: Floats) -> dict[str, float]:
    return {
        f"{prefix}{round(100 * level):02d}": float(value)
        for level, value in zip(LEVELS, values, strict=True)
    }
