from __future__ import annotations

from typing import Literal

import numpy as np

from meshloom.graph_runtime.spec import Run, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._light import LUMINANCE, to_linear, to_srgb
from meshloom.nodes.image._pixels import as_dtype, as_float, strips


@node("Convert", aliases=("8 bit", "float", "rgb", "rgba", "bit depth", "channels"))
def convert(
    image: Image,
    depth: Literal["keep", "8 bit", "float"] = "keep",
    channels: Literal["keep", "grey", "RGB", "RGBA"] = "keep",
    *,
    run: Run,
) -> Image:
    """Change how the picture is stored.

    depth: "8 bit" rounds, and clips to 0..1 (image.tone_map fits HDR into it first); NaN becomes 0
    channels: "grey" is luminance; "grey" and "RGB" drop alpha (image.flatten puts a colour behind it first)
    """
    dtype = {"keep": image.pixels.dtype, "8 bit": np.dtype(np.uint8), "float": np.dtype(np.float32)}[depth]
    have = image.pixels.shape[2]
    count = {"keep": have, "grey": 1, "RGB": 3, "RGBA": 4}[channels]
    if (dtype, count) == (image.pixels.dtype, have):
        return image
    made = np.empty((image.height, image.width, count), dtype)
    for rows in strips(image.height, image.width, run, "converting"):
        strip = image.pixels[rows]
        # Values that only move keep every bit: floats are made where arithmetic asks for them.
        if count == 1 and have != 1:
            strip = to_srgb((to_linear(as_float(strip[:, :, :3])) @ LUMINANCE)[:, :, None])
        elif count >= 3 and have == 1:
            strip = np.repeat(strip, 3, axis=2)
        if strip.dtype != dtype:
            strip = as_dtype(as_float(strip), dtype)
        kept = min(strip.shape[2], count)
        made[rows, :, :kept] = strip[:, :, :kept]
        if kept < count:
            made[rows, :, kept:] = 255 if dtype == np.uint8 else 1
    return Image(made, image.name, image.focal_px)
