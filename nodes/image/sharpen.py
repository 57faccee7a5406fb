from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Range, Run, Slider, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._gauss import gaussian
from meshloom.nodes.image._pixels import alpha_of, colours_of, rebuilt
from meshloom.nodes.image._smooth import smoothed


@node("Sharpen", aliases=("unsharp mask", "detail", "clarity"))
def sharpen(
    image: Image,
    amount: Annotated[float, Slider(0, 5)] = 1.0,
    radius: Annotated[float, Range(0.1, 500, unit="px")] = 1.5,
    threshold: Annotated[float, Slider(0, 0.2)] = 0.0,
    *,
    run: Run,
) -> Image:
    """Unsharp mask: add back what a gaussian blur takes away.

    Works on stored (sRGB) values, where light and dark halos look equally strong. Alpha is kept.

    amount: 1 adds the lost detail once more
    radius: standard deviation of the blur; large and with a small amount it lifts local contrast
    threshold: differences up to this (noise, skin) are left alone
    """
    colours, alpha = colours_of(image), alpha_of(image)
    soft, _ = smoothed(colours, alpha, lambda plane: gaussian(plane, radius), run, "sharpening")
    with np.errstate(invalid="ignore"):
        detail = colours - soft
    if threshold > 0:
        # Shrunk rather than cut, so that the strength has no step at the threshold.
        detail = np.sign(detail) * np.maximum(np.abs(detail) - np.float32(threshold), 0)
    sharp = colours + np.float32(amount) * np.nan_to_num(detail, posinf=0, neginf=0)
    return rebuilt(image, sharp, alpha, run, "storing")
