"""Adam (Kingma and Ba, 2015), one pass over memory."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from meshloom.kernels.splatting.kernel import Rasteriser

FIRST, SECOND = 0.9, 0.999
_B1, _B2, _N1, _N2 = np.float32(FIRST), np.float32(SECOND), np.float32(1 - FIRST), np.float32(1 - SECOND)
EPSILON = np.float32(1e-15)


@njit(cache=True, nogil=True, fastmath={"contract", "nsz"}, error_model="numpy")
def _step(first, last, head, values, gradient, mean, square, rates, grown, unbias):  # type: ignore[no-untyped-def]
    """Rows ``first`` to ``last`` of (N, C) arrays; the first ``head`` columns move at ``rates[0]``, others at [1]."""
    columns = values.shape[1]
    for n in range(first, last):
        for c in range(columns):
            g = gradient[n, c]
            m = _B1 * mean[n, c] + _N1 * g
            v = _B2 * square[n, c] + _N2 * g * g
            mean[n, c] = m
            square[n, c] = v
            rate = rates[0] if c < head else rates[1]
            values[n, c] -= rate * grown * m / (np.sqrt(v * unbias) + EPSILON)


class Moving:
    """One array of parameters (N, ...) float32 with the moments of its gradient."""

    def __init__(self, values: NDArray[np.float32]) -> None:
        self.values = np.array(values, np.float32, order="C")
        self.mean = np.zeros_like(self.values)
        self.square = np.zeros_like(self.values)

    def step(
        self,
        rasteriser: Rasteriser,
        gradient: NDArray[np.float32],
        count: int,
        rate: float,
        rest: float | None = None,
        head: int = 0,
    ) -> None:
        """The ``count``-th step (from 1) at ``rate``; columns from ``head`` on at ``rest``, if said."""
        length = len(self.values)
        flat = [
            np.asarray(array).reshape(length, -1)
            for array in (self.values, np.ascontiguousarray(gradient), self.mean, self.square)
        ]
        rates = np.array([rate, rate if rest is None else rest], np.float32)
        grown, unbias = np.float32(1 / (1 - FIRST**count)), np.float32(1 / (1 - SECOND**count))
        columns = flat[0].shape[1] if rest is None else head
        rasteriser.over(
            lambda first, last: _step(first, last, columns, *flat, rates, grown, unbias), length, 8192
        )

    def forget(self, rows: NDArray[np.int64]) -> None:
        """Set the moments of ``rows`` to zero."""
        self.mean[rows] = 0
        self.square[rows] = 0

    def grow(self, added: NDArray[np.float32]) -> None:
        """Append rows, with moments of zero."""
        none = np.zeros_like(added)
        self.values = np.concatenate([self.values, added])
        self.mean = np.concatenate([self.mean, none])
        self.square = np.concatenate([self.square, none])

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Drop all but ``rows``."""
        self.values, self.mean, self.square = self.values[rows], self.mean[rows], self.square[rows]
