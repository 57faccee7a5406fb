from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Colour, Range, Slider, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._light import LUMINANCE, to_linear, to_srgb
from meshloom.nodes.image._pixels import as_dtype, check_size

MODES = {"edge": "edge", "mirror": "symmetric", "tile": "wrap"}


@node("Pad", aliases=("border", "extend", "canvas", "outpaint"))
def pad(
    image: Image,
    left: Annotated[int, Range(0, 65536, unit="px")] = 0,
    top: Annotated[int, Range(0, 65536, unit="px")] = 0,
    right: Annotated[int, Range(0, 65536, unit="px")] = 0,
    bottom: Annotated[int, Range(0, 65536, unit="px")] = 0,
    fill: Literal["colour", "edge", "mirror", "tile"] = "colour",
    colour: Annotated[tuple[float, float, float], Colour()] = (0.0, 0.0, 0.0),
    opacity: Annotated[float, Slider(0, 1)] = 1.0,
) -> Image:
    """Make the canvas larger; the picture itself is not touched.

    left: columns added
    top: rows added
    right: columns added
    bottom: rows added
    fill: what the new pixels show; "mirror" and "tile" repeat as often as needed
    colour: of the new pixels; a grey picture takes its luminance
    opacity: alpha of the new pixels; below 1 a picture without alpha gets one
    """
    height, width = image.height + top + bottom, image.width + left + right
    check_size(width, height)
    pixels = image.pixels
    if fill != "colour":
        padded = np.pad(pixels, ((top, bottom), (left, right), (0, 0)), mode=MODES[fill])
        return Image(padded, image.name, image.focal_px)
    paint = np.array(colour, np.float32)
    if opacity < 1 and pixels.shape[2] != 4:
        opaque = np.full((image.height, image.width, 1), 255 if pixels.dtype == np.uint8 else 1, pixels.dtype)
        pixels = np.concatenate([image.rgb(), opaque], axis=2)
    if pixels.shape[2] == 1:
        paint = to_srgb(to_linear(paint) @ LUMINANCE[:, None])
    elif pixels.shape[2] == 4:
        paint = np.append(paint, np.float32(opacity))
    padded = np.empty((height, width, pixels.shape[2]), pixels.dtype)
    padded[:] = as_dtype(paint.astype(np.float32), pixels.dtype)
    padded[top : top + image.height, left : left + image.width] = pixels
    return Image(padded, image.name, image.focal_px)
