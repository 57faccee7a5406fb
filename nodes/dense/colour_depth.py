"""Depth as a picture."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Colour, Range, node
from meshloom.graph_runtime.types import DepthMap, Image


@node("Colour depth", aliases=["depth to image", "false colour", "turbo", "inferno", "visualise depth"])
def colour_depth(
    depth: DepthMap,
    palette: Literal["turbo", "inferno", "viridis", "grey"] = "turbo",
    near: Annotated[float, Range(0.0)] = 0.0,
    far: Annotated[float, Range(0.0)] = 0.0,
    scale: Literal["inverse", "linear"] = "inverse",
    unknown: Annotated[tuple[float, float, float], Colour()] = (0.0, 0.0, 0.0),
) -> Image:
    """Show a depth map (or a disparity) in false colour: near is warm or bright, far is cold or dark.

    depth: a depth map, or a disparity.
    palette: the colours, from far to near.
    near: the depth shown warmest; 0 = the nearest in the map, but for 1 % of the pixels.
    far: the depth shown coldest; 0 = the farthest, but for 1 %. For disparity swap near and far.
    scale: inverse spreads colours evenly over 1/depth, which shows near things in more detail.
    unknown: the colour of pixels without depth.
    """
    import cv2

    values = depth.depth.astype(np.float64)
    known = np.isfinite(values) & (values > 0)
    pixels = np.zeros((*values.shape, 3), np.uint8)
    pixels[:] = np.clip(np.array(unknown) * 255 + 0.5, 0, 255).astype(np.uint8)
    if known.any():
        closest, farthest = np.quantile(values[known], (0.01, 0.99))
        warm, cold = near or closest, far or farthest
        held = values[known]
        if scale == "inverse":
            held, warm, cold = 1.0 / held, 1.0 / warm, 1.0 / cold
        span = warm - cold
        level = np.clip((held - cold) / span, 0.0, 1.0) if span else np.full(len(held), 0.5)
        steps = (level * 255 + 0.5).astype(np.uint8)
        ramp = np.arange(256, dtype=np.uint8)[:, None]
        maps = {"turbo": cv2.COLORMAP_TURBO, "inferno": cv2.COLORMAP_INFERNO, "viridis": cv2.COLORMAP_VIRIDIS}
        colours = (
            np.repeat(ramp, 3, axis=1)
            if palette == "grey"
            else cv2.applyColorMap(ramp, maps[palette])[:, 0, ::-1]
        )
        pixels[known] = colours[steps]
    return Image(pixels, depth.name)
