"""Matrix products of a layer, cut so that the BLAS does them fastest.

OpenBLAS has kernels for AVX-512 that skip the packing of their operands, for products of at most a
million multiplications whose operands both lie with their rows along memory. There, a product
that is cut into blocks of rows runs at 1.1 to 1.5 times the speed of the whole. The cut depends on
the machine and the shapes alone, so the same work has the same bits each time.

Shapes: B batch, K rows of what is multiplied, N rows of the result, n steps; ``...`` models side by
side, or nothing.
"""

import math

import numpy as np

from lstmfin.engine.params import Array

_CURRENT = np.lib.introspect.opt_func_info(func_name="^tanh$")["tanh"]["ff"]["current"]
HAS_AVX512 = "X86_V4" in _CURRENT or "AVX512" in _CURRENT
"""Whether NumPy runs on AVX-512 here; it then has a fast tanh as well."""

SMALL_PRODUCT = 1_000_000 if HAS_AVX512 else 0
"""Multiplications that the kernel for small products takes at most."""

TILE = 4
"""Rows that the kernel does at once: blocks are of multiples of so many."""

MOST_BLOCKS = 64
"""Of a product that would need more blocks, the packing is a small part."""

WIDE = 256
"""Columns from which a transposition goes by strips: the rows of one compete for the same cache."""

STRIP = 16


class Product:
    """z = A s and all that goes with it backward, for the rows of some gates.

    Parameters
    ----------
    stacked : ndarray (T, ..., K, B)
        What is multiplied at each step; the last of its rows are ones.
    n_rows : int
        N, rows of z.
    n_most : int
        Steps whose gradient of A is asked for at once, at most.

    Attributes
    ----------
    multiply : callable
        ``np.dot`` where it will do, as a call of it costs half of one of ``np.matmul``.
    scratch, weights : list of ndarray
        Its memory beside ``stacked``: of the size of a few steps, and of the weights.
    ds : ndarray (..., K - 1, B)
        Gradient of what is multiplied, but for the ones; ``down`` writes it.
    """

    def __init__(self, stacked: Array, n_rows: int, *, n_most: int) -> None:
        _, *lead, K, B = stacked.shape
        dtype = stacked.dtype
        self.stacked = stacked
        self._n_up = _blocks(n_rows, K, B)
        self.multiply = np.matmul if lead or self._n_up > 1 else np.dot
        rows = _padded(K - 1, n_rows, B)
        self._n_down = _blocks(rows, n_rows, B)
        self._multiply_down = np.matmul if lead or self._n_down > 1 else np.dot
        whole = np.zeros((*lead, rows, B), dtype)
        self._ds, self.ds = _cut(whole, self._n_down), whole[..., : K - 1, :]
        whole = np.zeros((*lead, rows, n_rows), dtype)
        self._down, self._transposed = _cut(whole, self._n_down), whole[..., : K - 1, :]
        self._up = np.empty((*lead, n_rows, K), dtype)
        joined = SMALL_PRODUCT // (n_rows * K * B)
        self._n_joined = max(1, min(joined, n_most))  # steps in one product for dA
        self._n_across = _blocks(n_rows, B, K)
        self._right = np.empty((*lead, n_most, B, K), dtype)
        self._right_by_step = np.moveaxis(self._right, -3, 0)
        self._product = np.empty((*lead, n_rows, K), dtype)
        self.scratch = [self._ds, self._right]
        self.weights = [self._down, self._up, self._product]

    def operands(self, t: int, z: Array) -> tuple[Array, Array]:
        """Return s and z (..., N, B) of a step as ``multiply`` takes them beside ``up``."""
        return _meeting(self.stacked[t], self._n_up), _cut(z, self._n_up)

    def up(self, A: Array, n_halved: int) -> Array:
        """Return A (..., N, K) as ``multiply`` takes it, its first rows halved."""
        if n_halved:
            np.copyto(self._up, A)
            self._up[..., :n_halved, :] *= 0.5
            A = self._up
        return _cut(A, self._n_up)

    def take(self, A: Array) -> None:
        """Take A (..., N, K) for ``down``."""
        transpose_into(self._transposed, A[..., :-1])

    def down(self, dz: Array) -> None:
        """Write Aᵀ dz to ``ds``, without the row of the biases, for dz (..., N, B)."""
        self._multiply_down(self._down, _meeting(dz, self._n_down), out=self._ds)

    def add(self, dA: Array, dz: Array, start: int) -> None:
        """Add to dA (..., N, K) what comes of dz (n, ..., N, B), of the steps from ``start`` on."""
        n = len(dz)
        transpose_into(self._right_by_step[:n], self.stacked[start : start + n])
        for first in range(0, n, self._n_joined):
            some = slice(first, min(first + self._n_joined, n))
            if some.stop - first == 1:
                left, rows, n_cut = dz[first], self._right_by_step[first], self._n_across
            else:
                left, rows, n_cut = _columns(dz[some]), _joined(self._right[..., some, :, :]), 1
            np.matmul(_cut(left, n_cut), _meeting(rows, n_cut), out=_cut(self._product, n_cut))
            dA += self._product


def transpose_into(out: Array, matrix: Array) -> None:
    """Write (..., rows, columns) to ``out`` (..., columns, rows)."""
    rows, columns = matrix.shape[-2:]
    width = STRIP if columns >= WIDE else rows
    for start in range(0, rows, width):
        part = matrix[..., start : start + width, :]
        np.copyto(out[..., start : start + width], part.swapaxes(-2, -1))


def _blocks(rows: int, inner: int, columns: int) -> int:
    """Return into how many blocks of rows (rows, inner) @ (inner, columns) should be cut.

    It is the least number whose blocks are small products, and 1 where there is none.
    """
    n = _least_blocks(rows, inner, columns)
    while n * TILE <= rows and rows % (n * TILE):
        n += 1
    return n if n * TILE <= rows and n <= MOST_BLOCKS else 1


def _padded(rows: int, inner: int, columns: int) -> int:
    """Return a number of rows, not much larger, that can be cut well."""
    n = _least_blocks(rows, inner, columns)
    return math.ceil(rows / (n * TILE)) * n * TILE if n > 1 and n * TILE <= rows else rows


def _least_blocks(rows: int, inner: int, columns: int) -> int:
    return math.ceil(rows * inner * columns / SMALL_PRODUCT) if SMALL_PRODUCT else 1


def _cut(matrix: Array, n: int) -> Array:
    """Return (..., rows, columns) as (..., n, rows / n, columns), or as it is for one block."""
    if n == 1:
        return matrix
    *lead, rows, columns = matrix.shape
    return matrix.reshape(*lead, n, rows // n, columns)


def _meeting(matrix: Array, n: int) -> Array:
    """Return (..., K, B) so that each of n blocks meets it."""
    return matrix if n == 1 else matrix[..., None, :, :]


def _columns(steps: Array) -> Array:
    """Return (n, ..., rows, B) as (..., rows, n B)."""
    n, *rows, B = steps.shape
    return steps.transpose(*range(1, steps.ndim - 1), 0, -1).reshape(*rows, n * B)


def _joined(steps: Array) -> Array:
    """Return (..., n, B, K) as (..., n B, K)."""
    *lead, n, B, K = steps.shape
    return steps.reshape(*lead, n * B, K)
