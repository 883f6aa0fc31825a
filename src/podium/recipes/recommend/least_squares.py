"""The least squares of implicit feedback for many rows at once, by preconditioned conjugate gradients.

A row that met items j with confidence 1 + s_j has (Y'Y + penalty + Σ s_j y_j y_j') x = Σ (1 + s_j) y_j (Hu, Koren and
Volinsky 2008). Nothing but products is needed of the left side (Takács, Pilászy and Tikk 2011); with Y'Y + penalty, which
all rows share, as the preconditioner a row that met few items is solved in about as many steps.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Singles = NDArray[np.float32]
LEAST = 1e-30  # instead of nothing, below a fraction
CELLS = 4_000_000  # events times factors worked on at a time


def solve(
    matrix: sp.csr_matrix,
    other: Singles,
    penalty: float,
    alpha: float,
    start: Singles | None = None,
    steps: int = 40,
    tolerance: float = 1e-4,
) -> Singles:
    """Factors `(n, f)` of the rows of `matrix` `(n, m)`, whose columns have the factors `other` `(m, f)` float32.

    `alpha` times a cell is its confidence; `start` `(n, f)`: from where. A row rests as soon as its residual is below
    `tolerance` of its right side, so that it is solved alike whatever rows are beside it.
    """
    factors = other.shape[1]
    shared = (other.T @ other).astype(np.float64) + penalty * np.eye(factors)
    gram, inverse = shared.astype(np.float32), np.linalg.inv(shared).astype(np.float32)
    out = np.zeros((matrix.shape[0], factors), dtype=np.float32) if start is None else start.copy()
    low = 0
    while low < len(out):
        reach = int(np.searchsorted(matrix.indptr, matrix.indptr[low] + CELLS // factors, side="right")) - 1
        high = min(len(out), max(low + 1, min(reach, low + CELLS // factors)))
        out[low:high] = _block(matrix[low:high], other, gram, inverse, alpha, out[low:high], steps, tolerance)
        low = high
    return out


def _block(
    matrix: sp.csr_matrix, other: Singles, gram: Singles, inverse: Singles, alpha: float, x: Singles, steps: int,
    tolerance: float,
) -> Singles:  # fmt: skip
    owner = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    near, sure = other[matrix.indices], (alpha * matrix.data).astype(np.float32)

    def spread(values: Singles) -> Singles:
        return np.asarray(sp.csr_matrix((values, matrix.indices, matrix.indptr), shape=matrix.shape) @ other)

    def times(v: Singles) -> Singles:
        return _product(v, gram) + spread(sure * _dots(v[owner], near))

    right = spread(1.0 + sure)
    residual = right - times(x) if x.any() else right.copy()
    way = _product(residual, inverse)
    energy, enough = _dots(residual, way), tolerance**2 * np.maximum(_dots(right, right), LEAST)
    for _ in range(steps):
        going = (_dots(residual, residual) > enough).astype(np.float32)
        if not going.any():
            break
        along = times(way)
        step = _share(going * energy, _dots(way, along))
        x, residual = x + step * way, residual - step * along
        turned = _product(residual, inverse)
        ahead = _dots(residual, turned)
        way = turned + _share(going * ahead, energy) * way
        energy = ahead
    return x


def _product(left: Singles, right: Singles) -> Singles:
    return np.asarray(left @ right, dtype=np.float32)


def _dots(left: Singles, right: Singles) -> Singles:
    """Row by row, `(n,)`."""
    return np.asarray(np.einsum("ij,ij->i", left, right), dtype=np.float32)


def _share(above: Singles, below: Singles) -> Singles:
    """`(n, 1)`."""
    return np.asarray(above / np.maximum(below, LEAST), dtype=np.float32)[:, None]
