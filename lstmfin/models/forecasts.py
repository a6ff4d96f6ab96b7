"""A forecast as people read it: ranges of prices on the sessions to come."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmfin.data.calendar import calendar_ahead, exchange_of, future_sessions
from lstmfin.data.panel import ALL_KNOWN, Unknown
from lstmfin.data.prices import Prices
from lstmfin.errors import DataError, UsageError
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.law import Law
from lstmfin.metrics.stretched import Stretched
from lstmfin.models.again import as_asked, train_line
from lstmfin.models.forecaster import Forecaster
from lstmfin.models.replay import replay

Floats = NDArray[np.float64]

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles that are printed: the median, and the ranges of half and of nine tenths."""

OUTER = (0.05, 0.5, 0.95)
"""Quantiles of which the spread over the members is told."""

EVEN_LEVELS = (np.arange(200) + 0.5) / 200
"""Levels at which an expectation over a law is summed up."""


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
        Log return from the origin's close, by the model, calibrated, and by trailing volatility
        alone.
    volatility : ndarray (H,)
        Root of the expected mean daily variance up to each session: a day's volatility.
    members : tuple of Law (H,)
        What each network says alone; the law is all of them in equal shares, calibrated.
    stale_sessions : int
        Sessions since the last one that the model was trained on.
    was_seen : bool
        Whether the model was trained on this symbol.
    knows_holidays : bool
        Whether the sessions are those of the exchange's calendar; else its weekdays are taken.
    unknown : Unknown
        What was not known of the panel.
    """

    symbol: str
    currency: str
    source: str
    origin: np.datetime64
    last_close: float
    sessions: NDArray[np.datetime64]
    law: Law
    naive: StudentT
    volatility: Floats
    members: tuple[Law, ...]
    stale_sessions: int
    was_seen: bool = True
    knows_holidays: bool = False
    unknown: Unknown = ALL_KNOWN

    def prices(self, levels: tuple[float, ...] = LEVELS) -> Floats:
        """Return the quantiles (H, Q) of the model's prices."""
        return self._prices(self.law, levels)

    def naive_prices(self, levels: tuple[float, ...] = LEVELS) -> Floats:
        """Return the quantiles (H, Q) of prices by trailing volatility alone."""
        return self._prices(self.naive, levels)

    def expected_moves(self) -> Floats:
        """Return the expected size of the move up to each session, either way, in prices (H,)."""
        moves = [np.expm1(self._returns(law, EVEN_LEVELS)) for law in self.members]
        return np.asarray(self.last_close * np.mean(np.abs(moves), axis=(0, -1)))

    def seeds(self) -> dict[str, Floats]:
        """Return the lowest and the highest price (H,) of each outer quantile over the members."""
        every = [self._prices(law, OUTER) for law in self.members]
        ends = {"low": np.min(every, axis=0), "high": np.max(every, axis=0)}
        return {
            f"seeds_q{round(100 * level):02d}_{end}": values[:, at]
            for at, level in enumerate(OUTER)
            for end, values in ends.items()
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a session ahead, of plain values."""
        return [dict(row) for row in self._rows]

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        quantiles, naive, moves = self.prices(), self.naive_prices(), self.expected_moves()
        chance = 1 - self.law.cdf(0.0)
        naive_volatility = self.naive.std / np.sqrt(np.arange(1, len(chance) + 1))
        seeds = self.seeds() if len(self.members) > 1 else {}
        return [
            {
                "origin": str(self.origin),
                "horizon": h + 1,
                "session": str(session),
                "last_close": self.last_close,
                **_named("q", quantiles[h]),
                "chance_of_rise": float(chance[h]),
                "daily_volatility": float(self.volatility[h]),
                "expected_move": float(moves[h]),
                **_named("naive_q", naive[h]),
                "naive_daily_volatility": float(naive_volatility[h]),
                "members": len(self.members),
                "not_seen": list(self.unknown.symbols),
                **{name: float(values[h]) for name, values in seeds.items()},
            }
            for h, session in enumerate(self.sessions)
        ]

    def _prices(self, law: Law, levels: tuple[float, ...]) -> Floats:
        return np.asarray(self.last_close * np.exp(self._returns(law, levels)))

    def _returns(self, law: Law, levels: tuple[float, ...] | Floats) -> Floats:
        """Return the quantiles (H, Q) of a law; those of a member as calibration moves them."""
        returns = law[:, None].quantile(np.asarray(levels))
        is_member = any(law is one for one in self.members)
        if is_member and isinstance(self.law, Stretched):
            returns = self.law[:, None].carried(returns)
        return np.asarray(returns)


def make_forecast(
    forecaster: Forecaster,
    prices: Prices,
    *,
    horizon: int | None = None,
    calibration: str | None = None,
) -> Forecast:
    """Forecast from the last finished session.

    The range is calibrated by what the model would have said at sessions that it was not trained on
    (``replay``): the same prices give the same forecast, whatever was forecast before.

    Parameters
    ----------
    horizon : int, optional
        Sessions ahead; all that the model was trained for if not given.
    calibration : str, optional
        As of ``Calibrator``; that of the model's options if not given.

    Raises
    ------
    UsageError
        When the model was trained for fewer sessions ahead.
    DataError
        When the prices do not fill a window, or are not of the source the model was trained on, or
        of the panel that is to be seen with them less than a quarter is known.
    """
    ahead = forecaster.horizon if horizon is None else horizon
    data = forecaster.provenance
    was_seen = data is None or prices.symbol in data.symbols
    _refuse_unfit(forecaster, prices, ahead, was_seen=was_seen)
    prices = prices.finished()
    unknown = forecaster.unknown(prices)
    if unknown.is_most:
        raise DataError(
            f"{prices.symbol} is to be seen with the panel that the network learned from, and "
            f"{unknown.told(prices.sessions[-1])}; bring them up to date, or train anew without "
            f"them: {', '.join(unknown.missing)}"
        )
    method = calibration or forecaster.config.calibration
    outlook, law = replay(forecaster, prices, ahead=ahead, method=method)
    trained_to = data.last if data else str(prices.sessions[-1])
    exchange = exchange_of(prices.symbol, prices.timezone)
    known = calendar_ahead(prices.sessions, ahead, exchange=exchange)
    return Forecast(
        symbol=prices.symbol,
        currency=prices.currency,
        source=prices.source,
        origin=prices.sessions[-1],
        last_close=float(prices.column("close")[-1]),
        sessions=future_sessions(prices.sessions, ahead) if known is None else known,
        law=law,
        naive=outlook.naive[-1, :ahead],
        volatility=np.sqrt(outlook.variance[-1, :ahead]),
        members=tuple(one[-1, :ahead] for one in outlook.members),
        stale_sessions=int((prices.sessions > np.datetime64(trained_to)).sum()),
        was_seen=was_seen,
        knows_holidays=known is not None,
        unknown=unknown,
    )


def _refuse_unfit(forecaster: Forecaster, prices: Prices, ahead: int, *, was_seen: bool) -> None:
    """Refuse a horizon, or prices of a source, that the model was not trained for."""
    symbol, data = prices.symbol, forecaster.provenance
    symbols = data.symbols if data is not None else (symbol,)
    if ahead > forecaster.horizon:
        config = replace(as_asked(forecaster.config, prices), horizon=ahead)
        raise UsageError(
            f"--horizon {ahead} is beyond the {forecaster.horizon} sessions that the model of "
            f"{symbol} was trained for; train it for more: {train_line(config, symbols)}"
        )
    if data is not None and was_seen and prices.source not in data.source.split(", "):
        config = as_asked(forecaster.config, prices)
        raise DataError(
            f"the model of {symbol} was trained on prices from {data.source}, and those in the "
            f"workspace are from {prices.source}; train anew: {train_line(config, symbols)}"
        )


def _named(prefix: str, values: Floats) -> dict[str, float]:
    return {
        f"{prefix}{round(100 * level):02d}": float(value)
        for level, value in zip(LEVELS, values, strict=True)
    }
