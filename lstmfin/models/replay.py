"""What a model would have said at each session that it was not trained on, to calibrate by.

A replay begins with the model, not with the forecast: at the last ``REPLAY`` sessions before the
model's own last one, or the first that no weight was trained on. So what it came to there can be
kept with the model, and a forecast goes on from it; the two ways give one range.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lstmfin.data.prices import Prices
from lstmfin.data.target import cumulative_returns
from lstmfin.metrics.law import Law
from lstmfin.models.calibration import Calibrator, calibrate
from lstmfin.models.outlook import Outlook
from lstmfin.models.provenance import Provenance

Floats = NDArray[np.float64]

REPLAY = 500
"""Sessions that a replay begins before the end of training, or else of the prices, at most: at the
next session the factor that it began with has faded to less than a tenth by then."""

KEPT = "aci"
"""The calibration whose state says all that is needed to go on from it."""


@dataclass(frozen=True)
class Kept:
    """What a calibration had come to at the last session that a model was trained on."""

    session: str
    calibrator: Calibrator


class Replayed(Protocol):
    """What a replay asks of a forecaster."""

    provenance: Provenance | None
    kept: dict[str, Kept]

    @property
    def horizon(self) -> int:
        """Sessions ahead that are forecast, H."""

    def outlook_last(self, prices: Prices, n: int) -> Outlook:
        """Return all that is forecast from the last n origins, or as many as there are."""


def keep(forecaster: Replayed, prices: Prices) -> Kept:
    """Return what the calibration of a model comes to over the prices it was trained on."""
    calibrator = Calibrator(forecaster.horizon, KEPT)
    _follow(forecaster, prices, calibrator)
    return Kept(str(prices.sessions[-1]), calibrator)


def replay(forecaster: Replayed, prices: Prices, *, ahead: int, method: str) -> tuple[Outlook, Law]:
    """Return what is forecast at the last session, and its law (H,), calibrated.

    Parameters
    ----------
    prices : Prices
        Finished sessions.
    ahead : int
        Sessions ahead, H: those that the model was trained for, or fewer.
    method : str
        As of ``Calibrator``.
    """
    if method == "none" or forecaster.provenance is None:
        outlook = forecaster.outlook_last(prices, 1)
        return outlook, outlook.law[-1, :ahead]
    if method != KEPT:
        n = min(len(_unseen(forecaster, prices)), REPLAY)
        outlook = forecaster.outlook_last(prices, max(1, n))
        law = outlook.law[:, :ahead]
        return outlook, calibrate(law, _truth(prices, law), method=method)[-1]
    calibrator, after = Calibrator(ahead, KEPT), None
    kept = forecaster.kept.get(prices.symbol)
    if kept is not None and np.datetime64(kept.session) in prices.sessions:
        calibrator.log_factor = kept.calibrator.log_factor[:ahead]
        after = np.datetime64(kept.session)
    outlook = _follow(forecaster, prices, calibrator, after=after)
    return outlook, calibrator.apply(outlook.law[-1, :ahead])


def _follow(
    forecaster: Replayed,
    prices: Prices,
    calibrator: Calibrator,
    *,
    after: np.datetime64 | None = None,
) -> Outlook:
    """Bring a calibration up to the last session; return what is forecast of the sessions seen.

    Of those that it has been through already, it sees as many as have errors still to come.
    """
    unseen, ahead = _unseen(forecaster, prices), calibrator.horizon
    if after is None:
        n_known, n_new = 0, min(len(unseen), REPLAY)
    else:
        n_known = min(int((unseen <= after).sum()), REPLAY, ahead)
        n_new = int((unseen > after).sum())
    outlook = forecaster.outlook_last(prices, max(1, n_known + n_new))
    law = outlook.law[:, :ahead]
    first = max(0, law.shape[0] - n_new)
    calibrate(law, _truth(prices, law), calibrator=calibrator, first=first)
    return outlook


def _unseen(forecaster: Replayed, prices: Prices) -> NDArray[np.datetime64]:
    """Return the sessions since the first that no weight was trained on."""
    assert forecaster.provenance is not None
    return prices.sessions[prices.sessions >= np.datetime64(forecaster.provenance.validated_from)]


def _truth(prices: Prices, law: Law) -> Floats:
    n, ahead = law.shape
    return cumulative_returns(prices, ahead)[-n:]
