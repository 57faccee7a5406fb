"""A world to stand in: structure from motion leaves position, direction and scale open; this closes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """New = ``scale`` * ``rotation`` @ (old - ``centre``)."""

    rotation: Floats
    centre: Floats
    scale: float

    def points(self, positions: Floats) -> Floats:
        """(P, 3) old to new."""
        return self.scale * (positions - self.centre) @ self.rotation.T

    def extrinsics(self, extrinsics: Floats) -> Floats:
        """(N, 3, 4) world-to-camera, old to new; image positions stay what they are."""
        rotations, shifts = extrinsics[:, :, :3], extrinsics[:, :, 3]
        turned = rotations @ self.rotation.T
        moved = self.scale * (shifts + rotations @ self.centre)
        return np.concatenate([turned, moved[:, :, None]], axis=2)


def frame_of(extrinsics: Floats, positions: Floats, track: NDArray[np.int64]) -> Frame:
    """Gravity along +y, the origin where the photos look, their usual distance from what they see 1.

    ``extrinsics``: (N, 3, 4); ``positions``: (P, 3); ``track``: (T, 2) rows (point, camera). The first photo
    looks towards +z, seen from above.
    """
    rotations, shifts = extrinsics[:, :, :3], extrinsics[:, :, 3]
    down = _down(rotations)
    forward = rotations[0, 2] - down * (down @ rotations[0, 2])
    if np.linalg.norm(forward) < 1e-3:
        # It looks straight up or down: let the top of the photo, or its bottom, point away.
        forward = -rotations[0, 1] - down * (down @ -rotations[0, 1])
    forward /= np.linalg.norm(forward)
    rotation = np.stack([np.cross(down, forward), down, forward])
    middle = np.median(positions @ rotation.T, axis=0) @ rotation
    centre = _focus(rotations, -np.einsum("nji,nj->ni", rotations, shifts), middle)
    point, camera = track[:, 0], track[:, 1]
    depths = np.einsum("tj,tj->t", rotations[camera, 2], positions[point]) + shifts[camera, 2]
    usual = [float(np.median(depths[camera == index])) for index in np.unique(camera)]
    distance = float(np.median(usual))
    return Frame(rotation, centre, 1.0 / distance if distance > 0 else 1.0)


def _focus(rotations: Floats, centres: Floats, middle: Floats) -> Floats:
    """(3,) the point nearest to all optical axes; along axes that do not cross, the ``middle`` decides."""
    axes = rotations[:, 2]
    across = np.eye(3) - axes[:, :, None] * axes[:, None, :]
    weight = 0.02 * np.eye(3)
    left = across.mean(axis=0) + weight
    right = np.einsum("nij,nj->ni", across, centres).mean(axis=0) + weight @ middle
    focus: Floats = np.linalg.solve(left, right)
    return focus


def _down(rotations: Floats) -> Floats:
    """(3,) unit vector along gravity: people hold cameras level, so it is square to all photos' lines.

    Where the photos look in much the same direction that leaves it open, and the mean of their downs decides.
    """
    mean = rotations[:, 1].mean(axis=0)
    mean /= max(float(np.linalg.norm(mean)), 1e-9)
    across = rotations[:, 0]
    spread = across.T @ across / len(across) + 0.01 * (np.eye(3) - np.outer(mean, mean))
    down: Floats = np.linalg.eigh(spread)[1][:, 0]
    return down if down @ mean >= 0 else -down
