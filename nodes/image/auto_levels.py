from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Run, Slider, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._pixels import Floats, alpha_of, colours_of, pointwise


@node("Auto levels", aliases=("auto contrast", "normalise", "normalize", "stretch", "white balance"))
def auto_levels(
    image: Image,
    together: Literal["together", "each channel"] = "together",
    cut: Annotated[float, Slider(0, 10, unit="%")] = 0.1,
    *,
    run: Run,
) -> Image:
    """Stretch the values so that the darkest become black and the brightest white.

    Also brings depth, heights and other float data into 0..1. NaN and transparent pixels do not count. A
    picture of one value is passed on.

    together: "each channel" by itself also takes a colour cast out, if the picture holds something black
      and white
    cut: share of the values at either end that may be lost
    """
    colours, alpha = colours_of(image), alpha_of(image)
    run.progress(0, 1, "measuring")
    counted = np.isfinite(colours).all(axis=2)
    if alpha is not None:
        counted &= alpha[:, :, 0] > 0
    values = colours[counted]
    if not len(values):
        return image
    axis = 0 if together == "each channel" else None
    low, high = (np.percentile(values, q, axis=axis).astype(np.float32) for q in (cut, 100 - cut))
    span = np.where(high > low, high - low, 1).astype(np.float32)
    low = np.where(high > low, low, 0).astype(np.float32)

    def change(strip: Floats) -> Floats:
        return np.clip((strip - low) / span, 0, 1)

    return pointwise(image, change, run, "stretching")
