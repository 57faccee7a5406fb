"""Exact nearest and second nearest descriptors, both ways, in one pass.

Descriptors are small integers, so products and sums are exact in float32: the result does not depend on the
order of summing, on the machine or on the number of threads.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]

#: Tile of the similarity matrix: small enough to stay in cache, and for BLAS not to start threads of its own.
ROWS, COLUMNS = 32, 64


def padded_rows(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, 128) uint8 as float32 with zero rows up to a multiple of ``ROWS``."""
    padded = np.zeros((-(-len(descriptors) // ROWS) * ROWS, 128), np.float32)
    padded[: len(descriptors)] = descriptors
    return padded


def packed_columns(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(m, 128) uint8 as (tiles, 128, ``COLUMNS``) float32, padded with zeros."""
    padded = np.zeros((-(-len(descriptors) // COLUMNS) * COLUMNS, 128), np.float32)
    padded[: len(descriptors)] = descriptors
    return np.ascontiguousarray(padded.reshape(-1, COLUMNS, 128).transpose(0, 2, 1))


@njit(cache=True, nogil=True)
def nearest_two(
    rows: Array, packed: Array, first: int, last: int, count: int
) -> tuple[Array, Array, Array, Array, Array, Array]:  # pragma: no cover (compiled)
    """Best and second best product, and the index of the best, of rows ``first`` to ``last``.

    ``rows`` and ``packed`` as made above; ``first`` is a multiple of ``ROWS``; ``count`` is the number of
    real columns. Returns (best, second, index) of the rows, then of the columns among these rows; of equal
    products the first counts.
    """
    length = last - first
    row_best = np.full(length, -1.0, np.float32)
    row_next = np.full(length, -1.0, np.float32)
    row_index = np.full(length, -1, np.int32)
    column_best = np.full(count, -1.0, np.float32)
    column_next = np.full(count, -1.0, np.float32)
    column_index = np.full(count, -1, np.int32)
    tile = np.empty((ROWS, COLUMNS), np.float32)
    for block in range(packed.shape[0]):
        wide = min(COLUMNS, count - block * COLUMNS)
        for top in range(first, last, ROWS):
            np.dot(rows[top : top + ROWS], packed[block], tile)
            for r in range(min(ROWS, last - top)):
                i = top - first + r
                best, second, index = row_best[i], row_next[i], row_index[i]
                for c in range(wide):
                    j = block * COLUMNS + c
                    product = tile[r, c]
                    if product > second:
                        if product > best:
                            second, best, index = best, product, j
                        else:
                            second = product
                    if product > column_next[j]:
                        if product > column_best[j]:
                            column_next[j] = column_best[j]
                            column_best[j] = product
                            column_index[j] = top + r
                        else:
                            column_next[j] = product
                row_best[i], row_next[i], row_index[i] = best, second, index
    return row_best, row_next, row_index, column_best, column_next, column_index
