"""Ranges that hold what they promise: laws stretched by the errors that were made, as they come.

Shapes: N consecutive origins, H horizons. The last axis of two is the side of the
median: below, above.

A truth h sessions ahead is known h sessions late: at an origin the law for h sessions is stretched
by the errors of forecasts made h sessions before and earlier, and by no later one.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lstmfin.config import CALIBRATIONS
from lstmfin.errors import DataError, UsageError
from lstmfin.metrics.law import Law
from lstmfin.metrics.stretched import Stretched

Floats = NDArray[np.float64]

ALPHA = 0.05
"""Share of the truth beyond each end of the range that is held, the central one of 90 %."""

RATE = 0.05
"""Step of the adaptive method, in the logarithm of a width; ``docs/calibration.md`` says why."""

MOST_LOG_FACTOR = 3.0
"""No stretch beyond e^±3: what needs more is no law of these returns."""

SPLIT_BLOCK = 250
"""Origins, a year of them, whose errors ``split`` learns from if none are given."""


class Calibrator:
    r"""Factors by which a law is stretched on either side of its median, and how they are learned.

    An error is measured in units of what was forecast: :math:`r^+ = (y - m) / (q_{95} - m)` above
    the median m, :math:`r^- = (m - y) / (m - q_5)` below; the end of a range is missed where
    :math:`r > s`, its factor. Since the whole side of the law is stretched by s, all its ranges are
    calibrated with it, as far as its shape is right.

    ``aci`` follows the misses (Gibbs and Candès 2021, eq. 2, on the logarithm of the width in place
    of the level, as quantile tracking does: Angelopoulos, Candès and Tibshirani 2023, sec. 2.2),

    .. math:: \log s \leftarrow \log s + \frac{\eta}{h} ([r > s] - \alpha), \quad \alpha = 0.05

    and its long-run share of misses is :math:`\alpha` whatever the market does. Errors of forecasts
    for h sessions overlap, and their step is an h-th of that of one session.

    ``split`` learns once, from the errors of a block of its own (``fit``): s is the
    :math:`\lceil (n + 1)(1 - \alpha) \rceil`-th smallest of n (Vovk et al. 2005; Lei et al. 2018),
    which holds as long as nothing changes.

    Parameters
    ----------
    horizon : int
        H.
    method : str
        ``aci``, ``split`` or ``none``.

    Raises
    ------
    UsageError
        When there is no such method.
    """

    def __init__(self, horizon: int, method: str = "aci") -> None:
        if method not in CALIBRATIONS:
            there_are = ", ".join(CALIBRATIONS)
            raise UsageError(f"unknown calibration '{method}' (there are: {there_are})")
        self.horizon = horizon
        self.method = method
        self.log_factor = np.zeros((horizon, 2))
        self._steps = RATE / np.arange(1, horizon + 1)[:, None]

    @property
    def factors(self) -> Floats:
        """Factor of each side of each horizon's law, (H, 2)."""
        return np.exp(self.log_factor)

    def apply(self, law: Law) -> Law:
        """Return laws (..., H) stretched by what is known now."""
        if self.method == "none":
            return law
        return Stretched(law, below=self.factors[:, 0], above=self.factors[:, 1])

    def update(self, errors: Floats) -> None:
        """Learn from the errors (H, 2) that came to be known at one close; NaN is none.

        The h-th row is that of the law for h sessions made h sessions before (``errors_of``).
        """
        if self.method != "aci":
            return
        missed = errors > self.factors  # which NaN is not
        self._set(self.log_factor + self._steps * ~np.isnan(errors) * (missed - ALPHA))

    def fit(self, errors: Floats) -> None:
        """Learn from a block of errors (N, H, 2) at once; NaN is none.

        A side with too few errors to tell its range by stays as it is.
        """
        n = np.isfinite(errors).sum(axis=0)
        rank = np.ceil((n + 1) * (1 - ALPHA)).astype(int)
        ranked = np.sort(errors, axis=0)  # NaN comes last
        enough = rank <= n
        at = np.where(enough, rank - 1, 0)[None]
        chosen = np.take_along_axis(ranked, at, axis=0)[0] if len(errors) else self.factors
        least = np.exp(-MOST_LOG_FACTOR)
        self._set(np.where(enough, np.log(np.maximum(chosen, least)), self.log_factor))

    @property
    def at_bound(self) -> bool:
        """Whether a factor is as far off 1 as it may be: the law is not one of these returns."""
        return bool((np.abs(self.log_factor) >= MOST_LOG_FACTOR).any())

    def _set(self, log_factor: Floats) -> None:
        self.log_factor = np.clip(log_factor, -MOST_LOG_FACTOR, MOST_LOG_FACTOR)

    def to_table(self) -> dict[str, Any]:
        """Return the state as plain values, for JSON."""
        return {"method": self.method, "log_factor": self.log_factor.tolist()}

    @classmethod
    def from_table(cls, table: dict[str, Any]) -> Self:
        """Return the calibrator of a table; DataError where it is none."""
        try:
            log_factor = np.asarray(table["log_factor"], np.float64)
            sound = log_factor.ndim == 2 and log_factor.shape[1] == 2
            if not sound or not (np.abs(log_factor) <= MOST_LOG_FACTOR).all():
                raise ValueError("factors are out of bounds")  # noqa: TRY301 - one message for all
            calibrator = cls(len(log_factor), str(table["method"]))
            calibrator.log_factor = log_factor
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"the state of a calibration is damaged ({error})") from error
        return calibrator


def errors_of(law: Law, realised: Floats) -> Floats:
    """Return errors in units of the side of the law that they lie on, (N, H, 2); NaN if unknown.

    On the other side there is none: 0.
    """
    m = law.median
    is_above = realised > m
    side = np.abs(law.quantile(np.where(is_above, 1 - ALPHA, ALPHA)) - m)
    error = np.abs(realised - m) / side
    none = np.where(np.isnan(error), np.nan, 0.0)
    return np.stack([np.where(is_above, none, error), np.where(is_above, error, none)], axis=-1)


def calibrate(
    law: Law,
    realised: Floats,
    *,
    method: str = "aci",
    calibrator: Calibrator | None = None,
    first: int = 0,
) -> Law:
    """Return the laws of consecutive origins, each calibrated by what was known there.

    Parameters
    ----------
    law : Law (N, H)
        What was forecast at N consecutive origins.
    realised : ndarray (N, H)
        Log returns from each origin to 1..H sessions later; NaN where not known.
    method : str
        As of ``Calibrator``, if none is given. ``split`` learns from the errors known at the 250th
        origin, and stretches nothing before.
    calibrator : Calibrator, optional
        Where to go on from; it is left as it is after the last origin.
    first : int
        The first origin to calibrate. Those before it have had their turn; they are given for the
        sake of their errors, which arrive later: H of them are enough.

    Returns
    -------
    Law (N - first, H)
    """
    n_origins, horizon = law.shape
    state = calibrator or Calibrator(horizon, method)
    if state.method == "none":
        return law[first:]
    arrived = np.full((n_origins, horizon, 2), np.nan)
    errors = errors_of(law, realised)
    for h in range(1, min(horizon, n_origins - 1) + 1):
        arrived[h:, h - 1] = errors[:-h, h - 1]
    factors = np.empty((n_origins - first, horizon, 2))
    for t in range(first, n_origins):
        state.update(arrived[t])
        if state.method == "split" and calibrator is None and t == SPLIT_BLOCK:
            state.fit(arrived[: t + 1])
        factors[t - first] = state.factors
    return Stretched(law[first:], below=factors[..., 0], above=factors[..., 1])
