"""One network of a forecaster, and how what it says becomes a law of returns.

Shapes: N windows, H horizons. The unit of a return is σ √h, the daily volatility at its origin
times the root of the horizon.
"""

from dataclasses import dataclass, field

import numpy as np

from lstmfin.data.target import Quantity, unit_of_returns
from lstmfin.engine.loss import Law as Answer
from lstmfin.engine.network import Network
from lstmfin.engine.run import History
from lstmfin.metrics.distribution import StudentT
from lstmfin.metrics.law import Law
from lstmfin.models.laws import Floats, Spread, law_of_returns, law_of_variance


@dataclass
class Member:
    """A trained network, and what is fitted to its errors.

    Attributes
    ----------
    network : Network
    history : History
        What happened in training.
    residual : Spread, or None
        What the loss itself does not train: the spread of the errors of a location, in its unit; of
        a variance, that of returns in units of its root.
    level : ndarray (H,), or None
        What a forecast of log variance is off in the mean of the variance, as a factor.
    """

    network: Network
    history: History = field(default_factory=History)
    residual: Spread | None = None
    level: Floats | None = None

    def variance(self, answer: Answer, volatility: Floats) -> Floats:
        """Return the mean daily variance of the next h sessions, (N, H), of a log variance."""
        assert self.level is not None
        return np.asarray(volatility[:, None] ** 2 * np.exp(answer.location) * self.level)

    def law(self, quantity: Quantity, answer: Answer, volatility: Floats, naive: Spread) -> Law:
        """Return the law (N, H) of the log returns that an answer stands for.

        A chance of a rise moves the naive law until it has that chance.
        """
        H = answer.location.shape[1]
        unit = unit_of_returns(volatility, H)
        if quantity is Quantity.LOG_VARIANCE:
            assert self.residual is not None
            ahead = self.variance(answer, volatility) * np.arange(1, H + 1)
            return law_of_variance(ahead, spread=self.residual)
        if quantity is Quantity.CHANCE:
            law = StudentT(np.zeros(unit.shape), naive[0] * unit, naive[1])
            return law.affine(law.quantile(answer.location))
        return law_of_returns(answer, unit=unit, spread=self.residual)
