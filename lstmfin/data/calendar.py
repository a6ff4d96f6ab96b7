"""Dates of sessions to come, by the weekdays of those that were."""

import numpy as np
from numpy.typing import NDArray

LOOK_BACK = 60
"""Sessions that tell on which weekdays a market is open: a quarter of a year, holidays and all."""


def future_sessions(sessions: NDArray[np.datetime64], n_sessions: int) -> NDArray[np.datetime64]:
    """Return the next dates on weekdays on which the market was open of late; holidays not known.

    Parameters
    ----------
    sessions : ndarray of datetime64[D] (n,)
        Sessions that were, at least one.
    n_sessions : int
        How many to come.

    Examples
    --------
    >>> week = np.arange("2024-01-01", "2024-01-06", dtype="datetime64[D]")
    >>> [str(day) for day in future_sessions(week, 2)]
    ['2024-01-08', '2024-01-09']
    """
    recent = sessions[-LOOK_BACK:]
    weekdays = np.zeros(7, dtype=bool)
    weekdays[(recent.astype(np.int64) + 3) % 7] = True  # 1970-01-01 was a Thursday
    if len(sessions) < 5:
        weekdays[:5] = True
    return np.busday_offset(
        np.datetime64(sessions[-1], "D"),
        np.arange(1, n_sessions + 1),
        roll="backward",
        weekmask=weekdays,
    )
