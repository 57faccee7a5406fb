"""A pinhole camera and its rays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class View:
    """OpenCV pinhole: ``intrinsics`` (3, 3) in pixels, x_camera = ``rotation`` @ x_world + ``shift``.

    ``size`` is (width, height); the centre of the top left pixel is (0.5, 0.5). ``distortion``: OpenCV's
    (k1, k2, p1, p2), followed by rays but not by ``projection``.
    """

    intrinsics: NDArray[np.float64]
    rotation: NDArray[np.float64]
    shift: NDArray[np.float64]
    size: tuple[int, int]
    distortion: NDArray[np.float64] | None = None

    @property
    def centre(self) -> NDArray[np.float64]:
        """(3,) position in the world."""
        return -self.rotation.T @ self.shift

    @property
    def focal(self) -> float:
        """Geometric mean of the two focal lengths, pixels."""
        return float(np.sqrt(abs(self.intrinsics[0, 0] * self.intrinsics[1, 1])))

    def resized(self, width: int, height: int) -> View:
        """The same camera with other pixels."""
        scale = np.array([width / self.size[0], height / self.size[1], 1.0])
        return View(
            self.intrinsics * scale[:, None], self.rotation, self.shift, (width, height), self.distortion
        )

    def projection(self) -> NDArray[np.float64]:
        """(3, 4): world to homogeneous pixels; the third row gives the depth z."""
        return self.intrinsics @ np.hstack([self.rotation, self.shift[:, None]])

    def rays(self, first: int, last: int) -> NDArray[np.float32]:
        """(last - first, width, 6) float32: origin and direction through the centres of those pixel rows.

        Directions have z = 1 in the camera's frame, so that the distance along a ray is the depth.
        """
        x = np.arange(self.size[0]) + 0.5
        y = np.arange(first, last) + 0.5
        rays = np.empty((len(y), len(x), 6), np.float32)
        rays[:, :, :3] = self.centre
        if self.distortion is not None and np.any(self.distortion):
            pixels = np.stack([*np.meshgrid(x, y), np.ones((len(y), len(x)))], axis=-1)
            plane = undistorted((pixels @ np.linalg.inv(self.intrinsics).T)[..., :2], self.distortion)
            rays[:, :, 3:] = plane @ self.rotation[:2] + self.rotation[2]
            return rays
        back = self.rotation.T @ np.linalg.inv(self.intrinsics)
        down = (y[:, None] * back[:, 1] + back[:, 2]).astype(np.float32)
        across = (x[:, None] * back[:, 0]).astype(np.float32)
        np.add(down[:, None], across[None], out=rays[:, :, 3:])
        return rays


def undistorted(plane: NDArray[np.float64], distortion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points (..., 2) on the plane z = 1 that the lens moves to ``plane``, found by fixed-point iteration."""
    k1, k2, p1, p2 = distortion
    x, y = plane[..., 0], plane[..., 1]
    for _ in range(20):
        square = x * x + y * y
        radial = 1 + k1 * square + k2 * square * square
        dx = 2 * p1 * x * y + p2 * (square + 2 * x * x)
        dy = p1 * (square + 2 * y * y) + 2 * p2 * x * y
        x, y = (plane[..., 0] - dx) / radial, (plane[..., 1] - dy) / radial
    return np.stack([x, y], axis=-1)


def look_from(
    eye: NDArray[np.float64],
    target: NDArray[np.float64],
    up: NDArray[np.float64],
    focal: float,
    size: tuple[int, int],
) -> View:
    """A camera at ``eye`` looking at ``target`` with ``up`` upwards in the picture."""
    forward = np.asarray(target, np.float64) - eye
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, up)
    if np.linalg.norm(right) < 1e-6:  # looking along up: any right will do
        right = np.cross(forward, np.eye(3)[np.argmin(np.abs(forward))])
    right = right / np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    intrinsics = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1.0]])
    return View(intrinsics, rotation, -rotation @ eye, size)
