"""What a backtest of one series found, before it is scored and judged.

Shapes: N tested origins, H horizons.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lstmfin.backtest.strategy import Costs, net_returns
from lstmfin.metrics.law import Law

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FoldRecord:
    """One fold: first and last session of the block that its models were fitted on and of its test
    block, and whether they were fitted anew for it.
    """  # noqa: D205 - one sentence

    train_first: str
    train_last: str
    test_first: str
    test_last: str
    refitted: bool


@dataclass(frozen=True)
class Backtest:
    """All that a backtest of one series found.

    Attributes
    ----------
    symbol, model : str
        What was tested, and the name of the network among the models.
    sessions : ndarray of datetime64[D] (N,)
        The tested origins.
    earned_on : ndarray of datetime64[D] (N,)
        The sessions by which the positions taken from them have earned what they earn.
    realised : ndarray (N, H)
        Log returns from each origin to 1..H sessions later; NaN where not yet known.
    laws : dict of str to Law (N, H)
        What each model said, the network first.
    positions : dict of str to ndarray (N,)
        What each model held.
    held : ndarray (N,)
        Simple return of holding the series from the session after each origin to the next.
    costs : Costs
    at_open : bool
        Whether positions are taken at the open.
    folds : tuple of FoldRecord
    realised_variance : ndarray (N,), optional
        Variance of the session after each origin, by its bar.
    variance : dict of str to ndarray (N,)
        What each model expected of it; that of its law where it models none.
    seed_laws : tuple of Law (N, H)
        What each of K members says, calibrated alone.
    seed_positions, seed_variance : ndarray (N, K), optional
        What each of K members of the network would have held alone, and expected of the variance.
    """

    symbol: str
    model: str
    sessions: NDArray[np.datetime64]
    earned_on: NDArray[np.datetime64]
    realised: Floats
    laws: dict[str, Law]
    positions: dict[str, Floats]
    held: Floats
    costs: Costs
    folds: tuple[FoldRecord, ...]
    at_open: bool = False
    realised_variance: Floats | None = None
    variance: dict[str, Floats] = field(default_factory=dict)
    seed_laws: tuple[Law, ...] = ()
    seed_positions: Floats | None = None
    seed_variance: Floats | None = None

    def net(self, name: str) -> Floats:
        """Return what one model earned in each session after costs, as fractions (N,)."""
        return net_returns(self.positions[name], self.held, self.costs)

    def gross(self, name: str) -> Floats:
        """Return what one model earned in each session before costs, as fractions (N,)."""
        return net_returns(self.positions[name], self.held, Costs())


BUY_AND_HOLD = "buy-and-hold"
