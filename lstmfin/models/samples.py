"""What a network trains on: windows by number, scaled by what was known, in blocks by date.

Shapes: N windows, T steps, D inputs, H horizons.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmfin.data.windows import Windows
from lstmfin.engine.loss import Law as Answer
from lstmfin.engine.loss import Loss
from lstmfin.engine.network import Network
from lstmfin.engine.train import predict
from lstmfin.models.linear import LinearPart, added, fit_linear
from lstmfin.models.model import Indices

Floats = NDArray[np.float64]

ROWS_AT_ONCE = 256
"""Windows that are looked at together where all are gone through."""

LEAST_SPREAD = 1e-6
"""An input that moves less than this in training is centred and not divided."""


@dataclass(frozen=True)
class Scaler:
    """Mean and spread of each input over the training windows, each (D,)."""

    mean: Floats
    std: Floats


@dataclass
class Samples:
    """Windows by number, scaled, with their targets: what the engine trains on.

    Attributes
    ----------
    by_step : bool
        Whether each step is scaled by what was known at it, as a loss on all steps needs.
    linear : LinearPart, or None
        What is said without a network; batches have the targets that are left for it.
    """

    windows: Windows
    scaler: Scaler
    rows: Indices
    by_step: bool = False
    linear: LinearPart | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def target(self) -> Floats:
        """Targets of all samples, (N, H)."""
        return self.windows.target[self.rows].astype(np.float64)

    def batch(self, indices: Indices) -> tuple[np.ndarray, np.ndarray]:
        """Return windows (B, T, D) float32 and targets (B, H)."""
        rows = self.rows[indices]
        return self._scaled(rows), self.windows.target[rows].astype(np.float64) - self.said(rows)

    def every_step(self, indices: Indices) -> tuple[np.ndarray, np.ndarray]:
        """Return windows (B, T, D) float32 and the targets (B, T, H) after each step."""
        rows = self.rows[indices]
        numbers, there = self.windows.numbers(rows)
        targets = np.where(there[..., None], self.windows.target[numbers], np.nan)
        return self._scaled(rows), targets.astype(np.float64) - self.said(numbers)

    def before(self, indices: Indices, n_sessions: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the windows (B, T, D) that end so much earlier, and which of them there are."""
        rows = self.rows[indices]
        earlier = (rows - n_sessions)[:, None]
        there = self.windows.is_before(earlier, rows)[:, 0]
        return self._scaled(np.where(there, earlier[:, 0], rows)), there

    def answers(self, network: Network, loss: Loss) -> Answer:
        """Return what is said of all samples, (N, H): a network and the linear part."""
        answer = predict(network, loss, self)
        return answer if self.linear is None else added(answer, self.said(self.rows))

    def said(self, rows: Indices) -> Floats:
        """Return the linear part (..., H) of windows by number, or zeros that fit them."""
        if self.linear is None:
            return np.zeros(1)
        which = self.linear.which(self.windows.symbols)
        return self.linear.of(
            self.at_origin(rows), self.level(rows), which[self.windows.series[rows]]
        )

    def at_origin(self, rows: Indices) -> Floats:
        """Return the last step of windows by number (..., D), scaled by what was known at it."""
        return (self.windows.at_origin(rows) - self.scaler.mean) / self.scaler.std

    def level(self, rows: Indices) -> Floats:
        """Return the log of the trailing daily variance at the origin of windows by number."""
        return 2 * np.log(self.windows.volatility[rows])

    def with_linear(self, horizons: NDArray[np.bool_]) -> "Samples":
        """Return the same samples with a linear part that is fitted to them, of some horizons."""
        windows, rows = self.windows, self.rows
        fitted = fit_linear(
            self.at_origin(rows),
            self.level(rows),
            windows.series[rows],
            windows.target[rows][:, horizons],
            symbols=windows.symbols,
            own=windows.log_variances,
        )
        return replace(self, linear=fitted.spread_over(horizons))

    def _scaled(self, rows: Indices) -> np.ndarray:
        x = self.windows.batch(rows, by_step=self.by_step)
        x -= self.scaler.mean.astype(np.float32)
        x /= self.scaler.std.astype(np.float32)
        return x


def fit_scaler(windows: Windows, rows: Indices, *, by_step: bool = False) -> Scaler:
    """Return mean and spread of each input over the training windows and no other."""
    n, total, squares = 0, np.zeros(len(windows.features)), np.zeros(len(windows.features))
    for part in np.array_split(rows, max(1, len(rows) // ROWS_AT_ONCE)):
        x = windows.batch(part, by_step=by_step).astype(np.float64)
        n += x.shape[0] * x.shape[1]
        total += x.sum(axis=(0, 1))
        squares += (x**2).sum(axis=(0, 1))
    mean = total / n
    variance = np.maximum(squares / n - mean**2, 0)
    return Scaler(mean, np.where(variance > LEAST_SPREAD**2, np.sqrt(variance), 1.0))


def blocks(windows: Windows, *, validation: float) -> tuple[Indices, Indices]:
    """Return the windows to train on, and those to validate on, which begin on one date for all.

    The validation block is the last share of the windows by date. A window is trained on if the
    last session of its target comes before that date, in whichever series: of one series that is a
    gap of the horizon. Either may be empty.

    Parameters
    ----------
    windows : Windows
        Of one series or of many.
    validation : float
        Share of the windows whose target is known.
    """
    known = windows.known
    dates = np.sort(windows.sessions[known])
    n_validation = round(len(known) * validation)
    if not 0 < n_validation < len(known):
        return known[:0], known[:0]
    begin = dates[len(dates) - n_validation]
    return known[windows.ends[known] < begin], known[windows.sessions[known] >= begin]
