from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Range, Run, Slider, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._gauss import box_mean, gaussian
from meshloom.nodes.image._holes import filled, restored
from meshloom.nodes.image._light import linear_colours
from meshloom.nodes.image._pixels import Floats, alpha_of, as_dtype, colours_of, rebuilt
from meshloom.nodes.image._smooth import smoothed


@node("Blur", aliases=("gaussian", "median", "bilateral", "smooth", "soften", "box"))
def blur(
    image: Image,
    kind: Literal["gaussian", "box", "median", "bilateral"] = "gaussian",
    radius: Annotated[float, Range(0, 2000, unit="px")] = 3.0,
    tolerance: Annotated[float, Slider(0.005, 1)] = 0.1,
    light: Literal["linear", "as stored"] = "linear",
    *,
    run: Run,
) -> Image:
    """Soften the picture.

    Transparent pixels lend no colour to their neighbours. NaN and infinite pixels lend none either, and stay.

    kind: "gaussian" and "box" average, "median" removes specks and keeps edges, "bilateral" smooths within
      areas
    radius: standard deviation of the gaussian; otherwise half the width of the window (median: at most 15)
    tolerance: for bilateral: the difference in stored value beyond which a neighbour belongs to something
      else
    light: gaussian and box average light, as a lens out of focus does; "as stored" averages the numbers
    """
    if radius == 0:
        return image
    if kind in ("median", "bilateral"):
        return _edge_keeping(image, kind, radius, tolerance, run)
    linear = light == "linear"
    colours = linear_colours(image) if linear else colours_of(image)

    def smooth(plane: Floats) -> Floats:
        return gaussian(plane, radius) if kind == "gaussian" else box_mean(plane, max(1, round(radius)))

    result, alpha = smoothed(colours, alpha_of(image), smooth, run, "blurring")
    return rebuilt(image, result, alpha, run, "storing", linear=linear)


def _edge_keeping(image: Image, kind: str, radius: float, tolerance: float, run: Run) -> Image:
    """Median and bilateral, on stored values, since both compare pixels. Bilateral keeps alpha."""
    colours, alpha = colours_of(image), alpha_of(image)
    clean, bad = filled(colours, alpha)
    if kind == "bilateral":
        result = restored(_bilateral(clean, radius, tolerance, run), colours, bad)
        return rebuilt(image, result, alpha, run, "storing")
    window = 2 * min(15, max(1, round(radius))) + 1
    planes = [clean[:, :, index] for index in range(clean.shape[2])] + (
        [] if alpha is None else [alpha[:, :, 0]]
    )
    done = []
    for index, plane in enumerate(planes):
        done.append(_median(plane, window, image.pixels.dtype, run, index, len(planes)))
    coverage = None if alpha is None else done.pop()[:, :, None]
    return rebuilt(image, restored(np.stack(done, axis=2), colours, bad), coverage, run, "storing")


def _median(plane: Floats, window: int, dtype: np.dtype, run: Run, index: int, count: int) -> Floats:
    import cv2

    plane = np.ascontiguousarray(plane)
    if dtype == np.uint8:
        run.progress(index, count, "blurring")
        return cv2.medianBlur(as_dtype(plane, dtype), window).astype(np.float32) / np.float32(255)
    if window <= 5:
        run.progress(index, count, "blurring")
        return cv2.medianBlur(plane, window)
    from scipy.ndimage import median_filter

    # OpenCV's wide median knows 8 bits only. In strips, since a wide one takes seconds.
    reach, rows = window // 2, max(1, (1 << 24) // (plane.shape[1] * window**2))
    result = np.empty_like(plane)
    for top in range(0, len(plane), rows):
        run.progress(index + top / len(plane), count, "blurring")
        first, last = max(0, top - reach), min(len(plane), top + rows + reach)
        strip = median_filter(plane[first:last], window, mode="nearest")
        result[top : top + rows] = strip[top - first : top - first + rows]
    return result


def _bilateral(colours: Floats, radius: float, tolerance: float, run: Run) -> Floats:
    """OpenCV's bilateral filter in strips; it compares the sum of the channels' differences."""
    import cv2

    reach = max(1, round(radius))
    reach = min(reach, 50)
    count = colours.shape[2]
    result = np.empty_like(colours)
    rows = max(1, (1 << 26) // (colours.shape[1] * (2 * reach + 1) ** 2))
    for top in range(0, len(colours), rows):
        run.progress(top, len(colours), "blurring")
        first, last = max(0, top - reach), min(len(colours), top + rows + reach)
        strip = cv2.bilateralFilter(
            np.ascontiguousarray(colours[first:last]),
            2 * reach + 1,
            tolerance * count,
            reach / 2,
            borderType=cv2.BORDER_REPLICATE,
        ).reshape(last - first, -1, count)
        result[top : top + rows] = strip[top - first : top - first + rows]
    run.progress(1, 1, "blurring")
    return result
