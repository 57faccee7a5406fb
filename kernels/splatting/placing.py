"""Gaussians under similarities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.splatting.arrays import Gaussians
from meshloom.kernels.splatting.harmonics import turned


def moved(gaussians: Gaussians, matrix: NDArray[np.float64]) -> Gaussians:
    """Under a (4, 4) similarity. ``ValueError`` where it mirrors, or scales unevenly by more than 1e-3."""
    matrix = np.asarray(matrix, np.float64)
    linear = matrix[:3, :3]
    if not np.isfinite(matrix).all():
        raise ValueError("the matrix holds numbers that are not finite")
    determinant = float(np.linalg.det(linear))
    if determinant <= 0:
        raise ValueError("the matrix mirrors, which splats cannot follow")
    scale = determinant ** (1 / 3)
    turn = linear / scale
    if np.abs(turn @ turn.T - np.eye(3)).max() > 1e-3:
        raise ValueError("the matrix shears or scales unevenly, which splats cannot follow")
    left, _, right = np.linalg.svd(turn)
    turn = left @ right
    means = gaussians.means.astype(np.float64) @ linear.T + matrix[:3, 3]
    w, i, j, k = quaternion_of(turn)
    a, b, c, d = gaussians.quaternions.astype(np.float64).T
    product = np.column_stack(
        [
            w * a - i * b - j * c - k * d,
            w * b + i * a + j * d - k * c,
            w * c - i * d + j * a + k * b,
            w * d + i * c - j * b + k * a,
        ]
    )
    same = np.allclose(turn, np.eye(3), atol=1e-12)
    return Gaussians(
        means.astype(np.float32),
        gaussians.quaternions if same else product.astype(np.float32),
        (gaussians.scales.astype(np.float64) * scale).astype(np.float32),
        gaussians.opacities,
        gaussians.sh if same else turned(gaussians.sh, turn),
    )


def quaternion_of(turn: NDArray[np.float64]) -> NDArray[np.float64]:
    """(4,) w, x, y, z of a rotation (3, 3), w >= 0 (Bar-Itzhack, 2000: the eigenvector of the largest eigenvalue)."""
    a = turn
    square = np.array(
        [
            [a[0, 0] + a[1, 1] + a[2, 2], a[2, 1] - a[1, 2], a[0, 2] - a[2, 0], a[1, 0] - a[0, 1]],
            [a[2, 1] - a[1, 2], a[0, 0] - a[1, 1] - a[2, 2], a[1, 0] + a[0, 1], a[0, 2] + a[2, 0]],
            [a[0, 2] - a[2, 0], a[1, 0] + a[0, 1], a[1, 1] - a[0, 0] - a[2, 2], a[2, 1] + a[1, 2]],
            [a[1, 0] - a[0, 1], a[0, 2] + a[2, 0], a[2, 1] + a[1, 2], a[2, 2] - a[0, 0] - a[1, 1]],
        ]
    )
    found = np.linalg.eigh(square)[1][:, -1]
    return found if found[0] >= 0 else -found
