"""Light: a small studio fixed to the camera, and ambient occlusion computed once per vertex."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast.scene import Scene


@dataclass(frozen=True)
class Look:
    """How surfaces are lit. Strengths are in linear light; 1.0 shows a white surface as white.

    ``key`` and ``fill`` come from ``key_from`` and ``fill_from`` (camera axes: x right, y down, z away from
    the eye), ``ambient`` from everywhere, more from above, ``rim`` grazes the outline, ``shine`` is a broad
    highlight. ``lit`` False: the surface's own colour, untouched. ``reflects``: by the scene's surface (metal,
    roughness, normal map) under ``key`` and ``fill`` in a bright room, in place of all that.
    """

    lit: bool = True
    reflects: bool = False
    key: float = 0.90
    fill: float = 0.12
    ambient: float = 0.20
    rim: float = 0.10
    shine: float = 0.05
    key_from: tuple[float, float, float] = (-0.55, -0.75, -0.65)
    fill_from: tuple[float, float, float] = (0.80, -0.10, -0.60)

    def lamps(self) -> NDArray[np.float32]:
        """(2, 4) float32: directions to the two lamps in camera axes, and their strengths."""
        key = np.array(self.key_from) / np.linalg.norm(self.key_from)
        fill = np.array(self.fill_from) / np.linalg.norm(self.fill_from)
        return np.array([[*key, self.key], [*fill, self.fill]], np.float32)

    def packed(self) -> NDArray[np.float32]:
        """(11,) float32 for the kernel."""
        key = np.array(self.key_from) / np.linalg.norm(self.key_from)
        fill = np.array(self.fill_from) / np.linalg.norm(self.fill_from)
        return np.array([self.key, self.fill, self.ambient, self.rim, self.shine, *key, *fill], np.float32)


#: Metal and roughness as the material says.
REFLECTING = Look(lit=False, reflects=True, key=0.62, fill=0.12)
#: The surface's own colour: for comparing with photographs.
UNLIT = Look(lit=False)
#: For surfaces without colour of their own.
CLAY = Look()
#: For surfaces painted with photographs, which carry their light with them.
SOFT = Look(key=0.30, fill=0.08, ambient=0.66, rim=0.05, shine=0.0)


def hemisphere(count: int) -> NDArray[np.float64]:
    """(count, 3) directions about +z, cosine-weighted, evenly spread (a Fibonacci spiral, so always the same)."""
    index = np.arange(count) + 0.5
    radius = np.sqrt(index / count)
    angle = index * np.pi * (3.0 - np.sqrt(5.0))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle), np.sqrt(1.0 - index / count)], axis=1)


def openness(
    scene: Scene,
    points: NDArray[np.float32],
    normals: NDArray[np.float32],
    reach: float,
    rays: int = 48,
    between: Callable[[float], None] | None = None,
) -> NDArray[np.float32]:
    """(P,) float32 in 0..1: how much of the hemisphere over each point is free within ``reach``.

    Rays start a thousandth of ``reach`` above the surface. ``between(done)`` is called between chunks.
    """
    directions = hemisphere(rays)
    helper = np.where(np.abs(normals[:, :1]) < 0.9, [[1.0, 0, 0]], [[0, 1.0, 0]])
    tangent = np.cross(helper, normals)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-30)
    other = np.cross(normals, tangent)
    # Each point looks in turned directions, so that what is left of their pattern is fine grain, not shapes.
    turn = (np.arange(len(points)) * 2.399963) % (2 * np.pi)
    cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
    tangent, other = cosine * tangent + sine * other, cosine * other - sine * tangent
    free = np.empty(len(points), np.float32)
    chunk = max(1, 400_000 // rays)
    for first in range(0, len(points), chunk):
        part = slice(first, first + chunk)
        if between is not None:
            between(first / len(points))
        bundle = np.empty((len(points[part]), rays, 6), np.float32)
        bundle[..., :3] = (points[part] + normals[part] * (reach * 1e-3))[:, None]
        bundle[..., 3:] = (
            tangent[part][:, None] * directions[None, :, :1]
            + other[part][:, None] * directions[None, :, 1:2]
            + normals[part][:, None] * directions[None, :, 2:]
        )
        free[part] = 1.0 - scene.blocked(bundle, reach).mean(axis=1)
    return free
