"""Array aliases, and the two ways in which all metrics treat their input."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmfin.errors import DataError

Floats = NDArray[np.float64]


def floats(values: ArrayLike) -> Floats:
    """Return the values in float64; Python and float32 numbers lose nothing."""
    return np.asarray(values, dtype=np.float64)


def aligned(*arrays: ArrayLike) -> tuple[Floats, ...]:
    """Return the arrays in float64; DataError unless all have one shape."""
    converted = tuple(floats(one) for one in arrays)
    shapes = [one.shape for one in converted]
    if len(set(shapes)) > 1:
        raise DataError(f"arrays of one shape are needed, not {', '.join(map(str, shapes))}")
    return converted


def mean_known(losses: Any, realised: Floats) -> float:
    """Return the mean loss where the truth is known; NaN where it is known nowhere."""
    known = np.asarray(losses, dtype=np.float64)[~np.isnan(realised)]
    return float(known.mean()) if known.size else float("nan")
