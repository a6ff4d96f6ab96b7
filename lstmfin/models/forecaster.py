"""The forecaster: from the prices of one series, or of many, to laws of returns.

Shapes: N origins, H horizons.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lstmfin.config import TrainConfig
from lstmfin.data.exogenous import MOST_DAYS_OLD
from lstmfin.data.panel import ALL_KNOWN, Unknown, together, unknown_of
from lstmfin.data.prices import Prices, drop_range
from lstmfin.data.reader import Reader
from lstmfin.data.windows import Windows
from lstmfin.engine.checkpoint import Checkpoint
from lstmfin.engine.train import n_steps
from lstmfin.errors import DataError
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.law import Law
from lstmfin.models.ensemble import Ensemble
from lstmfin.models.model import Indices
from lstmfin.models.outlook import Outlook
from lstmfin.models.provenance import Provenance, provenance_of
from lstmfin.models.replay import Kept, keep
from lstmfin.models.samples import Samples
from lstmfin.models.view import (
    features_of,
    mixture_of,
    sees_panel,
    training_blocks,
    windows_of,
    windows_of_all,
)

Floats = NDArray[np.float64]

PANEL = "panel"
"""What stands for the symbol of a network that was trained on many; no symbol is in lower case."""


class Forecaster(Ensemble):
    """Recurrent networks that forecast the law of the returns of one series or of many.

    Attributes
    ----------
    provenance : Provenance
        The prices it was trained on.
    kept : dict of str to Kept
        Of each symbol, what its calibration had come to when training ended.

    See Also
    --------
    Ensemble : its parameters, and what else it holds.

    Examples
    --------
    >>> from lstmfin.config import TrainConfig
    >>> forecaster = Forecaster(TrainConfig(epochs=1, horizon=5))
    >>> forecaster.horizon, forecaster.config.loss
    (5, 'student-t')
    """

    def __init__(self, config: TrainConfig, *, stream_names: tuple[str, ...] = ()) -> None:
        super().__init__(config, stream_names=stream_names)
        self.provenance: Provenance | None = None
        self.kept: dict[str, Kept] = {}

    def n_steps(self, prices: Prices | Sequence[Prices]) -> int:
        """Return how many training steps ``fit`` takes at most, for a progress bar."""
        series = self._series(prices)
        config = replace(self.config, features=features_of(self.config, series))
        windows, _ = windows_of_all(config, series)
        return config.members * n_steps(len(training_blocks(config, windows, series)[0]), config)

    def check(self, prices: Prices) -> None:
        """Raise what ``fit`` would, where this series alone is the reason."""
        if self.config.panel:
            prices = replace(prices, panel=(prices,))  # for those it will be seen with
        windows_of(replace(self.config, features=features_of(self.config, [prices])), prices)

    @property
    def panel(self) -> tuple[str, ...]:
        """The panel that a series is to be seen with; none where no input is of one."""
        data = self.provenance
        return data.symbols if data is not None and sees_panel(self.config) else ()

    def read(self, symbol: str, reader: Reader) -> Prices:
        """Return the finished prices of a symbol, and beside them all that the networks look at."""
        return reader.prices(symbol, self.config.exog, panel=self.panel).finished()

    def unknown(self, prices: Prices) -> Unknown:
        """Return what is not known of the panel at the last session of a series.

        Those of its series that had ended when the networks were trained are not asked for.
        """
        if not self.panel:
            return ALL_KNOWN
        assert self.provenance is not None
        alive = np.datetime64(self.provenance.last) - np.timedelta64(MOST_DAYS_OLD, "D")
        ends = {symbol: np.datetime64(kept.session) for symbol, kept in self.kept.items()}
        return unknown_of(prices, [one for one in self.panel if ends.get(one, alive) >= alive])

    def fit(
        self,
        prices: Prices | Sequence[Prices],
        *,
        tick: Callable[[], None] = lambda: None,
        checkpoint: Callable[[int], Checkpoint] | None = None,
    ) -> None:
        """Train on prices, all of which are known.

        The last ``validation`` share of the windows is kept for early stopping; it begins on one
        date for all series, and no training target reaches that date.

        Parameters
        ----------
        prices : Prices, or sequence of Prices
            One series, or many for one network, each seen with the others unless it comes with some
            already; unfinished last bars are left out.
        tick : callable
            Called after each step.
        checkpoint : callable, optional
            Of the number of a member, returns what gives the state to go on from and is handed one
            after each epoch.

        Raises
        ------
        DataError
            When there are too few sessions, or prices that cannot carry what is asked of them.
        """
        series = self._series(prices)
        label = PANEL if self.config.panel else series[0].symbol
        config = self.config = replace(self.config, features=features_of(self.config, series))
        windows, returns = windows_of_all(config, series)
        blocks = training_blocks(config, windows, series)
        self.learn(windows, returns, *blocks, label=label, tick=tick, checkpoint=checkpoint)
        self.warnings += mixture_of(config, series)
        self.provenance = provenance_of(label, series, windows.sessions[blocks[1]].min())
        self.kept = {one.symbol: keep(self, one) for one in series}

    def _series(self, prices: Prices | Sequence[Prices]) -> list[Prices]:
        """Return the finished sessions of each series, seen with its panel, by symbol."""
        every = [prices] if isinstance(prices, Prices) else prices
        series = sorted((one.finished() for one in every), key=lambda one: one.symbol)
        is_alone = not any(one.panel for one in series)
        return together(series) if self.config.panel and is_alone else series

    def outlook(self, prices: Prices, origins: Indices) -> Outlook:
        """Return all that is forecast from some origins, N of them.

        Raises
        ------
        DataError
            When an origin has no full window before it.
        """
        return self.outlook_of(*self._at(prices, origins))

    def outlook_last(self, prices: Prices, n: int) -> Outlook:
        """Return all that is forecast from the last n origins, or as many as there are."""
        windows = self._windows(prices)
        return self.outlook_of(windows, np.arange(len(windows))[-n:])

    def seen(self, prices: Prices, origins: Indices) -> Samples:
        """Return the windows that end at some origins as the networks see them, scaled.

        Raises
        ------
        DataError
            When an origin has no full window before it.
        """
        return self.samples(*self._at(prices, origins))

    def predict(self, prices: Prices, origins: Indices) -> Law:
        """Return the law (N, H) of the log return from each origin to 1..H sessions later."""
        return self.outlook(prices, origins).law

    def predict_variance(self, prices: Prices, origins: Indices) -> Floats:
        """Return the expected mean daily variance of the next 1..H sessions, (N, H)."""
        return self.outlook(prices, origins).variance

    def predict_naive(self, prices: Prices, origins: Indices) -> StudentT:
        """Return the laws (N, H) of one who expects no return: the range to compare with."""
        return self.outlook(prices, origins).naive

    def first_origin(self, prices: Prices) -> int:
        """Return the position of the first session that has a full window before it."""
        return int(self._windows(prices).origins[0])

    def _windows(self, prices: Prices) -> Windows:
        """Return the windows of a series; to a panel of closes, one with bars is closes, too."""
        is_bare = self.panel and prices.has_range
        return windows_of(self.config, drop_range(prices) if is_bare else prices)

    def _at(self, prices: Prices, origins: Indices) -> tuple[Windows, Indices]:
        """Return the windows, and the rows of the origins in them."""
        windows = self._windows(prices)
        rows = np.asarray(origins) - windows.origins[0]
        if rows.min() < 0 or rows.max() >= len(windows):
            first, last = windows.origins[[0, -1]]
            raise DataError(
                f"{prices.symbol}: forecasts can be made from session {first + 1} to {last + 1} of "
                f"its {len(prices)}; the first need a full window before them"
            )
        return windows, rows
