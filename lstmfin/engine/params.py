"""All weights of a network in one flat vector, with named views.

An optimiser step is then a few array statements, the norm of the gradient one dot product, and a
checkpoint one array.
"""

import math
from collections.abc import Iterator, Mapping
from types import SimpleNamespace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Shape = tuple[int, ...]


class Params(Mapping[str, Array]):
    """One flat vector, and a view of it for each name.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Shape of each named array; a dot parts the owner from the name: ``"layer0.U"``.
    dtype : dtype
        float32 in training, float64 in checks.

    Examples
    --------
    >>> params = Params({"head.W": (2, 3), "head.b": (2,)}, np.float64)
    >>> params.flat.size, params["head.b"].shape
    (8, (2,))
    """

    def __init__(self, shapes: Mapping[str, Shape], dtype: np.dtype | type = np.float32) -> None:
        self.flat: Array = np.zeros(sum(math.prod(shape) for shape in shapes.values()), dtype)
        self._views: dict[str, Array] = {}
        start = 0
        for name, shape in shapes.items():
            stop = start + math.prod(shape)
            self._views[name] = self.flat[start:stop].reshape(shape)
            start = stop

    def __getitem__(self, name: str) -> Array:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    @property
    def shapes(self) -> dict[str, Shape]:
        """Shape of each named array."""
        return {name: view.shape for name, view in self._views.items()}

    def like(self) -> "Params":
        """Return zeros of the same names and shapes: a place for gradients."""
        return Params(self.shapes, self.flat.dtype)

    def owned_by(self, owner: str) -> SimpleNamespace:
        """Return the views of one owner as attributes: ``params.owned_by("layer0").U``."""
        prefix = owner + "."
        return SimpleNamespace(
            **{
                name.removeprefix(prefix): view
                for name, view in self._views.items()
                if name.startswith(prefix)
            }
        )


def orthogonal(rng: np.random.Generator, size: int) -> Array:
    """Return a random orthogonal matrix (size, size), uniform over the group (Saxe et al. 2014)."""
    q, r = np.linalg.qr(rng.standard_normal((size, size)))
    return np.asarray(q * np.sign(np.diag(r)))


def glorot(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    """Return uniform draws of variance 2 / (fan in + fan out) (Glorot & Bengio 2010, eq. 16)."""
    bound = math.sqrt(6.0 / sum(shape))
    return np.asarray(rng.uniform(-bound, bound, shape))
