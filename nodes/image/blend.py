from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Run, Slider, node
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image._light import to_linear, to_srgb
from meshloom.nodes.image._modes import MODES
from meshloom.nodes.image._over import over
from meshloom.nodes.image._pixels import as_dtype, as_float, check_same_size, has_alpha, strips

Mode = Literal[
    "normal",
    "multiply",
    "screen",
    "overlay",
    "soft light",
    "hard light",
    "add",
    "subtract",
    "difference",
    "lighten",
    "darken",
]


@node("Blend", aliases=("mix", "layer", "multiply", "screen", "overlay", "difference", "lerp"))
def blend(
    base: Image,
    top: Image,
    mask: Mask | None = None,
    mode: Mode = "normal",
    opacity: Annotated[float, Slider(0, 1)] = 1.0,
    light: Literal["as stored", "linear"] = "as stored",
    *,
    run: Run,
) -> Image:
    """Lay one picture over another of the same size, as the layers of a paint program.

    Modes and alpha follow W3C "Compositing and Blending". The result has the depth, name and focal length
    of base, and alpha where base has it; it is in colour where either is.

    base: the lower layer
    top: the upper layer; its alpha counts
    mask: where top shows; without it everywhere
    mode: how the colours of the two meet
    opacity: of top as a whole
    light: "as stored" mixes sRGB values, as the modes are defined and paint programs do; "linear" mixes light
    """
    check_same_size(base, top, "base", "top")
    if mask is not None:
        check_same_size(base, mask, "base", "the mask")
    count = max(min(base.pixels.shape[2], 3), min(top.pixels.shape[2], 3))
    made = np.empty((base.height, base.width, count + has_alpha(base)), base.pixels.dtype)
    for rows in strips(base.height, base.width, run, "blending"):
        below, above = as_float(base.pixels[rows]), as_float(top.pixels[rows])
        cover = above[:, :, 3:] if has_alpha(top) else np.ones_like(above[:, :, :1])
        cover = cover * np.float32(opacity)
        if mask is not None:
            cover = cover * mask.coverage[rows, :, None]
        lower, upper = below[:, :, :3], above[:, :, :3]
        if light == "linear":
            lower, upper = to_linear(lower), to_linear(upper)
        colours, alpha = over(lower, below[:, :, 3:] if has_alpha(base) else None, upper, cover, MODES[mode])
        if light == "linear":
            colours = to_srgb(colours)
        # What is not mixed keeps every bit.
        colours = np.where(cover == 0, below[:, :, :3], colours)
        made[rows, :, :count] = as_dtype(colours, made.dtype)
        if alpha is not None:
            made[rows, :, 3:] = as_dtype(alpha, made.dtype)
    return Image(made, base.name, base.focal_px)
