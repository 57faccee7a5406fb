from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Slider, node
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.mask._masks import check_size

#: Lines on which a row of pixels is sampled for a polygon.
LINES = 8


@node("Shape", aliases=("rectangle", "ellipse", "circle", "draw", "box", "polygon", "vignette"))
def shape(
    image: Image | None = None,
    kind: Literal["rectangle", "ellipse", "polygon"] = "ellipse",
    x: Annotated[float, Slider(0, 1)] = 0.5,
    y: Annotated[float, Slider(0, 1)] = 0.5,
    width: Annotated[float, Range(0, 10)] = 0.5,
    height: Annotated[float, Range(0, 10)] = 0.5,
    angle: Annotated[float, Range(-360, 360, unit="deg")] = 0.0,
    points: tuple[float, ...] = (),
    image_width: Annotated[int, Range(1, 65536, unit="px")] = 512,
    image_height: Annotated[int, Range(1, 65536, unit="px")] = 512,
) -> Mask:
    """Select a rectangle, an ellipse or a polygon, with a smooth one-pixel edge.

    Places and lengths are fractions of the picture's width and height, so that a graph fits any size.

    image: the picture that the mask is for; only its size counts
    kind: what is drawn
    x: middle, from the left
    y: middle, from the top
    width: of the rectangle or ellipse, before it is turned
    height: of the rectangle or ellipse, before it is turned
    angle: counter-clockwise
    points: corners of the polygon: x, y, x, y, ... as fractions
    image_width: size of the mask where no picture is linked
    image_height: size of the mask where no picture is linked
    """
    w, h = (image.width, image.height) if image is not None else (image_width, image_height)
    check_size(w, h)
    name = image.name if image is not None else ""
    if kind == "polygon":
        return Mask(_polygon(points, w, h), name)
    columns = np.arange(w, dtype=np.float32)[None] + np.float32(0.5 - x * w)
    rows = np.arange(h, dtype=np.float32)[:, None] + np.float32(0.5 - y * h)
    cos, sin = np.float32(math.cos(math.radians(angle))), np.float32(math.sin(math.radians(angle)))
    along, across = columns * cos - rows * sin, columns * sin + rows * cos
    half_w, half_h = np.float32(width * w / 2), np.float32(height * h / 2)
    if min(half_w, half_h) <= 0:
        return Mask(np.zeros((h, w), np.float32), name)
    if kind == "rectangle":
        inside = np.minimum(half_w - np.abs(along), half_h - np.abs(across))
    else:
        # Distance to the ellipse to first order: its implicit function over the length of its gradient.
        value = (along / half_w) ** 2 + (across / half_h) ** 2 - 1
        slope = 2 * np.hypot(along / half_w**2, across / half_h**2)
        inside = -value / np.maximum(slope, np.float32(1e-6))
    return Mask(np.clip(inside + np.float32(0.5), 0, 1).astype(np.float32), name)


def _polygon(points: tuple[float, ...], width: int, height: int) -> np.ndarray:
    """Coverage inside the outline (even-odd), sampled on lines across each row."""
    if len(points) < 6 or len(points) % 2:
        raise NodeError(
            f"{len(points)} numbers do not make a polygon", hint="give x and y of at least three corners"
        )
    if not np.isfinite(points).all():
        raise NodeError("a corner of the polygon is not a number", hint="give fractions of width and height")
    corners = np.array(points, float).reshape(-1, 2) * [width, height]
    start, end = corners, np.roll(corners, -1, axis=0)
    coverage = np.zeros((height, width), np.float32)
    pixels = np.arange(width, dtype=np.float32)
    first = max(0, math.floor(corners[:, 1].min()))
    last = min(height, math.ceil(corners[:, 1].max()))
    for line in range(first * LINES, last * LINES):
        # Along a line, coverage is exact: from each odd crossing of the outline to the next.
        y = (line + 0.5) / LINES
        cut = (start[:, 1] <= y) != (end[:, 1] <= y)
        a, b = start[cut], end[cut]
        crossings = np.sort(a[:, 0] + (y - a[:, 1]) / (b[:, 1] - a[:, 1]) * (b[:, 0] - a[:, 0]))
        for left, right in zip(crossings[::2], crossings[1::2], strict=True):
            coverage[line // LINES] += np.clip(right - pixels, 0, 1) - np.clip(left - pixels, 0, 1)
    return coverage / LINES
