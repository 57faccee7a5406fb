from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._holes import filled, unusable
from meshloom.nodes.image._light import linear_colours
from meshloom.nodes.image._pixels import alpha_of, check_size, colours_of, rebuilt

#: Below this coverage the colour of a pixel cannot be told from rounding.
FAINT = 1e-4


@node("Resize", aliases=("scale", "downscale", "upscale", "fit", "thumbnail", "resample"))
def resize(
    image: Image,
    by: Literal[
        "longest side", "shortest side", "scale", "fit inside", "fill and crop", "stretch"
    ] = "longest side",
    side: Annotated[int, Range(1, 65536, unit="px")] = 1024,
    scale: Annotated[float, Slider(0.01, 16)] = 0.5,
    width: Annotated[int, Range(0, 65536, unit="px")] = 1024,
    height: Annotated[int, Range(0, 65536, unit="px")] = 0,
    filter: Literal["lanczos", "bicubic", "bilinear", "box", "nearest"] = "lanczos",
    light: Literal["linear", "as stored"] = "linear",
    enlarge: bool = True,
    *,
    run: Run,
) -> Image:
    """Change the number of pixels; the whole picture stays, unless it is told to fill a frame.

    Shrinking averages over all pixels that fall together (antialiased, Pillow), in linear light, as a lens
    would: fine bright detail keeps its brightness. Transparent pixels lend no colour to their neighbours, NaN
    pixels none to theirs; a result pixel is NaN where most of what it covers is. The focal length follows.

    by: what gives the size. "fit inside", "fill and crop" (the middle is kept) and "stretch" use width and
      height
    side: pixels of the longest or shortest side; the other follows
    scale: factor for both sides
    width: of the frame; 0 leaves it to the height and the shape of the picture
    height: of the frame; 0 leaves it to the width and the shape of the picture
    filter: "lanczos" is sharpest, "bicubic" rings less, "box" averages exact areas, "nearest" invents no
      values
    light: "as stored" averages the numbers themselves: right for depth, normal maps and other data
    enlarge: off = a picture that is small enough already is passed on as it is
    """
    target, box = _geometry(image, by, side, scale, width, height)
    if not enlarge and target[0] >= box[2] - box[0] and target[1] >= box[3] - box[1]:
        # Nothing to shrink; the crop to the frame's shape still holds.
        target = (max(1, round(box[2] - box[0])), max(1, round(box[3] - box[1])))
    check_size(*target)
    focal_px = image.focal_px * target[0] / (box[2] - box[0])
    if target == (image.width, image.height) and box == (0, 0, image.width, image.height):
        return image
    if filter == "nearest":
        return Image(_nearest(image.pixels, target, box), image.name, focal_px)
    linear = light == "linear"
    colours = linear_colours(image) if linear else colours_of(image)
    alpha = alpha_of(image)
    bad = unusable(colours)
    if bad.any():
        colours, _ = filled(colours)
    if alpha is not None:
        alpha = np.nan_to_num(alpha, posinf=1.0)
        colours = colours * alpha
    planes = [colours[:, :, index] for index in range(colours.shape[2])]
    planes += [] if alpha is None else [alpha[:, :, 0]]
    planes += [bad.astype(np.float32)] if bad.any() else []
    small = []
    for index, plane in enumerate(planes):
        run.progress(index, len(planes), "resizing")
        small.append(_plane(plane, target, box, filter))
    missing = small.pop() if bad.any() else None
    coverage = None if alpha is None else small.pop()[:, :, None]
    result = np.stack(small, axis=2)
    if coverage is not None:
        # Both overshoot alike at an edge, so the quotient does not; only then is the coverage cut to 0..1.
        result = np.where(coverage > FAINT, result / np.maximum(coverage, FAINT), 0.0)
        coverage = np.clip(coverage, 0.0, 1.0)
    if missing is not None:
        result = np.where(missing[:, :, None] > 0.5, np.float32(np.nan), result)
    return rebuilt(image, result, coverage, run, "storing", linear=linear, focal_px=focal_px)


def _geometry(
    image: Image, by: str, side: int, scale: float, width: int, height: int
) -> tuple[tuple[int, int], tuple[float, float, float, float]]:
    """The result's (width, height), and the part of the picture it shows: left, top, right, bottom."""
    have_w, have_h = image.width, image.height
    whole = (0.0, 0.0, float(have_w), float(have_h))
    if by == "scale":
        factor = scale
    elif by == "longest side":
        factor = side / max(have_w, have_h)
    elif by == "shortest side":
        factor = side / min(have_w, have_h)
    elif width == 0 and height == 0:
        raise NodeError("width and height are both 0, so the size is not known", hint="set one of them")
    elif width == 0 or height == 0:
        factor = width / have_w if width else height / have_h
    elif by == "stretch":
        return (width, height), whole
    elif by == "fit inside":
        factor = min(width / have_w, height / have_h)
    else:
        factor = max(width / have_w, height / have_h)
        keep_w, keep_h = min(width / factor, have_w), min(height / factor, have_h)
        left, top = (have_w - keep_w) / 2, (have_h - keep_h) / 2
        return (width, height), (left, top, left + keep_w, top + keep_h)
    # A thin picture keeps at least its one pixel.
    return (max(1, round(have_w * factor)), max(1, round(have_h * factor))), whole


def _plane(
    plane: np.ndarray, target: tuple[int, int], box: tuple[float, float, float, float], filter: str
) -> np.ndarray:
    from PIL import Image as Pillow

    kernel = Pillow.Resampling[filter.upper()]
    return np.asarray(
        Pillow.fromarray(np.ascontiguousarray(plane, np.float32)).resize(target, kernel, box=box)
    )


def _nearest(
    pixels: np.ndarray, target: tuple[int, int], box: tuple[float, float, float, float]
) -> np.ndarray:
    """The pixel under the centre of each result pixel."""
    columns = box[0] + (np.arange(target[0]) + 0.5) * (box[2] - box[0]) / target[0]
    rows = box[1] + (np.arange(target[1]) + 0.5) * (box[3] - box[1]) / target[1]
    return pixels[rows.astype(int)[:, None], columns.astype(int)[None]]
