"""Points from a disparity."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Slider, node
from meshloom.graph_runtime.types import DepthMap, Image, PointCloud


@node("Disparity to points", aliases=["stereo cloud", "reproject", "disparity to depth"])
def disparity_to_cloud(
    disparity: DepthMap,
    image: Image | None = None,
    focal_px: Annotated[float, Range(0.0, unit="px")] = 0.0,
    baseline: Annotated[float, Range(0.0)] = 1.0,
    offset: Annotated[float, Range(unit="px")] = 0.0,
    centre_x: Annotated[float, Range(0.0, unit="px")] = 0.0,
    centre_y: Annotated[float, Range(0.0, unit="px")] = 0.0,
    max_depth: Annotated[float, Range(0.0)] = 0.0,
    min_confidence: Annotated[float, Slider(0.0, 1.0)] = 0.0,
) -> PointCloud:
    """Put every pixel of a disparity at its place in space.

    Depth = focal_px * baseline / (disparity + offset).
    The frame is that of the left camera (x right, y down, z forward), in the unit of ``baseline``.

    disparity: shifts in pixels, 0 or NaN = unknown.
    image: the left photo, for the colours.
    focal_px: focal length in pixels of the disparity; 0 = the photo's own (EXIF).
    baseline: distance between the two cameras.
    offset: how much further right the principal point of the right camera is (Middlebury's doffs).
    centre_x: principal point of the left camera; 0 = the middle.
    centre_y: the same, down.
    max_depth: farther points are left out; 0 = none.
    min_confidence: pixels less certain than this are left out; above 0 leaves out what was filled in.
    """
    height, width = disparity.depth.shape
    if image is not None and image.pixels.shape[:2] != (height, width):
        raise NodeError(
            f"the photo is {image.width} x {image.height} and the disparity {width} x {height};"
            " expected one size",
            "Connect the left photo that the disparity was made from.",
        )
    focal = focal_px or (image.focal_px if image is not None else 0.0)
    if focal <= 0 or baseline <= 0:
        what = "focal length" if focal <= 0 else "baseline"
        raise NodeError(
            f"the {what} is not known", "Set focal_px and baseline from the calibration of the pair."
        )
    # 0 stands for an unknown pixel; a true shift of 0 is at infinity unless there is an offset.
    shift = disparity.depth.astype(np.float64)
    known = np.isfinite(shift) & (shift != 0) & (shift + offset > 0)
    if disparity.confidence is not None:
        known &= disparity.confidence >= min_confidence
    rows, columns = np.nonzero(known)
    z = focal * baseline / (shift[rows, columns] + offset)
    if max_depth > 0:
        near = z <= max_depth
        rows, columns, z = rows[near], columns[near], z[near]
    x = (columns + 0.5 - (centre_x or width / 2)) * z / focal
    y = (rows + 0.5 - (centre_y or height / 2)) * z / focal
    return PointCloud(
        np.stack([x, y, z], axis=1).astype(np.float32),
        None if image is None else np.ascontiguousarray(Image(image.rgb()).as_uint8()[rows, columns]),
        None,
        None if disparity.confidence is None else np.clip(disparity.confidence[rows, columns], 0, 1),
    )
