"""A soft shadow on an invisible floor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast.light import openness
from meshloom.kernels.raycast.scene import Scene
from meshloom.kernels.raycast.view import View

#: Points of the grid along each side.
GRID = 112


@dataclass(frozen=True)
class Ground:
    """``shadow`` (GRID, GRID) float32 in 0..1 over the square of half width ``half`` around ``centre`` (x, y, z)."""

    centre: NDArray[np.float64]
    half: float
    shadow: NDArray[np.float32]

    def seen(self, view: View) -> NDArray[np.float32]:
        """(H, W) float32: the shadow that each pixel shows where nothing stands before the floor."""
        rays = view.rays(0, view.size[1]).astype(np.float64)
        drop = self.centre[1] - rays[..., 1]
        with np.errstate(divide="ignore", invalid="ignore"):
            along = drop / rays[..., 4]
        hit = np.isfinite(along) & (along > 0) & (drop > 0)
        along = np.where(hit, along, 0.0)
        across = [
            ((rays[..., axis] + along * rays[..., axis + 3] - self.centre[axis]) / self.half + 1) * (GRID / 2)
            - 0.5
            for axis in (0, 2)
        ]
        inside = (
            hit & (across[0] > 0) & (across[0] < GRID - 1.001) & (across[1] > 0) & (across[1] < GRID - 1.001)
        )
        x, z = np.where(inside, across[0], 0.0), np.where(inside, across[1], 0.0)
        i, j = x.astype(np.int64), z.astype(np.int64)
        u, v = x - i, z - j
        table = self.shadow
        near = table[j, i] * (1 - u) + table[j, i + 1] * u
        far = table[j + 1, i] * (1 - u) + table[j + 1, i + 1] * u
        return np.where(inside, near * (1 - v) + far * v, 0.0).astype(np.float32)


def ground_under(
    scene: Scene,
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    between: Callable[[float], None] | None = None,
) -> Ground:
    """The floor (y down) that the box ``low``..``high`` stands on, with the shadow of ``scene`` under open sky."""
    size = float(np.linalg.norm(high - low))
    half = 0.5 * float(max(high[0] - low[0], high[2] - low[2])) + 0.35 * size
    centre = np.array([(low[0] + high[0]) / 2, high[1], (low[2] + high[2]) / 2])
    steps = ((np.arange(GRID) + 0.5) / GRID * 2 - 1) * half
    x, z = np.meshgrid(centre[0] + steps, centre[2] + steps)
    points = (
        np.stack([x, np.full_like(x, centre[1] + 2e-3 * size), z], axis=-1).reshape(-1, 3).astype(np.float32)
    )
    up = np.tile(np.array([[0.0, -1.0, 0.0]], np.float32), (len(points), 1))
    shadow = 1.0 - openness(scene, points, up, 0.7 * size, 160, between).reshape(GRID, GRID)
    away = np.maximum(np.abs(steps)[:, None], np.abs(steps)[None, :]) / half
    fade = np.clip((1.0 - away) / 0.25, 0.0, 1.0)
    return Ground(centre, half, _softened(shadow * fade * fade * (3 - 2 * fade)).astype(np.float32))


def _softened(table: NDArray[np.float32]) -> NDArray[np.float32]:
    """Two 5-tap binomial blurs: hide the few directions that each point looks in."""
    for axis in (0, 1, 0, 1):
        padded = np.pad(table, [(2, 2) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        parts = [np.take(padded, range(k, k + table.shape[axis]), axis=axis) for k in range(5)]
        table = sum(w * part for w, part in zip((1, 4, 6, 4, 1), parts, strict=True)) / np.float32(16)
    return table
