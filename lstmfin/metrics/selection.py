"""What is left of the best of many: corrections for a search."""

import math
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lstmfin.errors import DataError, UsageError
from lstmfin.metrics._arrays import Floats, floats

BLOCKS = 16
"""Of a combinatorially symmetric cross-validation: 12,870 ways to halve them."""


def holm(p_values: ArrayLike) -> Floats:
    """Return p-values corrected for how many there are, so that they can be read one by one.

    With them, the chance that any true null hypothesis is rejected stays at the level.

    Parameters
    ----------
    p_values : array_like, shape (n,)
        NaN is a test that could not be made: it is not counted, and stays NaN.

    Notes
    -----
    S. Holm (1979): the k-th smallest is multiplied by n - k + 1, and never falls below the ones
    before it.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p = floats(p_values)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    corrected = np.full(p.shape, np.nan)
    steps = p[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return corrected


def probability_of_overfitting(returns: ArrayLike, *, n_blocks: int = BLOCKS) -> float:
    r"""Return how often the best trial of one half of the sessions is below median in the other.

    Parameters
    ----------
    returns : array_like, shape (T, N)
        Returns of N trials over the same T sessions.
    n_blocks : int, default 16
        Even; blocks of sessions of one length, of which every half is once in sample. Sessions at
        the end that fill no block are left out.

    Returns
    -------
    float
        :math:`P(\lambda \le 0)` with the logit :math:`\lambda = \log\frac{\omega}{1 - \omega}` of
        the relative rank :math:`\omega` out of sample. NaN with fewer than 2 trials, with fewer
        than two sessions a block, or with a NaN.

    Notes
    -----
    Ranked by Sharpe ratio; trials that did nothing have a ratio of 0, and trials that are equal
    share their rank. It says something of the search, not of one trial, and is noisy where trials
    are few. D. H. Bailey, J. Borwein, M. López de Prado and Q. J. Zhu (2017), "The probability of
    backtest overfitting".
    """
    r = floats(returns)
    if n_blocks < 2 or n_blocks % 2:
        raise DataError(f"an even number of blocks is needed to halve them, not {n_blocks}")
    if r.ndim != 2 or r.shape[1] < 2 or len(r) < 2 * n_blocks or np.isnan(r).any():
        return math.nan
    size = len(r) // n_blocks
    blocks = r[: size * n_blocks].reshape(n_blocks, size, -1)
    sums, squares = blocks.sum(axis=1), (blocks**2).sum(axis=1)  # (S, N)
    halves = np.array(list(combinations(range(n_blocks), n_blocks // 2)))
    chosen = np.zeros((len(halves), n_blocks))
    np.put_along_axis(chosen, halves, 1.0, axis=1)
    n = size * n_blocks // 2
    inside = _ratios(chosen @ sums, chosen @ squares, n)
    outside = _ratios((1 - chosen) @ sums, (1 - chosen) @ squares, n)
    best = np.argmax(inside, axis=1)
    of_best = np.take_along_axis(outside, best[:, None], axis=1)  # (C, 1)
    rank = (outside < of_best).sum(axis=1) + ((outside == of_best).sum(axis=1) + 1) / 2
    omega = rank / (r.shape[1] + 1)
    return float(np.mean(omega <= 0.5))


def _ratios(total: Floats, squares: Floats, n: int) -> Floats:
    """Return Sharpe ratios per session from sums over n sessions."""
    mean = total / n
    variance = np.maximum(squares / n - mean**2, 0.0)
    still = variance <= 1e-14 * squares / n
    return np.asarray(np.where(still, 0.0, mean / np.sqrt(np.where(still, 1.0, variance))))


def superior_ability(
    benchmark: ArrayLike, losses: ArrayLike, *, seed: int, n_samples: int = 1000
) -> float:
    """Return the p-value that none of many models has a smaller expected loss than a benchmark.

    Parameters
    ----------
    benchmark : array_like, shape (T,)
    losses : array_like, shape (T, N)
        Of everything that was tried.

    Raises
    ------
    UsageError
        When ``arch`` is not installed.

    Notes
    -----
    P. R. Hansen (2005), "A test for superior predictive ability": consistent p-value, by the
    stationary bootstrap of ``arch``.
    """
    spa = _arch().SPA(floats(benchmark), floats(losses), reps=n_samples, seed=seed)
    spa.compute()
    return float(spa.pvalues["consistent"])


def confidence_set(
    losses: ArrayLike, *, seed: int, size: float = 0.1, n_samples: int = 1000
) -> tuple[int, ...]:
    """Return which of N models may be the best, at a level of ``size``: their columns, in order.

    Parameters
    ----------
    losses : array_like, shape (T, N)

    Notes
    -----
    P. R. Hansen, A. Lunde and J. M. Nason (2011), "The model confidence set", by ``arch``.
    """
    mcs = _arch().MCS(floats(losses), size=size, reps=n_samples, seed=seed)
    mcs.compute()
    return tuple(sorted(int(one) for one in mcs.included))


def _arch() -> Any:
    try:
        from arch import bootstrap
    except ImportError as error:
        raise UsageError(
            "tests over everything tried need arch, which is not installed: "
            "pip install 'lstmfin[stats]'"
        ) from error
    return bootstrap
