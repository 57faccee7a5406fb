"""Compiled rasterising of UV triangles."""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def rasterise(flat, faces, size):
    """(S, S) int32: the face whose triangle in texel coordinates ``flat`` (V, 2) covers each texel's centre."""
    out = np.full((size, size), -1, np.int32)
    for f in range(len(faces)):
        ax, ay = flat[faces[f, 0], 0], flat[faces[f, 0], 1]
        bx, by = flat[faces[f, 1], 0], flat[faces[f, 1], 1]
        cx, cy = flat[faces[f, 2], 0], flat[faces[f, 2], 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if not abs(area) > 1e-12:
            continue
        x0 = max(math.floor(min(ax, bx, cx) - 0.5), 0)
        x1 = min(math.ceil(max(ax, bx, cx) - 0.5), size - 1)
        y0 = max(math.floor(min(ay, by, cy) - 0.5), 0)
        y1 = min(math.ceil(max(ay, by, cy) - 0.5), size - 1)
        for y in range(y0, y1 + 1):
            py = y + 0.5
            for x in range(x0, x1 + 1):
                px = x + 0.5
                one = ((px - ax) * (cy - ay) - (py - ay) * (cx - ax)) / area
                two = ((bx - ax) * (py - ay) - (by - ay) * (px - ax)) / area
                if one >= -1e-9 and two >= -1e-9 and one + two <= 1.0 + 1e-9:
                    out[y, x] = f
    return out


@njit(cache=True, nogil=True)
def grow(face):
    """``face`` where every empty texel beside a full one takes its face."""
    out = face.copy()
    height, width = face.shape
    for y in range(height):
        for x in range(width):
            if face[y, x] >= 0:
                continue
            if x > 0 and face[y, x - 1] >= 0:
                out[y, x] = face[y, x - 1]
            elif x + 1 < width and face[y, x + 1] >= 0:
                out[y, x] = face[y, x + 1]
            elif y > 0 and face[y - 1, x] >= 0:
                out[y, x] = face[y - 1, x]
            elif y + 1 < height and face[y + 1, x] >= 0:
                out[y, x] = face[y + 1, x]
    return out
