from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Range, Run, node
from meshloom.graph_runtime.types import Mask
from meshloom.nodes.mask._masks import clean


@node("Feather", aliases=("blur mask", "soften", "smooth edge"))
def feather(
    mask: Mask,
    radius: Annotated[float, Range(0, 1000, unit="px")] = 4.0,
    side: Literal["both", "inside", "outside"] = "both",
    *,
    run: Run,
) -> Mask:
    """Soften the edge of the selection by a gaussian.

    radius: standard deviation of the gaussian
    side: "inside" leaves out what was not selected, "outside" keeps all of what was
    """
    coverage = clean(mask)
    if radius == 0:
        return Mask(coverage, mask.name)
    import cv2

    run.progress(0, 1, "softening")
    shift = {"both": 0.0, "inside": -1.0, "outside": 1.0}[side]
    soft = coverage
    if radius <= 12:
        soft = cv2.GaussianBlur(coverage, (0, 0), radius, borderType=cv2.BORDER_REPLICATE)
    else:
        soft = _wide(coverage, radius)
    if shift < 0:
        # Half coverage lies on the outline; from there inwards the ramp is stretched to begin at nothing.
        soft = np.minimum(np.clip(2 * soft - 1, 0, 1), coverage)
    elif shift > 0:
        soft = np.maximum(np.clip(2 * soft, 0, 1), coverage)
    run.progress(1, 1, "softened")
    return Mask(np.clip(soft, 0, 1).astype(np.float32), mask.name)


def _wide(coverage: np.ndarray, radius: float) -> np.ndarray:
    """Three box blurs: a gaussian to within 3 %, at a cost that does not grow with its width (Wells 1986)."""
    import cv2

    # The variances of boxes of these odd widths add up to that of the gaussian.
    ideal = (12 * radius**2 / 3 + 1) ** 0.5
    lower = int(ideal) - (1 - int(ideal) % 2)
    wide = round((12 * radius**2 - 3 * lower**2 - 12 * lower - 9) / (-4 * lower - 4))
    for index in range(3):
        side = lower if index < wide else lower + 2
        coverage = cv2.blur(coverage, (side, side), borderType=cv2.BORDER_REPLICATE)
    return coverage
