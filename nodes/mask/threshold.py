from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, node
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.mask._masks import Floats, ramp

#: Rec. 601 weights: brightness of stored values, as the eye sees steps.
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@node("Threshold", aliases=("binarise", "binarize", "otsu", "luminance key", "range"))
def threshold(
    image: Image,
    channel: Literal["brightness", "red", "green", "blue", "alpha", "saturation"] = "brightness",
    method: Literal["range", "otsu"] = "range",
    low: Annotated[float, Range()] = 0.5,
    high: Annotated[float | None, Range()] = None,
    softness: Annotated[float, Range(0, 10)] = 0.0,
    *,
    run: Run,
) -> Mask:
    """Select the pixels whose stored value lies within a range. NaN is never selected.

    channel: "saturation" is the spread of the channels over the largest of them
    method: "otsu" finds the value that parts the picture best into dark and bright (Otsu 1979), and selects
      bright
    low: the smallest value selected; 1.0 = white, also for 8-bit pictures
    high: the largest value selected; empty = no upper limit
    softness: width of the ramp from selected to not, about either limit
    """
    run.progress(0, 2, "measuring")
    values = _values(image, channel)
    if method == "otsu":
        from skimage.filters import threshold_otsu

        finite = values[np.isfinite(values)]
        if not finite.size or finite.min() == finite.max():
            raise NodeError(
                "all values are the same, so nothing tells selected from not", hint='use the method "range"'
            )
        # It returns the middle of the last dark one of 256 bins, all of which is dark.
        bin_width = float(finite.max() - finite.min()) / 256
        limit = float(threshold_otsu(finite, 256)) + 0.501 * bin_width
        low, high = float(finite[finite > limit].min()), None
    if high is not None and high < low:
        raise NodeError(f"low ({low:g}) is above high ({high:g})", hint="swap them")
    run.progress(1, 2, "selecting")
    coverage = ramp(-values, -low, softness)
    if high is not None:
        coverage = np.minimum(coverage, ramp(values, high, softness))
    run.progress(2, 2, "selected")
    return Mask(coverage, image.name)


def _values(image: Image, channel: str) -> Floats:
    pixels = image.as_float()
    count = pixels.shape[2]
    if channel == "alpha":
        return pixels[:, :, 3] if count == 4 else np.ones(pixels.shape[:2], np.float32)
    if channel == "brightness":
        return pixels[:, :, 0] if count == 1 else pixels[:, :, :3] @ LUMA
    if count == 1:
        raise NodeError(f"a grey picture has no {channel}", hint='choose "brightness"')
    if channel == "saturation":
        largest, smallest = pixels[:, :, :3].max(axis=2), pixels[:, :, :3].min(axis=2)
        return np.where(largest > 0, (largest - smallest) / np.where(largest > 0, largest, 1), 0 * largest)
    return pixels[:, :, ("red", "green", "blue").index(channel)]
