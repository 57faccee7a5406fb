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


def frame_of(extrinsics: Floats, positions: Floats) -> Frame:
    """The frame with gravity along +y, the scene about the origin, and nine tenths of it within distance 1.

    ``extrinsics``: (N, 3, 4); ``positions``: (P, 3). The first photo looks towards +z, seen from above.
    """
    rotations = extrinsics[:, :, :3]
    down = _down(rotations)
    forward = rotations[0, 2] - down * (down @ rotations[0, 2])
    if np.linalg.norm(forward) < 1e-3:
        # It looks straight up or down: let the top of the photo, or its bottom, point away.
        forward = -rotations[0, 1] - down * (down @ -rotations[0, 1])
    forward /= np.linalg.norm(forward)
    rotation = np.stack([np.cross(down, forward), down, forward])
    centre = np.median(positions, axis=0)
    reach = float(np.quantile(np.linalg.norm(positions - centre, axis=1), 0.9))
    return Frame(rotation, centre, 1.0 / reach if reach > 0 else 1.0)


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
