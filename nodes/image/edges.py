from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image._holes import filled
from meshloom.nodes.image._light import linear_colours, luminance, to_srgb
from meshloom.nodes.image._pixels import alpha_of


@node("Edges", aliases=("canny", "sobel", "outline", "line art", "contour"))
def edges(
    image: Image,
    method: Literal["canny", "strength"] = "canny",
    low: Annotated[float, Slider(0, 1)] = 0.1,
    high: Annotated[float, Slider(0, 1)] = 0.2,
    blur: Annotated[float, Range(0, 50, unit="px")] = 1.0,
    *,
    run: Run,
) -> Mask:
    """Find where brightness changes.

    Strength is the length of the gradient: 1 is a change from black to white from one pixel to the next.

    method: "canny" gives lines one pixel wide (Canny 1986); "strength" the gradient itself
    low: canny: weaker edges are dropped, unless they lead on from a stronger one than high
    high: canny: stronger edges are always kept
    blur: standard deviation of the gaussian that noise is softened with first
    """
    if method == "canny" and low > high:
        raise NodeError(f"low ({low:g}) is above high ({high:g})", hint="swap them")
    import cv2

    run.progress(0, 2, "finding edges")
    grey = to_srgb(luminance(linear_colours(image)))
    grey, bad = filled(grey, alpha_of(image))
    plane = np.ascontiguousarray(grey[:, :, 0])
    if blur > 0:
        plane = cv2.GaussianBlur(plane, (0, 0), blur, borderType=cv2.BORDER_REPLICATE)
    run.progress(1, 2, "finding edges")
    # Sobel's kernel adds up to 8 times the slope; a step from 0 to 1 has a slope of one half at both pixels.
    across = cv2.Sobel(plane, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 4, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(plane, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 4, borderType=cv2.BORDER_REPLICATE)
    if method == "strength":
        found = np.clip(np.hypot(across, down), 0, 1)
    else:
        # Canny in OpenCV wants 16-bit slopes; this keeps slopes up to 4 (HDR) apart in steps of 1/8000.
        steps = 8000
        slopes = [np.clip(slope * steps, -32000, 32000).astype(np.int16) for slope in (across, down)]
        lines = cv2.Canny(slopes[0], slopes[1], low * steps, high * steps, L2gradient=True)
        found = (lines > 0).astype(np.float32)
    found = np.where(bad, 0, found).astype(np.float32)
    run.progress(2, 2, "finding edges")
    return Mask(found, image.name)
