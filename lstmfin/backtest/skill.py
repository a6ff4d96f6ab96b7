"""By how much a network beats each baseline, with an interval.

Shapes: N tested origins, S resamples.
"""

from dataclasses import dataclass

import numpy as np

from lstmfin.backtest.walkforward import Backtest, Floats
from lstmfin.metrics.bootstrap import block_length, stationary_indices

LEVEL = 0.95
SAMPLES = 500


@dataclass(frozen=True)
class Skill:
    """Share of a baseline's CRPS that the network saves, and its interval of 95 %.

    Attributes
    ----------
    baseline : str
    horizon : int
        Sessions ahead, 1 or the last.
    skill, low, high : float
        As fractions; 0 is no better, negative worse.
    """

    baseline: str
    horizon: int
    skill: float
    low: float
    high: float


def skills(result: Backtest) -> list[Skill]:
    """Return the skill against each baseline, at the next session and at the last horizon.

    The interval resamples both losses together, in blocks (stationary bootstrap), so that
    overlapping horizons and calm and wild times count for what they are.
    """
    own = result.laws[result.model]
    found = []
    for name, laws in result.laws.items():
        if name == result.model:
            continue
        for at in sorted({0, own.shape[1] - 1}):
            truth = result.realised[:, at]
            a, b = (law[:, at].crps(truth) for law in (own, laws))
            known = np.isfinite(a) & np.isfinite(b)
            if known.sum() > 1 and b[known].sum() > 0:
                found.append(Skill(name, at + 1, *_interval(a[known], b[known])))
    return found


def _interval(own: Floats, other: Floats) -> tuple[float, float, float]:
    """Return the share of the mean of ``other`` that ``own`` saves, and its ends."""
    skill = 1 - float(own.sum() / other.sum())
    gain = other - own
    if np.ptp(gain) == 0:
        return skill, skill, skill
    at = stationary_indices(
        len(gain),
        length=block_length(gain),
        n_samples=SAMPLES,
        rng=np.random.default_rng(0),
    )  # (S, N)
    drawn = 1 - own[at].sum(axis=1) / other[at].sum(axis=1)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return skill, float(low), float(high)
