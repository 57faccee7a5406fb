"""OpenCV's lens distortion k1, k2, p1, p2, on positions in the plane at distance 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Steps of the inverse; each gains a digit or two for lenses short of a fisheye.
STEPS = 50


def distort(points: Floats, coefficients: Floats) -> Floats:
    """(P, 2) where the lens shows what a pinhole would show at ``points``. ``coefficients``: (4,)."""
    x, y = points.T
    k1, k2, p1, p2 = coefficients
    square = x * x + y * y
    radial = 1 + k1 * square + k2 * square * square
    return np.stack(
        [
            radial * x + 2 * p1 * x * y + p2 * (square + 2 * x * x),
            radial * y + p1 * (square + 2 * y * y) + 2 * p2 * x * y,
        ],
        axis=1,
    )


def straighten(points: Floats, coefficients: Floats) -> Floats:
    """(P, 2) the inverse of :func:`distort`, by fixed-point steps."""
    k1, k2, p1, p2 = coefficients
    straight = points.copy()
    for _ in range(STEPS):
        x, y = straight.T
        square = x * x + y * y
        radial = np.maximum(1 + k1 * square + k2 * square * square, 0.1)
        aside = np.stack(
            [2 * p1 * x * y + p2 * (square + 2 * x * x), p1 * (square + 2 * y * y) + 2 * p2 * x * y], axis=1
        )
        straight = (points - aside) / radial[:, None]
    return straight
