"""Photos and cameras that belong together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, Image


def matched(images: Sequence[Image], cameras: Cameras) -> tuple[list[NDArray[np.uint8]], Cameras]:
    """The photos' pixels, (H, W, 3|4) uint8, and the cameras at their sizes.

    Raises NodeError where photos and cameras do not belong together.
    """
    if not len(images):
        raise NodeError("no photos were given", hint="connect the photos that belong to the cameras")
    if len(images) != len(cameras):
        raise NodeError(
            f"{len(images)} photos but {len(cameras)} cameras; one camera a photo was expected",
            hint="use the photos that come out of the undistortion beside its cameras",
        )
    if cameras.distortion is not None and np.any(cameras.distortion):
        raise NodeError(
            "the cameras have lens distortion; pinhole cameras were expected",
            hint="undistort the photos first and use the cameras that come with them",
        )
    sizes = np.array(cameras.sizes)
    for index, (image, name) in enumerate(zip(images, cameras.names, strict=True)):
        if image.name and name and image.name != name:
            raise NodeError(
                f"photo {index + 1} is {image.name!r} but camera {index + 1} belongs to {name!r}",
                hint="photos and cameras must be in the same order",
            )
        wide, high = cameras.sizes[index]
        if abs(image.width / wide - image.height / high) > 0.01 * image.width / wide:
            raise NodeError(
                f"photo {name!r} has {image.width}x{image.height} pixels, its camera {wide}x{high}: another shape",
                hint="do not crop or turn photos after their cameras were found",
            )
        sizes[index] = image.width, image.height
    if not (np.isfinite(cameras.intrinsics).all() and np.isfinite(cameras.extrinsics).all()):
        raise NodeError("a camera has values that are not finite numbers", hint="check the reconstruction")
    pixels = [
        image.as_uint8() if image.pixels.shape[2] == 4 else np.ascontiguousarray(rgb(image))
        for image in images
    ]
    return pixels, cameras.scaled(sizes)


def rgb(image: Image) -> NDArray[Any]:
    """(H, W, 3) uint8."""
    pixels = image.as_uint8()
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
