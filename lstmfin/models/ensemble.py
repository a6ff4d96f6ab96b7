"""Networks that were trained together: scaler, linear part, networks and head, windows to laws.

Shapes: N windows, D inputs, H horizons, K members, P weights. The networks see each series in units
of its own trailing volatility at the origin and answer in such units, so that one can be trained on
many series.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lstmfin.config import TrainConfig
from lstmfin.data.target import Quantity, Target, unit_of_returns
from lstmfin.data.windows import Windows
from lstmfin.engine.architecture import Architecture
from lstmfin.engine.checkpoint import Checkpoint
from lstmfin.engine.loss import Loss
from lstmfin.engine.network import Network
from lstmfin.engine.options import (
    cell_options,
    check_network,
    dropout_of,
    initialisation_of,
    zoneout_of,
)
from lstmfin.engine.run import History
from lstmfin.engine.train import Task, fit_together
from lstmfin.errors import UsageError
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.mixture import Mixture
from lstmfin.models.laws import Spread
from lstmfin.models.linear import LinearPart
from lstmfin.models.member import Member
from lstmfin.models.model import Indices, stream
from lstmfin.models.outlook import Outlook
from lstmfin.models.samples import Samples, Scaler, fit_scaler
from lstmfin.models.settle import believed, settle, spread_of, start_outputs, with_linear
from lstmfin.models.shrinkage import shrink
from lstmfin.models.threads import one_thread
from lstmfin.registry import LOSSES, TARGETS

log = logging.getLogger(__name__)

Floats = NDArray[np.float64]


class Ensemble:
    """Recurrent networks of one configuration and different seeds, whose laws are mixed.

    Parameters
    ----------
    config : TrainConfig
        Networks, inputs and training.
    stream_names : tuple of str
        Names that tell this forecaster's random streams from others of the same seed.

    Attributes
    ----------
    members : list of Member
        The trained networks; their laws in equal shares are the forecast.
    linear : LinearPart, or None
        What is said without a network, where the target is the volatility; networks add to it.
    naive : tuple of ndarray (H,) and (H,)
        Scale and degrees of freedom of the training returns about zero, in units of trailing
        volatility: the law of one who looks at nothing else. Returns start from it.
    share : ndarray (H,)
        How much of the medians of returns is kept, by the validation block (``shrinkage``).
    warm_start : ndarray (K, P), or None
        Weights of each member that training begins from in place of random ones, as of a model that
        was trained before on fewer sessions.
    warnings : list of str
        Fits that ended at a bound, in words.

    Raises
    ------
    UsageError
        When the loss does not fit the target.
    """

    def __init__(self, config: TrainConfig, *, stream_names: tuple[str, ...] = ()) -> None:
        self.target: Target = TARGETS.get(config.target)
        self.config = replace(config, loss=config.loss or self.target.loss)
        self.stream_names = stream_names
        self.loss: Loss = LOSSES.get(self.config.loss or "")
        if config.target not in self.loss.targets:
            able = [one for one in LOSSES.names() if config.target in LOSSES.get(one).targets]
            raise UsageError(
                f"--loss {config.loss} does not fit --target {config.target}; choose "
                f"{', '.join(able)}"
            )
        check_network(self.config)
        self.members: list[Member] = []
        self.scaler: Scaler | None = None
        self.linear: LinearPart | None = None
        self.naive: Spread = (np.ones(config.horizon), np.full(config.horizon, np.inf))
        self.share: Floats = np.ones(config.horizon)
        self.warm_start: NDArray[np.floating] | None = None
        self.warnings: list[str] = []

    @property
    def horizon(self) -> int:
        """Sessions ahead that are forecast, H."""
        return self.config.horizon

    @property
    def network(self) -> Network | None:
        """The first member's network."""
        return self.members[0].network if self.members else None

    @property
    def history(self) -> History:
        """What happened in the training of the first member."""
        return self.members[0].history if self.members else History()

    @property
    def residual(self) -> Spread | None:
        """What is fitted to the errors of the first member; see ``Member``."""
        return self.members[0].residual if self.members else None

    @property
    def n_weights(self) -> int:
        """Weights of one of the trained networks."""
        return self.network.params.flat.size if self.network is not None else 0

    @property
    def weights(self) -> NDArray[np.floating]:
        """Weights of all members, (K, P)."""
        return np.stack([member.network.params.flat for member in self.members])

    @property
    def has_linear(self) -> bool:
        """Whether networks add to a linear part: of variances, unless told otherwise."""
        return self.target.quantity is Quantity.LOG_VARIANCE and not self.config.no_linear

    def learn(
        self,
        windows: Windows,
        returns: NDArray[np.floating],
        train_rows: Indices,
        validation_rows: Indices,
        *,
        label: str = "",
        tick: Callable[[], None] = lambda: None,
        checkpoint: Callable[[int], Checkpoint] | None = None,
    ) -> None:
        """Train on windows, whatever they are of, and fit what training leaves open.

        Parameters
        ----------
        returns : ndarray (N, H)
            That came of all windows, in σ √h.
        train_rows, validation_rows : ndarray of int
            Windows to train on, and later ones to stop by.
        label : str
            What they are of, for messages; it names the random streams, too.
        """
        config = self.config
        by_step = config.loss_on == "all"
        scaler = self.scaler = fit_scaler(windows, train_rows, by_step=by_step)
        quantity, loss = self.target.quantity, self.loss
        training = Samples(windows, scaler, train_rows, by_step)
        self.naive = spread_of(returns[train_rows], symbol=label)
        if self.has_linear:
            training = with_linear(training, validation_rows)
        self.linear = training.linear
        start = start_outputs(quantity, loss, training, self.naive, symbol=label)
        validation = replace(training, rows=validation_rows)
        tasks = []
        for number in range(config.members):
            rng = stream(config.seed, label, *self.stream_names, f"member {number}")
            network = self.new_network()
            network.initialise(rng, start.ravel(), initialisation_of(config))
            if self.warm_start is not None:
                network.params.flat[:] = self.warm_start[number]
            kept = checkpoint(number) if checkpoint else None
            tasks.append(Task(network, training, validation, rng, kept))
        with one_thread():
            histories = fit_together(tasks, loss, config=config, tick=tick)
        self.members = [
            Member(task.network, history) for task, history in zip(tasks, histories, strict=True)
        ]
        for member in self.members:
            for epoch, value in enumerate(member.history.validation_loss):
                log.info("%s: validation loss %.5f after epoch %d", label, value, epoch)
        self._settle(returns, training, validation, label)

    def _settle(
        self,
        returns: NDArray[np.floating],
        training: Samples,
        validation: Samples,
        label: str,
    ) -> None:
        """Fit what training leaves open, and note what ended at a bound."""
        quantity, loss, naive = self.target.quantity, self.loss, self.naive
        settled = partial(settle, training=training, validation=validation, returns=returns)
        with one_thread():
            warnings = [
                settled(member, quantity, loss, naive=naive, symbol=label)
                for member in self.members
            ]
            self.share = believed(
                self.members, quantity, loss, validation=validation, returns=returns, naive=naive
            )
        self.warnings = list(dict.fromkeys(text for texts in warnings for text in texts))

    def samples(self, windows: Windows, rows: Indices) -> Samples:
        """Return windows as the networks see them, scaled."""
        assert self.scaler is not None
        return Samples(windows, self.scaler, rows, self.config.loss_on == "all", self.linear)

    def outlook_of(self, windows: Windows, rows: Indices) -> Outlook:
        """Return all that is forecast from some windows."""
        volatility, asked = windows.volatility[rows], rows
        if self.config.stateful:  # states come from the windows before: all in a row are asked
            asked = np.arange(rows.min(), rows.max() + 1)
        samples = self.samples(windows, asked)
        with one_thread():
            answers = [samples.answers(one.network, self.loss) for one in self.members]
        if self.config.stateful:
            answers = [answer.of(rows - rows.min()) for answer in answers]
        pairs = list(zip(self.members, answers, strict=True))
        quantity = self.target.quantity
        laws = tuple(one.law(quantity, said, volatility, self.naive) for one, said in pairs)
        if quantity is Quantity.RETURN:
            laws = tuple(shrink(one, self.share) for one in laws)
        law = laws[0] if len(laws) == 1 else Mixture(laws)
        ahead = np.arange(1, self.horizon + 1)
        if quantity is Quantity.LOG_VARIANCE:
            variances = tuple(one.variance(said, volatility) for one, said in pairs)
            variance = np.mean(variances, axis=0)
        else:
            variances = tuple(one.std**2 / ahead for one in laws)
            variance = law.std**2 / ahead
        unit = unit_of_returns(volatility, self.horizon)
        scale, dof = self.naive
        naive = StudentT(np.zeros(unit.shape), scale * unit, np.broadcast_to(dof, unit.shape))
        return Outlook(law, laws, variance, naive, variances)

    def architecture(self) -> Architecture:
        """Return what the networks are made of."""
        config = self.config
        assert self.scaler is not None
        return Architecture(
            cell=config.cell,
            n_inputs=len(self.scaler.mean),
            n_hidden=config.hidden,
            n_layers=config.layers,
            n_outputs=self.loss.n_parameters * config.horizon,
            options=cell_options(config),
            direction=config.direction,
            learned_start=config.learned_start,
            zoneout=zoneout_of(config),
            stateful=config.stateful,
        )

    def new_network(self) -> Network:
        """Return a network of this architecture, its weights still zero."""
        return Network(self.architecture(), dropout=dropout_of(self.config))
