"""Resampling a photo to the pinhole camera that stands where its camera stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Cameras, Image
from meshloom.nodes.reconstruct._lens import straighten

Floats = NDArray[np.float64]

#: The border of a photo runs just inside its outermost pixel centres, between which can be interpolated.
INSET = 0.6


def pinhole_of(camera: Cameras, keep: float) -> Floats:
    """(3, 3) intrinsics of the pinhole camera for the one camera given.

    ``keep`` 0: a focal length long enough for every pixel to show something; 1: short enough for all that the
    photo shows; between, a geometric mean of the two. Without distortion nothing changes.
    """
    matrix: Floats = camera.intrinsics[0].copy()
    if not distorted(camera):
        return matrix
    x, y = _border(camera)
    # Distances of the outermost pixel centres, which are half a pixel inside.
    width, height = (float(side) - 1 for side in camera.sizes[0])
    fx, fy, cx, cy = matrix[0, 0], matrix[1, 1], matrix[0, 2] - 0.5, matrix[1, 2] - 0.5
    quarter = len(x) // 4
    left, right, top, bottom = (slice(quarter * k, quarter * (k + 1)) for k in range(4))
    # How far each side of the photo lies from the principal point once straight, over how far it should lie.
    sides = [
        -x[left] * fx / cx,
        x[right] * fx / (width - cx),
        -y[top] * fy / cy,
        y[bottom] * fy / (height - cy),
    ]
    inner = min(float(side.min()) for side in sides)
    outer = max(float(side.max()) for side in sides)
    inner, outer = (np.clip(value, 0.2, 5.0) for value in (inner, outer))
    zoom = (1 / inner) ** (1 - keep) * (1 / outer) ** keep
    matrix[0, 0] *= zoom
    matrix[1, 1] *= zoom
    return matrix


def resampled(image: Image, camera: Cameras, keep: float) -> Image:
    """The photo as the camera of :func:`pinhole_of` would have taken it, with its focal length."""
    import cv2

    if not distorted(camera):
        return image
    matrix = pinhole_of(camera, keep)
    # OpenCV counts pixel positions from pixel centres.
    shift = np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    assert camera.distortion is not None
    size = (image.width, image.height)
    columns, rows = cv2.initUndistortRectifyMap(
        camera.intrinsics[0] - shift, camera.distortion[0], None, matrix - shift, size, cv2.CV_32FC1
    )
    pixels = np.ascontiguousarray(image.pixels)
    if pixels.dtype == np.float32:
        pixels = np.nan_to_num(pixels)
    straight = cv2.remap(pixels, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return Image(straight.reshape(image.pixels.shape), image.name, float(matrix[0, 0]))


def distorted(camera: Cameras) -> bool:
    return camera.distortion is not None and bool(np.any(camera.distortion))


def _border(camera: Cameras, count: int = 64) -> tuple[Floats, Floats]:
    """Straightened x and y, on the plane at distance 1, of points on the left, right, top, bottom side."""
    width, height = (float(side) - 2 * INSET for side in camera.sizes[0])
    along, still = np.linspace(0, 1, count), np.zeros(count)
    columns = np.concatenate([still, still + width, along * width, along * width])
    rows = np.concatenate([along * height, along * height, still, still + height])
    matrix = camera.intrinsics[0]
    plane = (np.stack([columns, rows], axis=1) + INSET - matrix[:2, 2]) / matrix[[0, 1], [0, 1]]
    assert camera.distortion is not None
    x, y = straighten(plane, camera.distortion[0]).T
    return x, y
