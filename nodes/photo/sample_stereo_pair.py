from __future__ import annotations

from typing import NamedTuple

import numpy as np

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import DepthMap, Image

#: Focal length in pixels and baseline in metres, of the calibration that comes with the pair.
FOCAL_PX = 994.978
BASELINE = 0.193001
#: Principal point of the left camera, and how far right of it that of the right camera is, in pixels.
CENTRE = (311.193, 254.877)
SHIFT = 31.086


class StereoPair(NamedTuple):
    """left: what the left camera sees
    right: what the right camera sees, 0.193 m to the right; lines are aligned
    disparity: per left pixel, by how many pixels the same point is further left in the right photo; 0 unknown
    depth: the same as distance along the optical axis, in metres; 0 unknown
    """

    left: Image
    right: Image
    disparity: DepthMap
    depth: DepthMap


@node("Sample stereo pair", aliases=("motorcycle", "middlebury", "example", "test photos"))
def sample_stereo_pair() -> StereoPair:
    """A rectified pair of photos of a motorcycle (741 x 500) with measured disparity and depth, for trials.

    Middlebury Stereo 2014 at a quarter of its size (Scharstein et al., GCPR 2014), as in scikit-image.
    The right pixel of left (x, y) is (x - disparity, y); depth = focal * baseline / (disparity + 31.086).
    """
    from skimage.data import stereo_motorcycle

    left, right, disparity = stereo_motorcycle()  # type: ignore[no-untyped-call]
    known = np.isfinite(disparity) & (disparity > 0)
    shifts = np.where(known, disparity, 0).astype(np.float32)
    depth = np.where(known, FOCAL_PX * BASELINE / (shifts + SHIFT), 0).astype(np.float32)
    name = "motorcycle_left.png"
    return StereoPair(
        Image(left, name, FOCAL_PX),
        Image(right, "motorcycle_right.png", FOCAL_PX),
        DepthMap(shifts, name=name),
        DepthMap(depth, name=name),
    )
