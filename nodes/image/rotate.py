from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Colour, NodeError, Run, Slider, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._holes import filled, unusable
from meshloom.nodes.image._light import LUMINANCE, linear_colours, to_linear
from meshloom.nodes.image._pixels import alpha_of, check_size, colours_of, rebuilt

#: The sides that OpenCV's warp can address.
LONGEST = 32766


@node("Rotate", aliases=("turn", "straighten", "orientation"))
def rotate(
    image: Image,
    angle: Annotated[float, Slider(-360, 360, unit="deg")] = 90.0,
    expand: bool = True,
    outside: Literal["colour", "transparent", "edge"] = "colour",
    colour: Annotated[tuple[float, float, float], Colour()] = (0.0, 0.0, 0.0),
    filter: Literal["bicubic", "bilinear", "nearest"] = "bicubic",
    light: Literal["linear", "as stored"] = "linear",
    *,
    run: Run,
) -> Image:
    """Turn the picture about its middle, counter-clockwise.

    Quarter turns move pixels and lose nothing (with expand); other angles resample.

    angle: positive is counter-clockwise
    expand: make the canvas hold the whole turned picture; off = keep the size and lose the corners
    outside: what shows where the picture does not reach; "transparent" gives the result an alpha channel
    colour: of what lies outside
    filter: "bicubic" is sharpest, "nearest" invents no values
    light: "as stored" interpolates the numbers themselves: right for depth and other data
    """
    quarters = angle / 90
    if quarters == round(quarters) and (expand or round(quarters) % 2 == 0):
        return Image(np.rot90(image.pixels, round(quarters) % 4), image.name, image.focal_px)
    matrix, width, height = _frame(image, angle, expand)
    check_size(width, height)
    if max(width, height, image.width, image.height) > LONGEST:
        raise NodeError(
            f"turning reaches {max(width, height)} pixels on a side; at most {LONGEST} are possible",
            hint="shrink the picture with image.resize first, or turn by a multiple of 90 degrees",
        )
    return _turned(image, matrix, width, height, outside, colour, filter, light == "linear", run)


def _frame(image: Image, angle: float, expand: bool) -> tuple[np.ndarray, int, int]:
    """The (2, 3) matrix from picture to result in OpenCV's pixel-index coordinates, and the result's size."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    width, height = image.width, image.height
    if expand:
        # A hair is taken off, so that rounding in cos and sin adds no row.
        width = math.ceil(abs(image.width * cos) + abs(image.height * sin) - 1e-6)
        height = math.ceil(abs(image.width * sin) + abs(image.height * cos) - 1e-6)
    turn = np.array([[cos, sin], [-sin, cos]])
    old_middle = np.array([image.width - 1, image.height - 1]) / 2
    new_middle = np.array([width - 1, height - 1]) / 2
    return np.column_stack([turn, new_middle - turn @ old_middle]), width, height


def _turned(
    image: Image,
    matrix: np.ndarray,
    width: int,
    height: int,
    outside: str,
    colour: tuple[float, float, float],
    filter: str,
    linear: bool,
    run: Run,
) -> Image:
    import cv2

    kernel = {"bicubic": cv2.INTER_CUBIC, "bilinear": cv2.INTER_LINEAR, "nearest": cv2.INTER_NEAREST}[filter]
    border = cv2.BORDER_REPLICATE if outside == "edge" else cv2.BORDER_CONSTANT

    def warp(plane: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(
            np.ascontiguousarray(plane), matrix, (width, height), flags=kernel, borderMode=border
        )

    colours = linear_colours(image) if linear else colours_of(image)
    bad = unusable(colours)
    if bad.any():
        colours, _ = filled(colours)
    alpha = alpha_of(image)
    coverage = (
        np.ones((image.height, image.width, 1), np.float32)
        if alpha is None
        else np.nan_to_num(alpha, posinf=1)
    )
    planes = []
    for index in range(colours.shape[2]):
        run.progress(index, colours.shape[2] + 2, "turning")
        planes.append(warp(colours[:, :, index] * coverage[:, :, 0]))
    seen = warp(coverage[:, :, 0])[:, :, None]
    run.progress(1, 1, "turning")
    result = np.stack(planes, axis=2)
    if outside == "colour":
        paint = np.array(colour, np.float32)
        paint = to_linear(paint) if linear else paint
        if colours.shape[2] == 1:
            paint = paint @ LUMINANCE[:, None]
        # The paint is opaque and stands beside the picture, so it is weighed by how far the picture reaches.
        reach = warp(np.ones(bad.shape, np.float32))[:, :, None]
        result, seen = result + paint * (1 - reach), seen + 1 - reach
    # Bicubic overshoots in colours and coverage alike; their quotient does not.
    result = np.where(seen > 1e-4, result / np.maximum(seen, 1e-4), 0)
    seen = np.clip(seen, 0, 1)
    if bad.any():
        result = np.where(warp(bad.astype(np.float32))[:, :, None] > 0.5, np.float32(np.nan), result)
    keep_alpha = alpha is not None or outside == "transparent"
    return rebuilt(
        image, result, seen if keep_alpha else None, run, "storing", linear=linear, focal_px=image.focal_px
    )
