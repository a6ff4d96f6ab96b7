"""The forecaster: features, scaler, network and head, from prices to a law of returns.

Shapes: N windows, T steps, D features, H horizons. The network sees returns in units of the
trailing volatility at the origin and speaks in units of that volatility times the root of the
horizon.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lstmfin.config import TrainConfig
from lstmfin.data.prices import Prices
from lstmfin.data.windows import Windows, make_windows
from lstmfin.engine.checkpoint import Checkpoint
from lstmfin.engine.loss import Loss
from lstmfin.engine.network import Architecture, Network
from lstmfin.engine.options import cell_options
from lstmfin.engine.run import History
from lstmfin.engine.train import fit, n_steps, predict
from lstmfin.errors import DataError
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.fit import fit_student_t
from lstmfin.models.model import Indices, stream
from lstmfin.registry import LOSSES

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]

LEAST_WINDOWS = 30
"""Fewer windows to train on, or a tenth of it to validate on, say nothing."""

ERRORS_A_STEP = 10
"""Validation errors for each session of the horizon, to fit the width of a range to."""


@dataclass(frozen=True)
class Scaler:
    """Mean and spread of each feature over the training windows, each (D,)."""

    mean: Floats
    std: Floats


@dataclass(frozen=True)
class Provenance:
    """What a model was trained on."""

    symbol: str
    source: str
    digest: str
    first: str
    last: str
    n_sessions: int


@dataclass
class Samples:
    """Windows by number, scaled, with their targets: what the engine trains on."""

    windows: Windows
    scaler: Scaler
    rows: Indices

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, indices: Indices) -> tuple[np.ndarray, np.ndarray]:
        """Return windows (B, T, D) float32 and targets (B, H)."""
        rows = self.rows[indices]
        x = self.windows.batch(rows)
        x -= self.scaler.mean.astype(np.float32)
        x /= self.scaler.std.astype(np.float32)
        return x, self.windows.target[rows]


class Forecaster:
    """A recurrent network that forecasts the law of the returns of one series.

    Parameters
    ----------
    config : TrainConfig
        Network, inputs and training.
    stream_names : tuple of str
        Names that tell this forecaster's random stream from others of the same seed.

    Attributes
    ----------
    history : History
        What happened in training.
    provenance : Provenance
        The prices it was trained on.
    naive : tuple of ndarray (H,) and (H,)
        Scale and degrees of freedom of the training targets about zero: the law of one who expects
        no return and looks at nothing but the trailing volatility. The network starts from it.
    residual : tuple of ndarray (H,) and (H,), or None
        Scale and degrees of freedom of the errors on the validation block, for losses that train a
        location alone.
    warm_start : ndarray, or None
        Weights that training begins from in place of random ones, as of a model that was trained
        before on fewer sessions.

    Examples
    --------
    >>> from lstmfin.config import TrainConfig
    >>> forecaster = Forecaster(TrainConfig(epochs=1, horizon=5))
    >>> forecaster.horizon
    5
    """

    def __init__(self, config: TrainConfig, *, stream_names: tuple[str, ...] = ()) -> None:
        self.config = config
        self.stream_names = stream_names
        self.loss: Loss = LOSSES.get(config.loss)
        self.network: Network | None = None
        self.scaler: Scaler | None = None
        self.naive = (np.ones(config.horizon), np.full(config.horizon, np.inf))
        self.residual: tuple[Floats, Floats] | None = None
        self.warm_start: NDArray[np.floating] | None = None
        self.history = History()
        self.provenance: Provenance | None = None

    @property
    def horizon(self) -> int:
        """Sessions ahead that are forecast, H."""
        return self.config.horizon

    @property
    def n_weights(self) -> int:
        """Weights of the trained network."""
        return self.network.params.flat.size if self.network is not None else 0

    def n_steps(self, prices: Prices) -> int:
        """Return how many training steps ``fit`` takes at most, for a progress bar."""
        return n_steps(len(self._blocks(self._windows(prices), prices)[0]), self.config)

    def fit(
        self,
        prices: Prices,
        *,
        tick: Callable[[], None] = lambda: None,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        """Train on prices, all of which are known.

        The last ``validation`` share of the windows is kept for early stopping, with a gap of the
        horizon before it, so that no training target reaches into it.

        Parameters
        ----------
        prices : Prices
            The series; an unfinished last bar is left out.
        tick : callable
            Called after each step.
        checkpoint : Checkpoint, optional
            Gives the state to go on from, and is handed one after each epoch.

        Raises
        ------
        DataError
            When there are too few sessions, or prices that have no log return.
        """
        prices = prices.finished()
        windows = self._windows(prices)
        config = self.config = replace(self.config, features=windows.features)
        train_rows, validation_rows = self._blocks(windows, prices)
        scaler = self.scaler = _fit_scaler(windows, train_rows)
        rng = stream(config.seed, prices.symbol, *self.stream_names)
        network = self.network = Network(self.architecture(), dropout=config.dropout)
        scale, dof = self.naive = _fit_laws(windows.target[train_rows])
        start = self.loss.outputs_for(np.zeros(self.horizon), scale, dof)
        network.initialise(rng, start.ravel())
        if self.warm_start is not None:
            network.params.flat[:] = self.warm_start
        validation = Samples(windows, scaler, validation_rows)
        with threadpool_limits(1):
            self.history = fit(
                network,
                self.loss,
                training=Samples(windows, scaler, train_rows),
                validation=validation,
                config=config,
                rng=rng,
                tick=tick,
                checkpoint=checkpoint,
            )
            self.residual = self._fit_residual(validation)
        for epoch, value in enumerate(self.history.validation_loss):
            log.info("%s: validation loss %.5f after epoch %d", prices.symbol, value, epoch)
        self.provenance = Provenance(
            symbol=prices.symbol,
            source=prices.source,
            digest=prices.digest(),
            first=str(prices.sessions[0]),
            last=str(prices.sessions[-1]),
            n_sessions=len(prices),
        )

    def predict(self, prices: Prices, origins: Indices) -> StudentT:
        """Return the law (N, H) of the log return from each origin to 1..H sessions later.

        Raises
        ------
        DataError
            When an origin has no full window before it.
        """
        assert self.network is not None
        assert self.scaler is not None
        windows, rows, unit = self._at(prices, origins)
        with threadpool_limits(1):
            law = predict(self.network, self.loss, Samples(windows, self.scaler, rows))
        scale, dof = (law.scale, law.dof) if self.residual is None else self.residual
        assert scale is not None
        assert dof is not None
        return StudentT(law.location * unit, scale * unit, np.broadcast_to(dof, unit.shape))

    def predict_naive(self, prices: Prices, origins: Indices) -> StudentT:
        """Return the laws (N, H) of one who expects no return: the range to compare with."""
        _, _, unit = self._at(prices, origins)
        scale, dof = self.naive
        return StudentT(np.zeros(unit.shape), scale * unit, np.broadcast_to(dof, unit.shape))

    def _at(self, prices: Prices, origins: Indices) -> tuple[Windows, Indices, Floats]:
        """Return the windows, the rows of the origins in them, and the unit of their targets."""
        windows = self._windows(prices)
        rows = np.asarray(origins) - windows.origins[0]
        if rows.min() < 0 or rows.max() >= len(windows):
            first, last = windows.origins[[0, -1]]
            raise DataError(
                f"{prices.symbol}: forecasts can be made from session {first + 1} to {last + 1} of "
                f"its {len(prices)}; the first need a full window before them"
            )
        unit = windows.volatility[rows, None] * np.sqrt(np.arange(1, self.horizon + 1))
        return windows, rows, unit

    def architecture(self) -> Architecture:
        """Return what the network is made of."""
        config = self.config
        return Architecture(
            cell=config.cell,
            n_inputs=len(config.features),
            n_hidden=config.hidden,
            n_layers=config.layers,
            n_outputs=self.loss.n_parameters * config.horizon,
            options=cell_options(config),
            direction=config.direction,
            learned_start=config.learned_start,
        )

    def _windows(self, prices: Prices) -> Windows:
        config = self.config
        return make_windows(
            prices, features=config.features, window=config.window, horizon=config.horizon
        )

    def _blocks(self, windows: Windows, prices: Prices) -> tuple[Indices, Indices]:
        """Return the rows to train on and, after a gap of the horizon, those to validate on."""
        known = np.flatnonzero(np.isfinite(windows.target).all(axis=1))
        n_validation = round(len(known) * self.config.validation)
        n_train = len(known) - n_validation - self.horizon
        if n_train < LEAST_WINDOWS or n_validation < LEAST_WINDOWS / 10:
            share = self.config.validation
            enough = max(
                (LEAST_WINDOWS + self.horizon + 1) / (1 - share), LEAST_WINDOWS / 10 / share
            )
            needed = len(prices) - len(known) + int(np.ceil(enough))
            raise DataError(
                f"{prices.symbol} has {len(prices)} sessions; a window of {self.config.window} and "
                f"a horizon of {self.horizon} need {needed}: fetch more, or choose a smaller "
                "--window or --horizon"
            )
        return known[:n_train], known[len(known) - n_validation :]

    def _fit_residual(self, validation: Samples) -> tuple[Floats, Floats] | None:
        """Return the law of the validation errors, where the loss does not train one itself."""
        assert self.network is not None
        law = predict(self.network, self.loss, validation)
        if law.scale is not None:
            return None
        if len(validation) < max(LEAST_WINDOWS, ERRORS_A_STEP * self.horizon):
            return self.naive  # errors that overlap, and are few, would say anything
        errors = validation.windows.target[validation.rows] - law.location
        return _fit_laws(errors)


def _fit_laws(errors: Floats) -> tuple[Floats, Floats]:
    """Return scale and degrees of freedom of each column of (N, H), about zero."""
    scale, dof = np.array([fit_student_t(column) for column in errors.T]).T
    return scale, dof


def _fit_scaler(windows: Windows, rows: Indices) -> Scaler:
    """Return mean and spread of each feature over the training windows and no other."""
    n, total, squares = 0, np.zeros(windows.view.shape[2]), np.zeros(windows.view.shape[2])
    for part in np.array_split(rows, max(1, len(rows) // 256)):
        x = windows.batch(part).astype(np.float64)
        n += x.shape[0] * x.shape[1]
        total += x.sum(axis=(0, 1))
        squares += (x**2).sum(axis=(0, 1))
    mean = total / n
    variance = np.maximum(squares / n - mean**2, 0)
    return Scaler(mean, np.where(variance > 1e-12, np.sqrt(variance), 1.0))
