"""Depth maps brought together with their cameras and photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, DepthMap, Image


@dataclass(frozen=True)
class View:
    """One depth map as a pinhole camera saw it.

    ``depth``: (H, W) float32, 0 = unknown. ``colour``: (H, W, 3) uint8 or ``None``. ``intrinsics``: (3, 3)
    for these pixels. ``extrinsics``: (3, 4) world-to-camera.
    """

    depth: NDArray[np.float32]
    colour: NDArray[np.uint8] | None
    intrinsics: NDArray[np.float64]
    extrinsics: NDArray[np.float64]

    def points(self, step: int) -> NDArray[np.float64]:
        """World positions (P, 3) of the known depths at every ``step``-th pixel."""
        rows, columns = np.nonzero(self.depth[::step, ::step])
        z = self.depth[::step, ::step][rows, columns].astype(np.float64)
        pixels = np.stack([columns * step + 0.5, rows * step + 0.5, np.ones(len(z))])
        rays = np.linalg.solve(self.intrinsics, pixels) * z
        return (rays.T - self.extrinsics[:, 3]) @ self.extrinsics[:, :3]


def matched(wanted: Sequence[str], offered: Sequence[str], what: str) -> list[int]:
    """For each wanted name its place in ``offered``: by name, or by order where the names say nothing."""
    place = {name: index for index, name in enumerate(offered)}
    if len(place) == len(offered) and all(name in place for name in wanted):
        return [place[name] for name in wanted]
    if len(wanted) == len(offered):
        return list(range(len(offered)))
    missing = next((name for name in wanted if name not in place), "?")
    raise NodeError(
        f"{len(wanted)} depth maps, but {len(offered)} {what}, and none is named {missing!r}",
        hint=f"connect the {what} that the depth maps were computed from",
    )


def make_view(depth: DepthMap, cameras: Cameras, index: int, image: Image | None, confidence: float) -> View:
    """Depth map ``depth`` of camera ``index``, without lens distortion and without doubtful depths."""
    height, width = depth.depth.shape
    camera = cameras.select([index]).scaled(np.array([[width, height]]))
    known = np.isfinite(depth.depth) & (depth.depth > 0)
    if depth.confidence is not None:
        known &= depth.confidence >= confidence
    plane = np.where(known, depth.depth, np.float32(0))
    colour = None if image is None else _resized(image, width, height)
    matrix = camera.intrinsics[0]
    if camera.distortion is not None and camera.distortion.any():
        plane, colour = _straightened(plane, colour, matrix, camera.distortion[0])
    return View(plane, colour, matrix, camera.extrinsics[0])


def _resized(image: Image, width: int, height: int) -> NDArray[np.uint8]:
    import cv2

    pixels = Image(image.rgb()).as_uint8()
    if pixels.shape[:2] == (height, width):
        return pixels
    smaller = width < image.width
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def _straightened(
    plane: NDArray[np.float32],
    colour: NDArray[np.uint8] | None,
    matrix: NDArray[np.float64],
    distortion: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.uint8] | None]:
    """The pixels where a lens without distortion would have put them."""
    import cv2

    height, width = plane.shape
    centred = matrix.copy()
    centred[:2, 2] -= 0.5  # OpenCV counts from the centre of the first pixel
    x, y = cv2.initUndistortRectifyMap(centred, distortion, None, centred, (width, height), cv2.CV_32FC1)
    # Nearest: a mean of two depths is a point on neither surface.
    plane = cv2.remap(plane, x, y, cv2.INTER_NEAREST, borderValue=0)
    if colour is not None:
        colour = cv2.remap(colour, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return plane, colour
