"""Where to stand to see something whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast.view import View, look_from

#: The world is y-down.
UP = np.array([0.0, -1.0, 0.0])


def robust_bounds(points: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(low, high) corners (3,) of the box around ``points`` (P, 3) without far strays."""
    points = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    if len(points) > 200_000:
        points = points[:: len(points) // 100_000]
    low, high = points.min(axis=0), points.max(axis=0)
    if len(points) >= 100:
        first, last = np.percentile(points, [1, 99], axis=0)
        # What the middle 98 % suggest, and no more than there is.
        low, high = (
            np.maximum(low, first - 0.15 * (last - first)),
            np.minimum(high, last + 0.15 * (last - first)),
        )
    return low, high


def direction(azimuth: float, elevation: float, front: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vector from the object to the eye: ``front`` (horizontal) turned by ``azimuth`` and raised, in degrees."""
    turn, lift = np.deg2rad(azimuth), np.deg2rad(elevation)
    side = np.cross(front, UP)
    flat = np.cos(turn) * front + np.sin(turn) * side
    return np.cos(lift) * flat + np.sin(lift) * UP


def framed(
    points: NDArray[np.float64],
    towards: NDArray[np.float64],
    size: tuple[int, int],
    field: float = 28.0,
    fill: float = 0.88,
) -> View:
    """A camera in direction ``towards`` (from the object) that just holds all ``points`` (P, 3).

    ``field``: angle of view of the shorter side in degrees; ``fill``: fraction of the picture used.
    """
    half = np.tan(np.deg2rad(field / 2))
    focal = min(size) / 2 / half
    limit = fill * np.array(size) / 2 / focal
    target = (points.min(axis=0) + points.max(axis=0)) / 2
    rotation = look_from(target + towards, target, UP, focal, size).rotation
    local = (points - target) @ rotation.T
    shift = np.zeros(2)
    distance = 1.0
    for _ in range(8):
        spread = np.abs(local[:, :2] - shift)
        distance = float((spread / limit - local[:, 2:]).max())
        distance = max(distance, 1e-9)
        seen = (local[:, :2] - shift) / (local[:, 2:] + distance)
        shift = shift + (seen.max(axis=0) + seen.min(axis=0)) / 2 * distance
    target = target + shift @ rotation[:2]
    return look_from(target - rotation[2] * distance, target, UP, focal, size)


def orbit(
    points: NDArray[np.float64],
    directions: list[NDArray[np.float64]],
    size: tuple[int, int],
    field: float = 28.0,
    fill: float = 0.88,
) -> list[View]:
    """Cameras in all ``directions`` around one centre at one distance, each holding all ``points`` (P, 3)."""
    half = np.tan(np.deg2rad(field / 2))
    focal = min(size) / 2 / half
    limit = fill * np.array(size) / 2 / focal
    low, high = points.min(axis=0), points.max(axis=0)
    target = (low + high) / 2
    distance = 1.0
    for _ in range(6):
        need, top, bottom = 1e-9, np.inf, -np.inf
        for towards in directions:
            local = (points - target) @ look_from(target + towards, target, UP, focal, size).rotation.T
            need = max(need, float((np.abs(local[:, :2]) / limit - local[:, 2:]).max()))
            height = local[:, 1] / np.maximum(local[:, 2] + distance, 1e-9)
            top, bottom = min(top, float(height.min())), max(bottom, float(height.max()))
        if distance != 1.0:
            target = target - UP * (top + bottom) / 2 * distance
        distance = need
    return [look_from(target + towards * distance, target, UP, focal, size) for towards in directions]


def spacing(cloud: NDArray[np.float32], size: float) -> float:
    """Radius in world units for the points of ``cloud`` (P, 3): about half the usual distance to the next."""
    if len(cloud) < 2:
        return 0.01 * size
    from scipy.spatial import cKDTree

    some = cloud[:: max(1, len(cloud) // 2000)]
    near = cKDTree(cloud).query(some, k=2)[0][:, 1]
    return float(np.clip(0.9 * np.median(near), 1e-4 * size, 0.01 * size))
