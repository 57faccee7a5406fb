"""Where cameras look, and what the thing they look at stands on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Cameras

Floats = NDArray[np.float64]

#: Planes tried, and how near the best must be, as a fraction of the radius looked at.
TRIES, NEAR = 800, 0.012
#: A ground holds this share of the surface, has this share of it at most below, and sees so many cameras
#: above.
SHARE, BELOW, ABOVE = 0.12, 0.08, 0.9
#: Mean direction from the middle to the cameras: shorter than this when they stand around it.
AROUND = 0.8


@dataclass(frozen=True)
class Focus:
    """``centre``: (3,) the point closest to all optical axes. ``distance``: median distance of the cameras.
    ``around``: whether the cameras stand around it, rather than on one side."""

    centre: Floats
    distance: float
    around: bool


def focus(cameras: Cameras) -> Focus:
    """The point that all cameras look at, strays weighed down (iteratively reweighted least squares)."""
    centres, axes = cameras.centres(), cameras.extrinsics[:, 2, :3]
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    weights = np.ones(len(cameras))
    point = centres.mean(axis=0)
    for _ in range(20):
        total = np.einsum("n,nij->ij", weights, across)
        pull = np.einsum("n,nij,nj->i", weights, across, centres)
        # Held to the middle of the cameras where all look the same way.
        hold = 1e-9 * len(cameras)
        point = np.linalg.solve(total + hold * np.eye(3), pull + hold * centres.mean(axis=0))
        off = np.linalg.norm(np.einsum("nij,nj->ni", across, point - centres), axis=1)
        weights = 1.0 / np.maximum(off, 1e-3 * max(float(np.median(off)), 1e-12))
        weights /= weights.mean()
    to = centres - point
    distance = np.linalg.norm(to, axis=1)
    ahead = np.einsum("ni,ni->n", axes, -to) > 0
    mean = (
        np.linalg.norm((to / np.maximum(distance, 1e-300)[:, None])[ahead].mean(axis=0))
        if ahead.any()
        else 1.0
    )
    return Focus(point, float(np.median(distance)), bool(ahead.mean() >= 0.8 and mean < AROUND))


@dataclass(frozen=True)
class Plane:
    """Points x with ``normal`` . x = ``offset``; the normal points up. ``thickness``: of what lies on it."""

    normal: Floats
    offset: float
    thickness: float

    def height(self, positions: NDArray[np.floating]) -> Floats:
        return positions @ self.normal - self.offset


def ground(points: Floats, cells: Floats, eyes: Floats, radius: float, seed: int) -> Plane | None:
    """The plane that things stand on: much of the surface lies in it, hardly anything below it, cameras
    above.

    ``points``: (P, 3). ``cells``: (C, 3) of them, spread evenly. ``eyes``: (N, 3) camera positions.
    ``radius``: of all this. Random sample consensus (Fischler and Bolles, 1981), then least squares.
    ``None`` where there is no such plane.
    """
    if len(cells) < 50:
        return None
    random = np.random.default_rng(seed)
    few = cells[random.permutation(len(cells))[:4000]]
    best, most = None, SHARE * len(few)
    for _ in range(TRIES):
        corner = few[random.integers(0, len(few), 3)]
        plane = _upwards(
            np.cross(corner[1] - corner[0], corner[2] - corner[0]), corner[0], eyes, NEAR * radius
        )
        if plane is None:
            continue
        height = plane.height(few)
        held = int((np.abs(height) < plane.thickness).sum())
        if held > most and (height < -2 * plane.thickness).mean() < BELOW:
            best, most = plane, held
    if best is None:
        return None
    for width in (1.0, 0.7, 0.5):
        held = points[np.abs(best.height(points)) < width * NEAR * radius]
        middle = held.mean(axis=0)
        spread = (held - middle).T @ (held - middle)
        refined = _upwards(np.linalg.eigh(spread)[1][:, 0], middle, eyes, NEAR * radius)
        if refined is None:
            return best
        best = refined
    height = np.abs(best.height(points))
    typical = 1.4826 * float(np.median(height[height < NEAR * radius]))
    return Plane(best.normal, best.offset, float(np.clip(3 * typical, 0.3 * NEAR * radius, NEAR * radius)))


def _upwards(normal: Floats, point: Floats, eyes: Floats, thickness: float) -> Plane | None:
    length = float(np.linalg.norm(normal))
    if length < 1e-12:
        return None
    plane = Plane(normal / length, float(point @ normal) / length, thickness)
    above = float((plane.height(eyes) > 0).mean())
    if above <= 1 - ABOVE:
        return Plane(-plane.normal, -plane.offset, thickness)
    return plane if above >= ABOVE else None
