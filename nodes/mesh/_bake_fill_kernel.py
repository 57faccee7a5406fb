"""Compiled filling of texels that no photo shows."""

from __future__ import annotations

import numpy as np
from numba import njit

from meshloom.nodes.mesh._bake_kernel import place


@njit(cache=True, nogil=True, fastmath=True)
def fill(first, last, face, maps, vertices, faces, colours, confidence, out):
    """Rows [first, last) of ``out``: where the confidence is low, fade to the colours of the vertices (V, 3)."""
    position = np.empty(3, np.float32)
    for row in range(first, last):
        for column in range(face.shape[1]):
            f = face[row, column]
            if f < 0 or confidence[row, column] >= 255:
                continue
            place(maps, f, np.float32(column + 0.5), np.float32(row + 0.5), 2, position)
            a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
            aa = bb = ab = pa = pb = np.float32(0.0)
            for k in range(3):
                one, two = vertices[b, k] - vertices[a, k], vertices[c, k] - vertices[a, k]
                inner = position[k] - vertices[a, k]
                aa += one * one
                bb += two * two
                ab += one * two
                pa += inner * one
                pb += inner * two
            determinant = aa * bb - ab * ab
            second = third = np.float32(1.0 / 3.0)
            if determinant > 1e-30:
                second = min(max((pa * bb - pb * ab) / determinant, 0.0), 1.0)
                third = min(max((pb * aa - pa * ab) / determinant, 0.0), 1.0)
            rest = max(1.0 - second - third, 0.0)
            whole = rest + second + third
            mix = confidence[row, column] / 255.0
            for k in range(3):
                around = (rest * colours[a, k] + second * colours[b, k] + third * colours[c, k]) / whole
                out[row, column, k] = np.uint8(mix * out[row, column, k] + (1.0 - mix) * around + 0.5)


@njit(cache=True, nogil=True, fastmath=True)
def push(colour, known):
    """Half-size means of the known texels: ((H+1)//2, (W+1)//2, 3) float32 and which are known."""
    height, width = known.shape
    high, wide = (height + 1) // 2, (width + 1) // 2
    out, has = np.zeros((high, wide, 3), np.float32), np.zeros((high, wide), np.bool_)
    for y in range(high):
        for x in range(wide):
            count = 0
            for j in range(2 * y, min(2 * y + 2, height)):
                for i in range(2 * x, min(2 * x + 2, width)):
                    if known[j, i]:
                        count += 1
                        for k in range(3):
                            out[y, x, k] += colour[j, i, k]
            if count:
                has[y, x] = True
                for k in range(3):
                    out[y, x, k] /= count
    return out, has


@njit(cache=True, nogil=True, fastmath=True)
def pull(colour, known, coarse):
    """Give every unknown texel of ``colour`` the interpolated colour of the half-size ``coarse``."""
    height, width = known.shape
    high, wide = coarse.shape[:2]
    for y in range(height):
        sy = min(max((y + 0.5) / 2 - 0.5, 0.0), high - 1.0)
        y0 = int(sy)
        y1, fy = min(y0 + 1, high - 1), np.float32(sy - y0)
        for x in range(width):
            if known[y, x]:
                continue
            sx = min(max((x + 0.5) / 2 - 0.5, 0.0), wide - 1.0)
            x0 = int(sx)
            x1, fx = min(x0 + 1, wide - 1), np.float32(sx - x0)
            for k in range(3):
                top = coarse[y0, x0, k] * (1 - fx) + coarse[y0, x1, k] * fx
                low = coarse[y1, x0, k] * (1 - fx) + coarse[y1, x1, k] * fx
                colour[y, x, k] = np.float32(top * (1 - fy) + low * fy)
