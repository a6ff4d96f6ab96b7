"""Windows: what the network sees at each origin, and what came of it.

n sessions, N windows, T sessions in a window, D inputs, H horizons. The origin of a window is its
last session: everything in a window was known at its close, and everything in its target came
later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lstmfin.data.exogenous import Column, exogenous_columns
from lstmfin.data.feature import Feature, Floats, Scaling
from lstmfin.data.prices import Prices
from lstmfin.data.target import Question, Target
from lstmfin.data.target import cumulative_returns as cumulative_returns  # noqa: PLC0414 - shown
from lstmfin.data.volatility import WARM_UP, price_volatility
from lstmfin.errors import DataError
from lstmfin.registry import FEATURES, TARGETS

Floats32 = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Windows:
    """Overlapping windows on one series or on many; views of one matrix, scaled batch by batch.

    Parameters
    ----------
    features : tuple of str
        Names of the D inputs.
    matrix : ndarray, float32 (n, D)
        Their values, a row a session, series after series.
    length : int
        T, rows of a window.
    starts : ndarray of int (N,)
        Row of the matrix at which each window begins.
    offset, scale : ndarray, float32 (N, D)
        Taken from each window, and what it is divided by then: both known at its origin.
    origins : ndarray of int (N,)
        Position in its series of each window's last session.
    sessions, ends : ndarray of datetime64[D] (N,)
        Date of each origin, and of the last session in its target; NaT where that is to come.
    target : ndarray, float32 (N, H)
        What came, in units known at the origin; NaN where it is not known yet. It is by far the
        largest part of a panel's windows for a long horizon, and read in double precision.
    volatility : ndarray, float64 (N,)
        Daily volatility at the origin; turns a target back into what it is of.
    symbols : tuple of str
        Of the series.
    series : ndarray of int (N,)
        Which of them each window is of.
    log_variances : ndarray of bool (D,)
        Which inputs are log variances, less that at the origin.
    """

    features: tuple[str, ...]
    matrix: Floats32
    length: int
    starts: Indices
    offset: Floats32
    scale: Floats32
    origins: Indices
    sessions: NDArray[np.datetime64]
    ends: NDArray[np.datetime64]
    target: Floats32
    volatility: Floats
    symbols: tuple[str, ...]
    series: Indices
    log_variances: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.origins)

    @property
    def view(self) -> Floats32:
        """Every T rows of the matrix, unscaled, (n - T + 1, T, D); they share memory."""
        return sliding_window_view(self.matrix, self.length, axis=0).transpose(0, 2, 1)

    @property
    def known(self) -> Indices:
        """Numbers of the windows whose target is known for every horizon."""
        return np.flatnonzero(np.isfinite(self.target).all(axis=1))

    def batch(self, indices: Indices, *, by_step: bool = False) -> Floats32:
        """Return windows as the network sees them, float32 (B, T, D).

        Parameters
        ----------
        by_step : bool
            Scale each step by what was known at that step, and take the offset from the first: so
            no step tells of what came after it. Else all are scaled by what was known at the
            origin.
        """
        raw = self.view[self.starts[indices]]
        if by_step:
            numbers, _ = self.numbers(indices)
            return (raw - self.offset[numbers[:, :1]]) / self.scale[numbers]
        offset, scale = self.offset[indices, None, :], self.scale[indices, None, :]
        return (raw - offset) / scale

    def at_origin(self, indices: Indices) -> Floats32:
        """Return the last step of windows, scaled by what was known at it, (..., D)."""
        last = self.matrix[self.starts[indices] + self.length - 1]
        return (last - self.offset[indices]) / self.scale[indices]

    def numbers(self, indices: Indices) -> tuple[Indices, NDArray[np.bool_]]:
        """Return for each step of each window the number of the window that ends there, (B, T).

        Where there is none, as before the first window of a series, stands the first that there
        is, and the second array is False.
        """
        steps = np.asarray(indices)[:, None] - np.arange(self.length)[::-1]
        there = self.is_before(steps, indices)
        first = np.asarray(indices) - there.sum(axis=1) + 1
        return np.maximum(steps, first[:, None]), there

    def is_before(self, numbers: Indices, indices: Indices) -> NDArray[np.bool_]:
        """Return which of earlier windows, (B, n), are of the series of windows (B,)."""
        back = np.asarray(indices)[:, None] - numbers
        rows = self.starts[np.maximum(numbers, 0)]
        same: NDArray[np.bool_] = rows == self.starts[indices][:, None] - back
        return same & (numbers >= 0)


def joined(parts: Sequence[Windows]) -> Windows:
    """Return the windows of many series as one; no window reaches from one into the next."""
    if len(parts) == 1:
        return parts[0]

    def every(name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    rows = np.cumsum([0, *(len(part.matrix) for part in parts)])
    names = ("matrix", "offset", "scale", "origins", "sessions", "ends", "target", "volatility")
    starts = np.concatenate([part.starts + row for part, row in zip(parts, rows, strict=False)])
    symbols = tuple(symbol for part in parts for symbol in part.symbols)
    series = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    return replace(
        parts[0],
        starts=starts,
        symbols=symbols,
        series=series,
        **{name: every(name) for name in names},
    )


def carried_features(
    prices: Prices | Sequence[Prices], *, target: str = "returns"
) -> tuple[str, ...]:
    """Return the features that a target looks at by default, as far as all series carry them."""
    every = [prices] if isinstance(prices, Prices) else prices
    chosen: Target = TARGETS.get(target)
    return tuple(
        name for name in chosen.features if all(FEATURES.get(name).carried_by(one) for one in every)
    )


def make_windows(
    prices: Prices,
    *,
    features: tuple[str, ...] = (),
    window: int,
    horizon: int,
    target: str = "returns",
    estimator: str = "auto",
) -> Windows:
    """Return every window of a series. Unfinished sessions at its end are left out.

    Parameters
    ----------
    prices : Prices
        n sessions, and with them the other series to look at.
    features : tuple of str
        Names of the inputs; those that the target looks at by default if empty.
    window : int
        T, sessions the network looks back on, the origin's included.
    horizon : int
        H, sessions ahead.
    target, estimator : str
        What is asked, and how a session's variance is read off its bar.

    Raises
    ------
    DataError
        When the series is too short, does not move, or cannot carry a feature or target.
    """
    prices = prices.finished()
    _refuse_short(prices, window)
    volatility = price_volatility(prices)
    columns = _columns(prices, volatility, features or carried_features(prices, target=target))
    matrix = np.column_stack([column.values for column in columns])  # (n, D)
    scales = np.column_stack([column.volatility for column in columns])
    first = _first_complete(prices, np.column_stack([matrix, scales]), window)
    asked: Target = TARGETS.get(target)
    answers = asked.compute(prices, volatility, Question(horizon, estimator))

    origins = np.arange(first + window - 1, len(prices))
    at_origin, sigma = matrix[origins], scales[origins]
    kinds = [column.scaling for column in columns]
    offset = np.zeros_like(at_origin)
    offset = np.where(_are(kinds, Scaling.CENTRED), at_origin, offset)
    offset = np.where(_are(kinds, Scaling.LOG_VARIANCE), 2 * np.log(sigma), offset)
    padded = np.r_[prices.sessions, np.full(horizon, np.datetime64("NaT"))]
    return Windows(
        features=tuple(column.name for column in columns),
        matrix=matrix[first:].astype(np.float32),
        length=window,
        starts=origins - first - window + 1,
        offset=offset.astype(np.float32),
        scale=np.where(_are(kinds, Scaling.VOLATILITY), sigma, 1.0).astype(np.float32),
        origins=origins,
        sessions=prices.sessions[origins],
        ends=padded[origins + horizon],
        target=answers[origins].astype(np.float32),
        volatility=volatility[origins],
        symbols=(prices.symbol,),
        series=np.zeros_like(origins),
        log_variances=_are(kinds, Scaling.LOG_VARIANCE),
    )


def _refuse_short(prices: Prices, window: int) -> None:
    needed = WARM_UP + window
    if len(prices) < needed:
        raise DataError(
            f"{prices.symbol} has {len(prices)} finished sessions; a window of {window} "
            f"needs {needed}, as the first {WARM_UP} start the volatility. Fetch more, "
            "or shorten --window"
        )


def _columns(prices: Prices, volatility: Floats, names: tuple[str, ...]) -> list[Column]:
    """Return the features of the series itself, and what it sees of others."""
    chosen = {name: _feature(name, prices) for name in names}
    own = [
        Column(name, feature.compute(prices), feature.scaling, volatility)
        for name, feature in chosen.items()
    ]
    others = [exogenous_columns(prices, other.finished()) for other in prices.others]
    return [*own, *(column for columns in others for column in columns)]


def _are(kinds: list[Scaling], kind: Scaling) -> NDArray[np.bool_]:
    return np.array([one is kind for one in kinds])


def _feature(name: str, prices: Prices) -> Feature:
    feature: Feature = FEATURES.get(name)
    if not feature.carried_by(prices):
        able = (one for one in FEATURES.names() if FEATURES.get(one).carried_by(prices))
        lacks = "its source has no such columns"
        if feature.of_panel:
            lacks = "it tells of the others of a --panel of closes alone"
        raise DataError(
            f"{prices.symbol} cannot carry the feature '{name}': {lacks}; "
            f"it can carry {', '.join(able)}"
        )
    return feature


def _first_complete(prices: Prices, matrix: Floats, window: int) -> int:
    """Return the first row from which on every value is known."""
    incomplete = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
    first = int(incomplete[-1]) + 1 if len(incomplete) else 0
    if len(matrix) - first < window:
        raise DataError(
            f"{prices.symbol} has {len(matrix) - first} sessions after the last at which an input "
            f"is not known ({prices.sessions[first - 1]}); a window needs {window}"
        )
    return first
