"""Regressions on the windows that the network sees: what the recurrence adds is what they lack.

Shapes: N windows, T sessions, D features, H horizons.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from lstmfin.data.prices import Prices
from lstmfin.data.volatility import price_volatility
from lstmfin.data.windows import Windows, make_windows
from lstmfin.errors import DataError
from lstmfin.metrics.distribution import StudentT
from lstmfin.models.baselines._scaled import Floats, ScaledBaseline
from lstmfin.models.laws import fit_spread
from lstmfin.models.model import Indices

VALIDATION = 0.2
"""Share of the windows, the last ones, that choose among regressions and give the errors."""

LEAST_WINDOWS = 30
ERRORS_A_STEP = 10
"""As the network has it: with fewer validation errors the spread is that of the targets."""


class WindowRegression(ScaledBaseline):
    """A regression of the scaled returns on all that a window holds, T D numbers.

    Several are fitted on the first four fifths of the windows; the one with the least squared error
    on the last fifth, after a gap of the horizon, is kept as it is, and its errors there give the
    law, in units of volatility times the root of the horizon.
    """

    def candidates(self) -> list[Any]:
        """Return the regressors of scikit-learn to choose from."""
        raise NotImplementedError

    def fit(self, prices: Prices, *, tick: Callable[[], None] = lambda: None) -> None:  # noqa: ARG002
        """Learn from prices, all of which are known."""
        self.warnings = []
        windows = self._windows(prices)
        known = np.flatnonzero(np.isfinite(windows.target).all(axis=1))
        n_validation = round(VALIDATION * len(known))
        train, judged = known[: len(known) - n_validation - self.horizon], known[-n_validation:]
        if len(train) < LEAST_WINDOWS or n_validation < 1:
            raise DataError(
                f"{prices.symbol} has {len(known)} windows of {self.window} sessions with a known "
                f"target; a regression needs {LEAST_WINDOWS} to learn from: fetch more, or shorten "
                "--window"
            )
        x = self._flat(windows, train)
        self._mean, deviation = x.mean(axis=0), x.std(axis=0)
        self._unit = np.where(deviation > 1e-6, deviation, 1.0)
        fitted = [
            one.fit((x - self._mean) / self._unit, windows.target[train].squeeze())
            for one in self.candidates()
        ]
        errors = [windows.target[judged] - self._said(one, windows, judged) for one in fitted]
        best = int(np.argmin([np.mean(one**2) for one in errors]))
        self._regressor = fitted[best]
        enough = n_validation >= max(LEAST_WINDOWS, ERRORS_A_STEP * self.horizon)
        self._spread = fit_spread(errors[best] if enough else windows.target[train])

    def predict(self, prices: Prices, origins: Indices) -> StudentT:
        """Return the law (N, H) of the log return from each origin to 1..H sessions later."""
        windows = self._windows(prices)
        rows = np.asarray(origins) - windows.origins[0]
        if rows.min() < 0:
            raise DataError(
                f"{prices.symbol}: session {int(np.min(origins)) + 1} has no window of "
                f"{self.window} sessions before it"
            )
        unit = price_volatility(prices)[origins, None] * np.sqrt(self._steps())
        scale, dof = self._spread
        return StudentT(self._said(self._regressor, windows, rows) * unit, scale * unit, dof)

    def _windows(self, prices: Prices) -> Windows:
        return make_windows(
            prices, features=self.features, window=self.window, horizon=self.horizon
        )

    def _said(self, regressor: Any, windows: Windows, rows: Indices) -> Floats:
        """Return the scaled returns (N, H) that a regressor expects."""
        x = (self._flat(windows, rows) - self._mean) / self._unit
        return np.asarray(regressor.predict(x), np.float64).reshape(len(rows), self.horizon)

    @staticmethod
    def _flat(windows: Windows, rows: Indices) -> Floats:
        """Return windows as rows of T D numbers."""
        return np.asarray(windows.batch(rows), np.float64).reshape(len(rows), -1)
