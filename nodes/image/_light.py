"""sRGB and linear light.

Pixels are sRGB-encoded, also above white: the curve of IEC 61966-2-1 goes on beyond 1 and is mirrored below 0
(extended sRGB, as scRGB does), so HDR and out-of-gamut values survive the way there and back.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Image

Floats = NDArray[np.float32]

#: Rec. 709 / sRGB weights of linear red, green and blue in luminance.
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


def to_linear(encoded: Floats) -> Floats:
    """Linear light of sRGB-encoded values, any shape, float32. NaN stays NaN."""
    import cv2

    size = np.abs(encoded)
    bright = (size + np.float32(0.055)) / np.float32(1.055)
    cv2.pow(bright, 2.4, bright)
    linear = np.where(size <= 0.04045, size / np.float32(12.92), bright)
    return np.copysign(linear, encoded)


def to_srgb(linear: Floats) -> Floats:
    """sRGB-encoded values of linear light, any shape, float32. NaN stays NaN."""
    import cv2

    size = np.abs(linear)
    bright = np.ascontiguousarray(size)
    bright = cv2.pow(bright, 1 / 2.4).reshape(size.shape) * np.float32(1.055) - np.float32(0.055)
    encoded = np.where(size <= 0.0031308, size * np.float32(12.92), bright)
    return np.copysign(encoded, linear)


@lru_cache(maxsize=1)
def _table() -> Floats:
    table = to_linear(np.arange(256, dtype=np.float32)[:, None] / np.float32(255))[:, 0]
    table.flags.writeable = False
    return table


def linear_colours(image: Image) -> Floats:
    """(H, W, 1|3) linear light without alpha."""
    colours = image.pixels[:, :, :3] if image.pixels.shape[2] == 4 else image.pixels
    if colours.dtype == np.uint8:
        return _table()[colours]
    return to_linear(colours)


def luminance(colours: Floats) -> Floats:
    """(..., 1) luminance of linear (..., 1|3)."""
    return colours if colours.shape[-1] == 1 else (colours @ LUMINANCE)[..., None]
