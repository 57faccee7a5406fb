from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Range, Run, node
from meshloom.graph_runtime.types import Mask
from meshloom.nodes.mask._masks import clean


@node("Grow", aliases=("shrink", "dilate", "erode", "expand", "contract", "choke", "spread"))
def grow(
    mask: Mask,
    amount: Annotated[float, Range(-10000, 10000, unit="px")] = 4.0,
    shape: Literal["round", "square"] = "round",
    *,
    run: Run,
) -> Mask:
    """Move the outline of the selection outwards, or inwards with a negative amount.

    What lies beyond the border of the picture counts as what is at the border.

    amount: may be a fraction with "round"
    shape: "round" moves by true distance, and makes of a soft selection a hard one at one half, with a smooth
      one-pixel edge; "square" takes the largest (or smallest) coverage around, so soft edges stay soft
    """
    coverage = clean(mask)
    if amount == 0 or not coverage.any():
        return Mask(coverage, mask.name)
    run.progress(0, 1, "growing")
    if shape == "square":
        from scipy.ndimage import maximum_filter1d, minimum_filter1d

        moved = coverage
        for axis in (0, 1):
            reach = min(round(abs(amount)), coverage.shape[axis])
            extreme = maximum_filter1d if amount > 0 else minimum_filter1d
            moved = extreme(moved, 2 * reach + 1, axis, mode="nearest")
    else:
        moved = np.clip(amount - _signed_distance(coverage) + 0.5, 0, 1)
    run.progress(1, 1, "grown")
    return Mask(moved.astype(np.float32), mask.name)


def _signed_distance(coverage: np.ndarray) -> np.ndarray:
    """Distance in pixels from each pixel's centre to the outline, negative inside."""
    import cv2

    selected = (coverage >= 0.5).astype(np.uint8)
    far = np.float32(sum(coverage.shape))
    sides = []
    for side in (selected, 1 - selected):
        # OpenCV measures to the nearest zero; where there is none, the outline is out of sight.
        exact = cv2.distanceTransform(side, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) if not side.all() else far
        sides.append(np.where(side > 0, exact - np.float32(0.5), 0))
    return sides[1] - sides[0]
