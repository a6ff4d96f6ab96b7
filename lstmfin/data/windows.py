"""Windows: what the network sees at each origin, and what came of it.

n sessions, N windows, T sessions in a window, D features, H horizons. The origin of a window is its
last session: everything in a window was known at its close, and everything in its target came
later.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from lstmfin.data.feature import Feature, Floats, Scaling
from lstmfin.data.prices import Prices
from lstmfin.data.volatility import WARM_UP, price_volatility
from lstmfin.errors import DataError
from lstmfin.registry import FEATURES

Floats32 = NDArray[np.float32]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Windows:
    """Overlapping windows on a series; a view of one matrix, scaled when a batch is taken.

    Parameters
    ----------
    features : tuple of str
        Names of the D inputs.
    view : ndarray, float32 (N, T, D)
        Unscaled windows; they share memory, so do not write to them.
    offset, scale : ndarray, float32 (N, D)
        Taken from each window, and what it is divided by then: both known at its origin.
    origins : ndarray of int (N,)
        Position in the prices of each window's last session; consecutive.
    target : ndarray, float64 (N, H)
        Log return from the origin's close to that of h = 1..H sessions later, divided by
        ``volatility`` · √h; NaN where it is not known yet.
    volatility : ndarray, float64 (N,)
        Daily volatility at the origin; turns a target back into a log return.
    """

    features: tuple[str, ...]
    view: Floats32
    offset: Floats32
    scale: Floats32
    origins: Indices
    target: Floats
    volatility: Floats

    def __len__(self) -> int:
        return len(self.origins)

    @property
    def n_known(self) -> int:
        """How many windows, from the first, have a target for every horizon."""
        return int(np.isfinite(self.target[:, -1]).sum())

    def batch(self, indices: Indices) -> Floats32:
        """Return windows as the network sees them, float32 (B, T, D)."""
        offset, scale = self.offset[indices, None, :], self.scale[indices, None, :]
        return (self.view[indices] - offset) / scale


def carried_features(prices: Prices) -> tuple[str, ...]:
    """Return the names of all features that a series can carry."""
    return tuple(name for name in FEATURES.names() if FEATURES.get(name).carried_by(prices))


def make_windows(
    prices: Prices, *, features: tuple[str, ...] = (), window: int, horizon: int
) -> Windows:
    """Return every window of a series. Unfinished sessions at its end are left out.

    Parameters
    ----------
    prices : Prices
        n sessions.
    features : tuple of str
        Names of the inputs; all that the series carries if empty.
    window : int
        T, sessions the network looks back on, the origin's included.
    horizon : int
        H, sessions ahead.

    Raises
    ------
    DataError
        When the series is too short, does not move, or cannot carry a feature that was named.
    """
    prices = prices.finished()
    names = features or carried_features(prices)
    chosen = [_feature(name, prices) for name in names]
    needed = WARM_UP + window
    if len(prices) < needed:
        raise DataError(
            f"{prices.symbol} has {len(prices)} finished sessions; a window of {window} "
            f"needs {needed}, as the first {WARM_UP} start the volatility. Fetch more, "
            "or shorten --window"
        )
    volatility = price_volatility(prices)
    matrix = np.column_stack([feature.compute(prices) for feature in chosen])  # (n, D)
    first = _first_complete(prices, np.column_stack([matrix, volatility]), window)

    origins = np.arange(first + window - 1, len(prices))
    at_origin, sigma = matrix[origins], volatility[origins]
    centred = np.array([feature.scaling is Scaling.CENTRED for feature in chosen])
    divided = np.array([feature.scaling is Scaling.VOLATILITY for feature in chosen])
    rows = matrix[first:].astype(np.float32)
    unit = sigma[:, None] * np.sqrt(np.arange(1, horizon + 1))  # (N, H)
    return Windows(
        features=tuple(names),
        view=sliding_window_view(rows, window, axis=0).transpose(0, 2, 1),
        offset=np.where(centred, at_origin, 0.0).astype(np.float32),
        scale=np.where(divided, sigma[:, None], 1.0).astype(np.float32),
        origins=origins,
        target=cumulative_returns(prices, horizon)[origins] / unit,
        volatility=sigma,
    )


def _feature(name: str, prices: Prices) -> Feature:
    feature: Feature = FEATURES.get(name)
    if not feature.carried_by(prices):
        raise DataError(
            f"{prices.symbol} cannot carry the feature '{name}': its source has no such columns; "
            f"it can carry {', '.join(carried_features(prices))}"
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


def cumulative_returns(prices: Prices, horizon: int) -> Floats:
    """Return log returns from each session to h = 1..H later, (n, H); NaN where unknown."""
    level = np.full(len(prices) + horizon, np.nan)
    level[: len(prices)] = np.nancumsum(prices.log_returns())
    ahead = sliding_window_view(level[1:], horizon)  # (n, H)
    return np.asarray(ahead - level[: len(prices), None])
