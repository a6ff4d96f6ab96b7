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
    lead : tuple of int
        (M,) for M models side by side, whose arrays then have one axis more, as ``flat`` has.

    Examples
    --------
    >>> params = Params({"head.W": (2, 3), "head.b": (2,)}, np.float64)
    >>> params.flat.size, params["head.b"].shape
    (8, (2,))
    """

    def __init__(
        self,
        shapes: Mapping[str, Shape],
        dtype: np.dtype | type = np.float32,
        *,
        lead: Shape = (),
    ) -> None:
        n_weights = sum(math.prod(shape) for shape in shapes.values())
        self.flat: Array = np.zeros((*lead, n_weights), dtype)
        self._lead = lead
        self._views: dict[str, Array] = {}
        start = 0
        for name, shape in shapes.items():
            stop = start + math.prod(shape)
            self._views[name] = self.flat[..., start:stop].reshape(*lead, *shape)
            start = stop

    def __getitem__(self, name: str) -> Array:
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    @property
    def shapes(self) -> dict[str, Shape]:
        """Shape of each named array, without the axis of models."""
        return {name: view.shape[len(self._lead) :] for name, view in self._views.items()}

    def like(self) -> "Params":
        """Return zeros of the same names and shapes: a place for gradients."""
        return Params(self.shapes, self.flat.dtype, lead=self._lead)

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


def uniform(rng: np.random.Generator, shape: Shape, variance: float) -> Array:
    """Return uniform draws about zero of a given variance."""
    bound = math.sqrt(3.0 * variance)
    return np.asarray(rng.uniform(-bound, bound, shape))
