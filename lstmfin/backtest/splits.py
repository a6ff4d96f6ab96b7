"""Walk-forward splits: index arrays of origins to train on and to test.

An origin is the position of the last bar known when a forecast is made. With a horizon of H, the
target of origin i reaches to i + H, so that a purge of at least H keeps every training target
before the first test origin.
"""

from collections.abc import Iterator

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
