"""Resampling of a series in blocks, so that what hangs together in time stays together."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmfin.errors import DataError
from lstmfin.metrics._arrays import Floats, floats

Indices = NDArray[np.intp]


def block_length(series: ArrayLike) -> float:
    r"""Return the mean block length that a stationary bootstrap of the mean of a series takes.

    .. math:: b = \left(\frac{2 G^2 n}{2 g(0)^2}\right)^{1/3}, \quad
              G = \sum_k \lambda(k/M) |k| R(k), \quad g(0) = \sum_k \lambda(k/M) R(k)

    with the autocovariances :math:`R`, the flat-top window :math:`\lambda`, and a bandwidth
    :math:`M` of twice the lag from which autocorrelations are negligible.

    Parameters
    ----------
    series : array_like, shape (n,)
        At least 2 values, not all the same, without NaN.

    Notes
    -----
    Never below 1, and at most the smaller of :math:`3\sqrt n` and n / 3. D. N. Politis and H. White
    (2004), with the correction of A. Patton, D. N. Politis and H. White (2009).
    """
    x = _series(series)
    n, centred = len(x), x - x.mean()
    in_a_row = max(5, int(np.log10(n)))
    most_lags = min(int(np.ceil(np.sqrt(n))) + in_a_row, n - 2)
    covariance, correlation = np.array(
        [_at_lag(centred, k) for k in range(most_lags + 1)]
    ).T  # each (most_lags + 1,)
    bandwidth = min(2 * _first_negligible(correlation, n, in_a_row), most_lags)
    lags = np.arange(1, bandwidth + 1)
    window = np.minimum(1.0, 2 * (1 - lags / max(bandwidth, 1)))
    spectrum = covariance[0] + 2 * window @ covariance[lags]
    slope = 2 * window @ (lags * covariance[lags])
    if spectrum == 0:
        return 1.0
    length = float((slope**2 / spectrum**2 * n) ** (1 / 3))
    return min(max(length, 1.0), float(np.ceil(min(3 * np.sqrt(n), n / 3))))


def _at_lag(centred: Floats, k: int) -> tuple[float, float]:
    """Return the autocovariance, and the size of the correlation of the pairs that there are."""
    early, late = centred[: len(centred) - k], centred[k:]
    product = float(early @ late)
    spread = float(np.sqrt((late @ late) * (early @ early)))
    return product / len(centred), abs(product) / spread if spread > 0 else 0.0


def _first_negligible(correlation: Floats, n: int, in_a_row: int) -> int:
    """Return the first lag of so many in a row without a correlation to speak of."""
    large = correlation >= 2 * np.sqrt(np.log10(n) / n)
    for k in range(1, len(large) - in_a_row + 1):
        if not large[k : k + in_a_row].any():
            return k
    found = np.flatnonzero(large[1:])
    return int(found[-1]) + 1 if len(found) else 1


def stationary_indices(
    n: int, *, length: float, n_samples: int, rng: np.random.Generator
) -> Indices:
    """Return resampled positions (n_samples, n), in blocks of random length that wrap around.

    Parameters
    ----------
    n : int
        Values of the series.
    length : float
        Mean length of a block, 1 or more; lengths are geometric.

    Notes
    -----
    D. N. Politis and J. P. Romano (1994). The series that comes out is stationary, other than with
    blocks of one length.
    """
    if n < 1 or not length >= 1:
        raise DataError(f"{n} values in blocks of {length:g} cannot be resampled; give 1 or more")
    begins = rng.random((n_samples, n)) < 1 / length
    begins[:, 0] = True
    starts = rng.integers(n, size=(n_samples, n))
    at = np.arange(n)
    block = np.maximum.accumulate(np.where(begins, at, 0), axis=1)
    offset = at - block
    return np.asarray((np.take_along_axis(starts, block, axis=1) + offset) % n, dtype=np.intp)


def _series(values: ArrayLike) -> Floats:
    x = floats(values)
    if x.ndim != 1 or len(x) < 2 or np.isnan(x).any() or np.ptp(x) == 0:
        raise DataError("a block length needs one series of two values or more that are not equal")
    return x
