"""Colours of Gaussians as spherical harmonics, fitted to what photos show of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from meshloom.kernels.splatting.arrays import Camera
from meshloom.kernels.splatting.harmonics import SH_0, bands

Floats = NDArray[np.float32]
#: Pull to zero of the higher bands, in photos: so many photos that show no change with the direction.
STIFF = 0.3


@njit(cache=True, nogil=True, error_model="numpy")
def gather(first, last, means, camera, turn, shift, eye, photo, depth, tolerance, count, normal, right, seen):  # type: ignore[no-untyped-def]
    """Add what one photo shows to the normal equations of Gaussians ``first`` to ``last``.

    ``camera``: fx, fy, cx, cy; ``photo`` (3, H, W), ``depth`` (H, W) of the scene from there, 0 = open. ``normal``
    (N, K, K), ``right`` (N, K, 3), ``seen`` (N,) are added to. A Gaussian more than the share ``tolerance`` behind
    the depth is hidden.
    """
    height, width = depth.shape
    basis = np.full(16, SH_0)
    for n in range(first, last):
        x, y, z = float(means[n, 0]), float(means[n, 1]), float(means[n, 2])
        a = turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z + shift[0]
        b = turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z + shift[1]
        c = turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z + shift[2]
        if not c > 1e-9:
            continue
        u, v = camera[0] * a / c + camera[2], camera[1] * b / c + camera[3]
        if not (0 <= u < width and 0 <= v < height):
            continue
        px, py = int(u), int(v)
        known = depth[py, px]
        if known > 0 and c > known * (1 + tolerance):
            continue
        dx, dy, dz = x - eye[0], y - eye[1], z - eye[2]
        inverse = 1.0 / np.sqrt(dx * dx + dy * dy + dz * dz)
        more = bands(dx * inverse, dy * inverse, dz * inverse)
        for i in range(1, count):
            basis[i] = more[i - 1]
        for i in range(count):
            for j in range(count):
                normal[n, i, j] += basis[i] * basis[j]
            for channel in range(3):
                right[n, i, channel] += basis[i] * (photo[channel, py, px] - 0.5)
        seen[n] += 1


def fitted(
    means: Floats, views: Iterable[tuple[Camera, Floats, Floats]], degree: int, tolerance: float
) -> tuple[Floats, NDArray[np.int64]]:
    """Coefficients (N, K, 3) for Gaussians at ``means`` (N, 3), and how many photos showed each (N,).

    ``views``: cameras, photos (3, H, W) and the scene's depth (H, W) seen from there. Least squares of all photos
    that show a Gaussian, higher bands held near zero.
    """
    count, width = len(means), (degree + 1) ** 2
    normal, right = np.zeros((count, width, width)), np.zeros((count, width, 3))
    seen = np.zeros(count, np.int64)
    for camera, photo, depth in views:
        lens = np.array([camera.fx, camera.fy, camera.cx, camera.cy])
        eye = -camera.rotation.T @ camera.shift
        gather(
            0, count, means, lens, camera.rotation, camera.shift, eye, photo, depth, tolerance, width, normal,
            right, seen,
        )  # fmt: skip
    stiff = np.full(width, STIFF / 12)
    stiff[0] = 1e-9
    normal[:, np.arange(width), np.arange(width)] += stiff
    return np.linalg.solve(normal, right).astype(np.float32), seen
