from __future__ import annotations

from typing import Literal

import numpy as np

from meshloom.graph_runtime.spec import Run, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._light import luminance, to_linear, to_srgb
from meshloom.nodes.image._pixels import Floats, pointwise

#: Rec. 601 weights, on stored values: what JPEG, OpenCV and Pillow call grey.
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@node("To grey", aliases=("greyscale", "grayscale", "black and white", "desaturate", "monochrome"))
def to_grey(
    image: Image, method: Literal["luminance", "luma", "average", "maximum"] = "luminance", *, run: Run
) -> Image:
    """Take the colour out. One channel, or grey RGB with its alpha where the picture has one.

    method: "luminance" is as bright as the colour was (Rec. 709, linear light); "luma" is the quick sum of
      JPEG and OpenCV (Rec. 601, stored values); "maximum" is the brightest channel
    """
    if image.pixels.shape[2] == 1:
        return image

    def change(colours: Floats) -> Floats:
        if method == "luminance":
            return to_srgb(luminance(to_linear(colours)))
        if method == "luma":
            return (colours @ LUMA)[:, :, None]
        return (
            colours.mean(axis=2, keepdims=True) if method == "average" else colours.max(axis=2, keepdims=True)
        )

    return pointwise(image, change, run, "greying")
