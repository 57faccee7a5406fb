"""Whether depth maps of different views tell of the same surface.

The test of Schoenberger et al., "Pixelwise view selection for unstructured multi-view stereo", ECCV 2016:
a point must project into the other view at about that view's depth, and come back within about two
pixels.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from meshloom.kernels.stereo.sweep import HALF, ONE, ZERO

#: How far from its pixel a point may come back, squared, in pixels.
RETURN = np.float32(4.0)


@njit(cache=True, nogil=True, error_model="numpy")
def agree_rows(depth, others, sizes, turn, shift, back, back_shift, tolerance, top, bottom, count, mean):  # type: ignore[no-untyped-def]
    """Count the other views that agree with each pixel of ``depth[top:bottom]``, and average what they say.

    ``depth``: (H, W) float32, 0 = unknown. ``others``: (N, Hs, Ws) float32, ``sizes``: (N, 2) int32. A
    pixel p at depth z projects to ``z * turn[n] @ p + shift[n]``; a pixel of view n comes back by
    ``back``, ``back_shift``. ``tolerance``: relative difference of depth. ``count``: (H, W) uint8.
    ``mean``: (H, W) float32, mean depth of this and the agreeing views.
    """
    width = depth.shape[1]
    for y in range(top, bottom):
        py = np.float32(y) + HALF
        for x in range(width):
            z = depth[y, x]
            votes = 0
            total = z
            if z > ZERO:
                px = np.float32(x) + HALF
                for n in range(others.shape[0]):
                    a = z * (turn[n, 0, 0] * px + turn[n, 0, 1] * py + turn[n, 0, 2]) + shift[n, 0]
                    b = z * (turn[n, 1, 0] * px + turn[n, 1, 1] * py + turn[n, 1, 2]) + shift[n, 1]
                    c = z * (turn[n, 2, 0] * px + turn[n, 2, 1] * py + turn[n, 2, 2]) + shift[n, 2]
                    if c <= ZERO:
                        continue
                    u, v = a / c - HALF, b / c - HALF
                    if not (u >= ZERO and v >= ZERO and u < sizes[n, 0] - 1 and v < sizes[n, 1] - 1):
                        continue
                    iu, iv = int(u), int(v)
                    fu, fv = u - np.float32(iu), v - np.float32(iv)
                    d00, d01 = others[n, iv, iu], others[n, iv, iu + 1]
                    d10, d11 = others[n, iv + 1, iu], others[n, iv + 1, iu + 1]
                    low, high = min(min(d00, d01), min(d10, d11)), max(max(d00, d01), max(d10, d11))
                    if low > ZERO and high - low < tolerance * high:
                        found = (d00 * (ONE - fu) + d01 * fu) * (ONE - fv) + (
                            d10 * (ONE - fu) + d11 * fu
                        ) * fv
                        at_x, at_y = u + HALF, v + HALF
                    else:
                        # Across an edge of depth, or beside a gap, a blend would be a surface that is not
                        # there.
                        near_x, near_y = int(u + HALF), int(v + HALF)
                        found = others[n, near_y, near_x]
                        at_x, at_y = np.float32(near_x) + HALF, np.float32(near_y) + HALF
                    if found <= ZERO or abs(found - c) > tolerance * c:
                        continue
                    a = (
                        found * (back[n, 0, 0] * at_x + back[n, 0, 1] * at_y + back[n, 0, 2])
                        + back_shift[n, 0]
                    )
                    b = (
                        found * (back[n, 1, 0] * at_x + back[n, 1, 1] * at_y + back[n, 1, 2])
                        + back_shift[n, 1]
                    )
                    c = (
                        found * (back[n, 2, 0] * at_x + back[n, 2, 1] * at_y + back[n, 2, 2])
                        + back_shift[n, 2]
                    )
                    off_x, off_y = a / c - px, b / c - py
                    if c > ZERO and off_x * off_x + off_y * off_y <= RETURN:
                        votes += 1
                        total += c
            count[y, x] = min(votes, 255)
            mean[y, x] = total / np.float32(votes + 1)
