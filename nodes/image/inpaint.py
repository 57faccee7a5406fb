from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Range, Run, node
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image._holes import filled
from meshloom.nodes.image._pixels import Floats, alpha_of, as_dtype, check_same_size, colours_of

#: The largest hole, in pixels, that the biharmonic solver fills in seconds.
SMOOTH_LIMIT = 40_000

#: Holes are filled one by one, for the sake of progress and small windows, unless there are more than this.
SEPARATE = 200

Window = tuple[slice, slice]


@node("Inpaint", aliases=("heal", "remove object", "fill", "retouch", "restore"))
def inpaint(
    image: Image,
    mask: Mask,
    method: Literal["telea", "navier-stokes", "smooth"] = "telea",
    radius: Annotated[float, Range(1, 100, unit="px")] = 5.0,
    *,
    run: Run,
) -> Image:
    """Fill what the mask selects from what surrounds it.

    For scratches, wires, text and small objects: it continues colours and edges and invents no texture.
    Pixels outside the mask are not changed; under a soft edge the filling fades in. NaN pixels inside are
    filled too.

    mask: what to fill; selects some, not all, of the picture
    method: "telea" (fast marching, Telea 2004) and "navier-stokes" (Bertalmio 2001) carry edges inwards;
      "smooth" (biharmonic) continues gradients exactly and suits sky, skin and depth, for holes up to 200 x
      200
    radius: how far around a pixel telea and navier-stokes look
    """
    check_same_size(image, mask, "the picture", "the mask")
    coverage = np.clip(np.nan_to_num(mask.coverage), 0, 1)
    hole = coverage > 0
    if not hole.any():
        return image
    if hole.all():
        raise NodeError(
            "the mask selects the whole picture, so there is nothing to fill from",
            hint="select less, for example with mask.grow and a negative amount",
        )
    if method == "smooth" and hole.sum() > SMOOTH_LIMIT:
        raise NodeError(
            f"the mask selects {hole.sum()} pixels; the smooth method takes at most {SMOOTH_LIMIT}",
            hint='use "telea" or "navier-stokes", or shrink the picture first',
        )
    alpha = alpha_of(image)
    planes, _ = filled(colours_of(image), alpha)
    if alpha is not None:
        planes = np.concatenate([planes, alpha], axis=2)
    result = np.array(image.pixels)
    windows = _windows(hole, round(radius) + 2)
    for index, (window, own) in enumerate(windows):
        run.progress(index, len(windows), f"filling hole {index + 1} of {len(windows)}")
        given = planes[window]
        if method == "smooth":
            patch = _biharmonic(given, hole[window])
        else:
            patch = _opencv(given, hole[window], method, radius, image.pixels.dtype)
        faded = given + (patch - given) * coverage[window][:, :, None]
        result[window] = np.where(own[:, :, None], as_dtype(faded, result.dtype), result[window])
    run.progress(1, 1, "filling")
    return Image(result, image.name, image.focal_px)


def _windows(hole: NDArray[np.bool_], margin: int) -> list[tuple[Window, NDArray[np.bool_]]]:
    """Rectangles around the holes with a margin to fill from, and which pixels are each one's own."""
    from scipy.ndimage import find_objects, label

    labels, count = label(hole, np.ones((3, 3)))
    if count > SEPARATE:
        labels, count = hole.astype(np.int32), 1
    made = []
    for number, (rows, columns) in enumerate(find_objects(labels), start=1):
        window = (
            slice(max(0, rows.start - margin), rows.stop + margin),
            slice(max(0, columns.start - margin), columns.stop + margin),
        )
        made.append((window, labels[window] == number))
    return made


def _biharmonic(planes: Floats, hole: NDArray[np.bool_]) -> Floats:
    from skimage.restoration import inpaint_biharmonic

    # It refuses to leave the range of what it knows only when asked to; a float32 in gives a float32 out.
    return inpaint_biharmonic(planes, hole, channel_axis=-1).astype(np.float32)


def _opencv(planes: Floats, hole: NDArray[np.bool_], method: str, radius: float, dtype: np.dtype) -> Floats:
    """Telea or Navier-Stokes: in 8 bits for 8-bit pictures, else in 16 bits over the range of the planes.

    OpenCV takes float32 too, but its Telea then overshoots to values far beyond the surroundings.
    """
    import cv2

    flag = cv2.INPAINT_TELEA if method == "telea" else cv2.INPAINT_NS
    area = hole.astype(np.uint8)
    if dtype == np.uint8:
        low, high, steps, kind = 0.0, 1.0, 255, np.uint8
    else:
        low, high, steps, kind = float(planes.min()), float(planes.max()), 65535, np.uint16
    span = max(high - low, 1e-12)
    filled_planes = []
    for index in range(planes.shape[2]):
        plane = np.rint((planes[:, :, index] - low) / span * steps).astype(kind)
        filled_planes.append(cv2.inpaint(plane, area, radius, flag))
    return np.stack(filled_planes, axis=2).astype(np.float32) / np.float32(steps) * np.float32(
        span
    ) + np.float32(low)
