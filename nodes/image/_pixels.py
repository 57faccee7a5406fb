"""Taking pictures apart into colours and alpha, and putting them together again in the type they came in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Run
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image._light import to_srgb

Floats = NDArray[np.float32]

#: A picture beyond this (16384 x 16384) is a slip of the keyboard rather than a wish, and would not fit
#: memory.
MAX_PIXELS = 1 << 28

#: Pixels worked on between two words to the user: some 20 ms of work.
STRIP = 1 << 19


def check_size(width: int, height: int) -> None:
    """Raise unless a picture of this size can sensibly be made."""
    if width < 1 or height < 1:
        raise NodeError(
            f"the result would be {width} x {height} pixels; a picture needs at least 1 x 1",
            hint="choose a larger size",
        )
    if width * height > MAX_PIXELS:
        raise NodeError(
            f"the result would be {width} x {height} pixels; at most {MAX_PIXELS / 1e6:.0f} megapixels fit",
            hint="choose a smaller size",
        )


def size_of(picture: Image | Mask) -> str:
    """``640 x 480``, for messages."""
    shape = picture.pixels.shape if isinstance(picture, Image) else picture.coverage.shape
    return f"{shape[1]} x {shape[0]}"


def check_same_size(first: Image, second: Image | Mask, first_name: str, second_name: str) -> None:
    """Raise, naming both sizes, unless the two have equal width and height."""
    if size_of(first) != size_of(second):
        raise NodeError(
            f"{first_name} is {size_of(first)} pixels and {second_name} is {size_of(second)}; "
            "both must have the same size",
            hint="bring one to the size of the other with image.resize, image.crop or mask.resize",
        )


def has_alpha(image: Image) -> bool:
    return image.pixels.shape[2] == 4


def as_float(values: NDArray) -> Floats:
    """float32 with 1.0 = white."""
    return values.astype(np.float32) / np.float32(255) if values.dtype == np.uint8 else values


def colours_of(image: Image) -> Floats:
    """(H, W, 1|3) float32 as stored (sRGB), without alpha."""
    return as_float(image.pixels[:, :, :3] if has_alpha(image) else image.pixels)


def alpha_of(image: Image) -> Floats | None:
    """(H, W, 1) float32, or ``None`` where the picture has none."""
    return as_float(image.pixels[:, :, 3:]) if has_alpha(image) else None


def as_dtype(values: Floats, dtype: np.dtype) -> NDArray:
    """``values`` (1.0 = white) as uint8, rounded and clipped (NaN becomes 0), or float32 as they are."""
    if dtype == np.uint8:
        clean = np.clip(np.nan_to_num(values, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
        return (clean * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    return values.astype(np.float32, copy=False)


def strips(height: int, width: int, run: Run, message: str) -> Iterator[slice]:
    """Slices of rows that cover the picture, telling ``run`` of each."""
    rows = max(1, STRIP // max(width, 1))
    for top in range(0, height, rows):
        run.progress(top, height, message)
        yield slice(top, min(top + rows, height))
    run.progress(height, height, message)


def rebuilt(
    image: Image,
    colours: Floats,
    alpha: Floats | None,
    run: Run,
    message: str,
    *,
    linear: bool = False,
    focal_px: float | None = None,
) -> Image:
    """``image`` with these colours (H, W, 1|3) and alpha (H, W, 1): same name, focal length and dtype.

    ``linear``: the colours are linear light. Grey with alpha has no place in an :class:`Image`; it becomes RGB
    with alpha.
    """
    dtype = image.pixels.dtype
    count = 3 if alpha is not None else colours.shape[2]
    pixels = np.empty((*colours.shape[:2], count + (alpha is not None)), dtype)
    for rows in strips(*colours.shape[:2], run, message):
        strip = to_srgb(colours[rows]) if linear else colours[rows]
        pixels[rows, :, :count] = as_dtype(strip, dtype)
        if alpha is not None:
            pixels[rows, :, 3:] = as_dtype(alpha[rows], dtype)
    return Image(pixels, image.name, image.focal_px if focal_px is None else focal_px)


def pointwise(image: Image, change: Callable[[Floats], Floats], run: Run, message: str) -> Image:
    """``image`` with ``change`` applied to its stored colours (h, W, 1|3), strip by strip; alpha is kept.

    ``change`` may return another number of colour channels, the same for every strip.
    """
    pixels = image.pixels
    colour_count = min(pixels.shape[2], 3)
    made: NDArray | None = None
    for rows in strips(image.height, image.width, run, message):
        changed = change(as_float(pixels[rows, :, :colour_count]))
        if made is None:
            count = 4 if has_alpha(image) else changed.shape[2]
            made = np.empty((image.height, image.width, count), pixels.dtype)
        made[rows, :, : 3 if has_alpha(image) else None] = as_dtype(changed, pixels.dtype)
        if has_alpha(image):
            made[rows, :, 3] = pixels[rows, :, 3]
    assert made is not None
    return Image(made, image.name, image.focal_px)
