"""What a law is, whatever its shape: all that scores, ranges and positions ask of a forecast."""

from collections.abc import Sequence
from typing import Any, Protocol, Self

from numpy.typing import ArrayLike

from lstmfin.errors import DataError
from lstmfin.metrics._arrays import Floats


class Law(Protocol):
    """An array of laws of a real variable, typically (N, H).

    What is asked of them broadcasts against their shape; ``law[..., None].quantile(levels)`` has
    shape (N, H, Q). NaN in a parameter or an argument gives NaN in that element alone.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of laws."""

    @property
    def mean(self) -> Floats:
        """Expectation."""

    @property
    def std(self) -> Floats:
        """Standard deviation."""

    @property
    def median(self) -> Floats:
        """The point forecast: as likely to be exceeded as not."""

    def __getitem__(self, index: Any) -> Self:
        """Return the laws at an index, as an array is indexed."""

    def affine(self, offset: ArrayLike = 0.0, factor: ArrayLike = 1.0) -> Self:
        """Return the laws of ``offset + factor · X``, with ``factor > 0``."""

    def cdf(self, x: ArrayLike) -> Floats:
        """Return the probability of a value at or below ``x``."""

    def quantile(self, p: ArrayLike) -> Floats:
        """Return the value that is not exceeded with probability ``p``; NaN outside [0, 1]."""

    def logpdf(self, x: ArrayLike) -> Floats:
        """Return the log density at ``x``, in nats per unit of the variable."""

    def crps(self, x: ArrayLike) -> Floats:
        """Return the continuous ranked probability score of ``x``, in the variable's unit."""

    @classmethod
    def joined(cls, laws: Sequence[Self]) -> Self:
        """Return laws of this class, one behind the other along the first axis."""


def concatenate(laws: Sequence[Law]) -> Law:
    """Return laws of one class, one behind the other along the first axis.

    Raises
    ------
    DataError
        When there are none, or they are of different classes.
    """
    kinds = {type(law).__name__ for law in laws}
    if len(kinds) != 1:
        raise DataError(f"laws of one class are joined, not of {sorted(kinds) or 'none'}")
    return type(laws[0]).joined(laws)
