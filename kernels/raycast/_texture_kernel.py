"""Compiled texture look-up."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def halve(image):
    """(H, W, 3) uint8 -> ((H+1)//2, (W+1)//2, 3): mean of 2x2, the last row and column repeated where odd."""
    height, width = image.shape[0], image.shape[1]
    out = np.empty(((height + 1) // 2, (width + 1) // 2, 3), np.uint8)
    for y in range(out.shape[0]):
        y0, y1 = 2 * y, min(2 * y + 1, height - 1)
        for x in range(out.shape[1]):
            x0, x1 = 2 * x, min(2 * x + 1, width - 1)
            for c in range(3):
                total = np.int32(image[y0, x0, c]) + image[y0, x1, c] + image[y1, x0, c] + image[y1, x1, c]
                out[y, x, c] = (total + 2) >> 2
    return out


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def bilinear(texels, start, width, height, u, v, c):
    """Channel ``c`` at (u, v) in 0..1, in 0..255, edges repeated."""
    x = min(max(u * width - 0.5, 0.0), width - 1.0)
    y = min(max(v * height - 0.5, 0.0), height - 1.0)
    x0, y0 = int(x), int(y)
    x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
    fx, fy = np.float32(x - x0), np.float32(y - y0)
    top = texels[start + y0 * width + x0, c] * (1 - fx) + texels[start + y0 * width + x1, c] * fx
    low = texels[start + y1 * width + x0, c] * (1 - fx) + texels[start + y1 * width + x1, c] * fx
    return top * (1 - fy) + low * fy


@njit(cache=True, nogil=True, fastmath=True)
def trilinear(texels, start, size, u, v, level, c):
    """Channel ``c`` at (u, v) between the two levels around ``level``, in 0..255."""
    level = min(max(level, 0.0), len(start) - 1.0)
    low = int(level)
    mix = np.float32(level - low)
    value = bilinear(texels, start[low], size[low, 0], size[low, 1], u, v, c)
    if mix > 0.01 and low + 1 < len(start):
        value = value * (1 - mix) + mix * bilinear(
            texels, start[low + 1], size[low + 1, 0], size[low + 1, 1], u, v, c
        )
    return value
