"""Walk-forward splits: index arrays of origins to train on and to test.

An origin is the position of the last bar known when a forecast is made. With a horizon of H, the
target of origin i reaches to i + H, so that a purge of at least H keeps every training target
before the first test origin.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from lstmfin.errors import UsageError
from lstmfin.models.model import Indices


def walk_forward(
    n_origins: int, *, train: int, test: int, purge: int, rolling: bool = False
) -> Iterator[tuple[Indices, Indices]]:
    """Yield (train, test) blocks of origins; each origin is tested at most once.

    Parameters
    ----------
    n_origins : int
        How many origins there are, 0 to n_origins - 1.
    train : int
        Origins before the first test block, less the purge; all later blocks train on all that came
        before (expanding), or on as many (rolling).
    test : int
        Origins in a test block; the last block may be shorter.
    purge : int
        Origins left out between the two. **A purge below the horizon leaks**: the targets of the
        last training origins would reach into the test block.

    Raises
    ------
    UsageError
        When no test block is left.

    Examples
    --------
    >>> [(a.tolist(), b.tolist()) for a, b in walk_forward(7, train=3, test=2, purge=1)]
    [([0, 1, 2], [4, 5]), ([0, 1, 2, 3, 4], [6])]
    """
    first_test = train + purge
    if first_test >= n_origins:
        raise UsageError(
            f"--train {train} and --purge {purge} leave no test block in the {n_origins} sessions "
            "that can be scored; choose less of either, or fetch more prices"
        )
    for start in range(first_test, n_origins, test):
        stop = start - purge
        yield (
            np.arange(stop - train if rolling else 0, stop),
            np.arange(start, min(start + test, n_origins)),
        )


@dataclass(frozen=True)
class WalkForwardSplit:
    """Expanding walk-forward splits as scikit-learn's searches take them.

    Parameters
    ----------
    train, test, purge : int
        As of ``walk_forward``; rows are origins in order of time.

    Examples
    --------
    >>> splits = WalkForwardSplit(train=3, test=2, purge=1)
    >>> [(a.tolist(), b.tolist()) for a, b in splits.split(range(7))]
    [([0, 1, 2], [4, 5]), ([0, 1, 2, 3, 4], [6])]
    """

    train: int
    test: int
    purge: int

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[Indices, Indices]]:
        """Yield (train, test) rows."""
        del y, groups
        yield from walk_forward(len(X), train=self.train, test=self.test, purge=self.purge)

    def get_n_splits(self, X: Any, y: Any = None, groups: Any = None) -> int:
        """Return how many splits there are."""
        return sum(1 for _ in self.split(X, y, groups))


def combinatorial_purged(
    n_origins: int, *, n_folds: int, n_test_folds: int, purge: int, embargo: int = 0
) -> Iterator[tuple[Indices, list[Indices]]]:
    """Yield (train, test blocks) for every choice of test folds; the rest is trained on.

    Parameters
    ----------
    n_origins : int
        How many origins there are; folds are consecutive, and the last takes what is left over.
    n_folds, n_test_folds : int
        Folds in all, and how many of them are tested at a time.
    purge : int
        Origins left out on both sides of a test block. **A purge below the horizon leaks**: targets
        reach as far forward.
    embargo : int, default 0
        More origins left out behind a test block, whose features still remember it.

    Raises
    ------
    UsageError
        When folds cannot be so many, or a choice leaves nothing to train on.

    Notes
    -----
    Every origin is tested in C(n_folds - 1, n_test_folds - 1) of the C(n_folds, n_test_folds)
    splits, and training blocks come after test blocks, too: this is for the spread of a score over
    paths, not for what could have been earned. M. López de Prado (2018), *Advances in Financial
    Machine Learning*, chapters 7 and 12.

    Examples
    --------
    >>> splits = combinatorial_purged(6, n_folds=3, n_test_folds=1, purge=1)
    >>> [(train.tolist(), [one.tolist() for one in tests]) for train, tests in splits]
    [([3, 4, 5], [[0, 1]]), ([0, 5], [[2, 3]]), ([0, 1, 2], [[4, 5]])]
    """
    if not 1 <= n_test_folds < n_folds <= n_origins or purge < 0 or embargo < 0:
        raise UsageError(
            f"{n_folds} folds with {n_test_folds} tested at a time, purge {purge} and embargo "
            f"{embargo} cannot be made of {n_origins} sessions; folds are 2 or more, fewer of them "
            "are tested, and no gap is below 0"
        )
    size = n_origins // n_folds
    fold = np.minimum(np.arange(n_origins) // size, n_folds - 1)
    for chosen in combinations(range(n_folds), n_test_folds):
        tested = np.isin(fold, chosen)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], tested, [0]))))
        blocks = edges.reshape(-1, 2)  # first of a block, first behind it
        kept = ~tested
        for start, stop in blocks:
            kept[max(start - purge, 0) : stop + purge + embargo] = False
        if not kept.any():
            raise UsageError(
                f"a purge of {purge} and an embargo of {embargo} leave nothing to train on in "
                f"{n_origins} sessions; choose less of either, or fewer folds"
            )
        yield np.flatnonzero(kept), [np.flatnonzero(fold == one) for one in chosen]
