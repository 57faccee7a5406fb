"""What the nodes on masks share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image, Mask

Floats = NDArray[np.float32]

#: A mask beyond this (16384 x 16384) is a slip of the keyboard rather than a wish.
MAX_PIXELS = 1 << 28


def check_size(width: int, height: int) -> None:
    """Raise unless a mask of this size can sensibly be made."""
    if width < 1 or height < 1:
        raise NodeError(f"the mask would be {width} x {height} pixels", hint="choose at least 1 x 1")
    if width * height > MAX_PIXELS:
        raise NodeError(
            f"the mask would be {width} x {height} pixels; at most {MAX_PIXELS / 1e6:.0f} megapixels fit",
            hint="choose a smaller size",
        )


def check_same_size(first: Image | Mask, second: Image | Mask, first_name: str, second_name: str) -> None:
    """Raise, naming both sizes, unless the two have equal width and height."""
    shapes = [p.pixels.shape[:2] if isinstance(p, Image) else p.coverage.shape for p in (first, second)]
    if shapes[0] != shapes[1]:
        sizes = [f"{shape[1]} x {shape[0]}" for shape in shapes]
        raise NodeError(
            f"{first_name} is {sizes[0]} pixels and {second_name} is {sizes[1]}; both must be of one size",
            hint="bring one to the size of the other with mask.resize or image.resize",
        )


def clean(mask: Mask) -> Floats:
    """Coverage with NaN as 0, within 0..1."""
    return np.clip(np.nan_to_num(mask.coverage), 0, 1)


def ramp(distance: Floats, limit: float, softness: float) -> Floats:
    """1 where ``distance`` is below ``limit``, 0 beyond, and linear over ``softness`` about it; 0 for NaN."""
    if softness <= 0:
        return (distance <= limit).astype(np.float32)
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.clip((limit - distance) / softness + 0.5, 0, 1)).astype(np.float32)
