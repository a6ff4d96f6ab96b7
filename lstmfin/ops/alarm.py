r"""Alarms with a stated rate of false ones, for coverage or skill that has left its band.

Each test bets against its claim, one published forecast of the next session after the other. A
bet pays :math:`e_t \ge 0`, expected to be 1 at most while the claim holds, and the sums

.. math:: W_t = e_t \max(1, W_{t-1})

are Page's CUSUM (1954, "Continuous inspection schemes") of :math:`\log e_t`. As
:math:`W_t \le R_t = e_t (1 + R_{t-1})`, and :math:`R_t - t` is a supermartingale, the chance that
any of the first n sums reaches c is n / c at most, whatever the dependence (Shin, Ramdas & Rinaldo
2023, "E-detectors"). Several bets are averaged; an average of such sums obeys the same bound.

The claims, each at the next session, given all that was published before:

- the 90 % range holds with a chance between 84 and 96 %, the 50 % range between 42 and 58 %;
- the quantile score is expected to be no worse than that of trailing volatility alone.

The last bets on the difference of two scores as a share of the largest that it can be, which is
known before the outcome is (Choe & Ramdas 2023, "Comparing sequential forecasters", section 4).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

YEAR = 250
"""Sessions in which the chance of a false alarm is bounded."""

BAND_90 = (0.84, 0.96)
BAND_50 = (0.42, 0.58)
"""Chances that a range of 90 and of 50 % may have of holding."""

BETS_90 = ((0.4, 0.6, 0.75), (0.98, 0.999))
BETS_50 = ((0.1, 0.25, 0.35), (0.65, 0.75, 0.9))
"""Chances below and above the band that are bet on."""

Bets = tuple[tuple[float, ...], tuple[float, ...]]

STAKES = (0.1, 0.25, 0.5)
"""Shares of the fortune that are put on the model's being worse."""

MOST = 700.0
"""Logarithm beyond which a sum is as good as certain, and no longer a number."""

TESTS = ("coverage of 90 %", "coverage of 50 %", "skill")


@dataclass(frozen=True)
class Alarm:
    """What a test says: its name, its sum now, and the threshold."""

    test: str
    value: float
    threshold: float

    @property
    def is_raised(self) -> bool:
        """Whether the sum stands at the threshold or above."""
        return self.value >= self.threshold


def threshold_of(rate: float, n_tracks: int) -> float:
    """Return the threshold that bounds the chance of any false alarm in a year by a rate.

    Examples
    --------
    >>> threshold_of(0.1, 1)
    7500.0
    """
    return YEAR * len(TESTS) * max(n_tracks, 1) / rate


def coverage_sums(held: NDArray[np.bool_], *, band: tuple[float, float], bets: Bets) -> Floats:
    """Return the sums of the test that a range holds with a chance inside its band, (n, ...).

    A bet on the chance q pays the likelihood ratio of q against the nearer end of the band. For any
    chance inside it that is expected to be 1 at most.

    Parameters
    ----------
    held : ndarray of bool (n, ...)
        Whether the range held, in order of time; of one history or of many side by side.
    """
    low, high = band
    chances = np.array([*bets[0], *bets[1]])  # (K,)
    ends = np.array([*(low for _ in bets[0]), *(high for _ in bets[1])])  # (K,)
    return _sums(np.where(held[..., None], chances / ends, (1 - chances) / (1 - ends)))


def skill_sums(difference: Floats) -> Floats:
    """Return the sums of the test that the model is no worse than its baseline, (n, ...).

    Parameters
    ----------
    difference : ndarray (n, ...)
        Score of the model less that of the baseline, as a share of the most that it can be.
    """
    return _sums(1 + np.array(STAKES) * np.clip(difference, -1, 1)[..., None])


def _sums(pays: Floats) -> Floats:
    """Return the mean over bets of the CUSUMs of what they paid, (n, ..., K) to (n, ...)."""
    walk = np.cumsum(np.log(pays), axis=0)
    # W_t = e_t max(1, W_{t-1}) is, in logs, how far the walk is above its lowest point before t.
    before = np.concatenate([np.zeros_like(walk[:1]), walk[:-1]])
    sums = walk - np.minimum.accumulate(before, axis=0)
    with np.errstate(under="ignore"):
        return np.asarray(np.exp(np.minimum(sums, MOST)).mean(axis=-1))
