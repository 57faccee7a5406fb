from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Range, Run, Slider, node
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image._light import to_linear, to_srgb
from meshloom.nodes.image._modes import MODES
from meshloom.nodes.image._over import over
from meshloom.nodes.image._pixels import as_dtype, as_float, check_same_size, has_alpha, size_of, strips


@node("Composite", aliases=("over", "paste", "overlay", "place", "alpha"))
def composite(
    foreground: Image,
    background: Image,
    mask: Mask | None = None,
    x: Annotated[int, Range(unit="px")] = 0,
    y: Annotated[int, Range(unit="px")] = 0,
    anchor: Literal["top left", "centre"] = "top left",
    opacity: Annotated[float, Slider(0, 1)] = 1.0,
    light: Literal["linear", "as stored"] = "linear",
    *,
    run: Run,
) -> Image:
    """Place a picture on a background of any size.

    The result has the size, depth, name and focal length of the background; what reaches beyond is cut off.

    foreground: its alpha counts
    mask: of the foreground's size: where it shows, besides its own alpha
    x: shift to the right, from the anchor
    y: shift downwards, from the anchor
    anchor: which points of the two meet when x and y are 0
    opacity: of the foreground as a whole
    light: "linear" mixes light, so that soft edges look as photographed; "as stored" mixes sRGB values
    """
    if mask is not None:
        check_same_size(foreground, mask, "the foreground", "the mask")
    if anchor == "centre":
        x += (background.width - foreground.width) // 2
        y += (background.height - foreground.height) // 2
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + foreground.width, background.width), min(y + foreground.height, background.height)
    if left >= right or top >= bottom:
        run.warn(
            f"the foreground of {size_of(foreground)} at ({x}, {y}) lies wholly outside the background of "
            f"{size_of(background)}"
        )
        return background
    dtype, alpha_below = background.pixels.dtype, has_alpha(background)
    in_colour = background.pixels.shape[2] >= 3 or foreground.pixels.shape[2] >= 3
    made = np.array(background.rgb() if in_colour and not alpha_below else background.pixels)
    count = 3 if in_colour else 1
    for rows in strips(bottom - top, right - left, run, "compositing"):
        here = slice(top + rows.start, top + rows.stop), slice(left, right)
        there = slice(here[0].start - y, here[0].stop - y), slice(left - x, right - x)
        above, below = as_float(foreground.pixels[there]), as_float(made[here])
        cover = above[:, :, 3:] if has_alpha(foreground) else np.ones_like(above[:, :, :1])
        cover = cover * np.float32(opacity)
        if mask is not None:
            cover = cover * mask.coverage[there][:, :, None]
        lower, upper = below[:, :, :3], above[:, :, :3]
        if light == "linear":
            lower, upper = to_linear(lower), to_linear(upper)
        colours, alpha = over(lower, below[:, :, 3:] if alpha_below else None, upper, cover, MODES["normal"])
        if light == "linear":
            colours = to_srgb(colours)
        # What is not mixed keeps every bit.
        colours = np.where(cover == 0, below[:, :, :3], np.where(cover == 1, above[:, :, :3], colours))
        made[(*here, slice(0, count))] = as_dtype(colours, dtype)
        if alpha is not None:
            made[(*here, slice(3, 4))] = as_dtype(alpha, dtype)
    return Image(made, background.name, background.focal_px)
