"""The cost volume of a plane sweep: zero-mean normalised cross-correlation against warped source photos.

Collins, "A space-sweep approach to true multi-image matching", CVPR 1996; taking the best K sources of
each pixel handles occlusion as in Kang, Szeliski, Chai, "Handling occlusions in multi-view stereo", CVPR
2001.

Loops are kept short and apart, with fixed window size, because that is what LLVM turns into vector code:
written as one loop the same arithmetic took three times as long.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: Windows are (2 RADIUS + 1)^2 = 7 x 7 pixels.
RADIUS = 3
#: Grey levels squared added to both variances: contrast below camera noise does not count as a match.
NOISE = np.float32(4.0)
#: The cost of a source that does not see the pixel; real costs are 0 (equal) to 1 (unrelated or opposite).
UNSEEN = np.float32(9.0)

ZERO = np.float32(0.0)
HALF = np.float32(0.5)
ONE = np.float32(1.0)
THIRD = np.float32(1.0 / 3.0)
STEPS = np.float32(254.0)

BYTE = np.int32(255)
EIGHT, SIXTEEN, TWENTY_FOUR = np.int32(8), np.int32(16), np.int32(24)

MATHS = {"contract", "nsz", "arcp"}


def quads(grey: NDArray[np.float32]) -> NDArray[np.int32]:
    """Each pixel with its neighbours right, below and diagonal, as the four bytes of an int32, lowest first.

    What bilinear interpolation needs then takes one load instead of four, the slowest part of all this by
    far. ``grey``: (H, W) float32 in 0..255, rounded to whole levels.
    """
    whole = np.clip(np.rint(grey), 0, 255).astype(np.uint32)
    beyond = np.pad(whole, ((0, 1), (0, 1)), mode="edge")
    packed = beyond[:-1, :-1] | beyond[:-1, 1:] << 8 | beyond[1:, :-1] << 16 | beyond[1:, 1:] << 24
    return packed.astype(np.uint32).view(np.int32)


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def sweep_rows(ref, sources, sizes, turn, shift, best, top, bottom, volume):  # type: ignore[no-untyped-def]
    """Fill ``volume[top:bottom]`` of (H, W, planes) uint8: 0 = the ``best`` best sources agree, 254 = none.

    ``ref``: (H, W) float32. ``sources``: (N, Hs, Ws) int32 of ``quads``, ``sizes``: (N, 2) int32.
    ``turn``: (N, 3, 3), ``shift``: (N, 3) float32, see the package. ``best``: how many sources must
    agree, 1 to 3.
    """
    height, width, planes = volume.shape
    count = sources.shape[0]
    first, last = max(top - RADIUS, 0), min(bottom + RADIUS, height)
    span = bottom - top
    side = 2 * RADIUS + 1
    padded = width + 2 * RADIUS
    # Rows and columns beyond the picture stay zero; sums are divided by the number of pixels inside.
    warped = np.zeros((span + 2 * RADIUS, width), np.float32)
    guide = np.zeros((span + 2 * RADIUS, width), np.float32)
    for row in range(first, last):
        for x in range(width):
            guide[row - top + RADIUS, x] = ref[row, x]
    sums = np.zeros((3, padded), np.float32)
    totals, squares, products = sums[0], sums[1], sums[2]
    shares = np.empty((span, width), np.float32)
    means = np.empty((span, width), np.float32)
    spreads = np.empty((span, width), np.float32)
    for y in range(span):
        tall = min(top + y + RADIUS + 1, height) - max(top + y - RADIUS, 0)
        for x in range(width):
            a, b = ZERO, ZERO
            for k in range(side):
                value = guide[y + k, x]
                a += value
                b += value * value
            totals[x + RADIUS] = a
            squares[x + RADIUS] = b
        for x in range(width):
            a, b = ZERO, ZERO
            for k in range(side):
                a += totals[x + k]
                b += squares[x + k]
            wide = min(x + RADIUS + 1, width) - max(x - RADIUS, 0)
            share = ONE / np.float32(wide * tall)
            shares[y, x] = share
            means[y, x] = a * share
            spreads[y, x] = max(b * share - means[y, x] * means[y, x], ZERO) + NOISE
    at = np.empty(width, np.int32)
    right = np.empty(width, np.float32)
    down = np.empty(width, np.float32)
    seen = np.empty((span, width), np.float32)
    ranked = np.empty((3, span, width), np.float32)
    costs = np.empty((planes, span, width), np.uint8)
    for plane in range(planes):
        q = np.float32(plane)
        for y in range(span):
            for x in range(width):
                ranked[0, y, x] = ranked[1, y, x] = ranked[2, y, x] = UNSEEN
        for n in range(count):
            flat = sources[n].reshape(-1)
            stride = np.int32(sources.shape[2])
            end_x, end_y = np.float32(sizes[n, 0] - 1), np.float32(sizes[n, 1] - 1)
            a0, b0, c0 = turn[n, 0, 0], turn[n, 0, 1], turn[n, 0, 2] + shift[n, 0] * q
            a1, b1, c1 = turn[n, 1, 0], turn[n, 1, 1], turn[n, 1, 2] + shift[n, 1] * q
            a2, b2, c2 = turn[n, 2, 0], turn[n, 2, 1], turn[n, 2, 2] + shift[n, 2] * q
            for row in range(first, last):
                y = np.float32(row) + HALF
                into = warped[row - top + RADIUS]
                for x in range(width):
                    px = np.float32(x) + HALF
                    scale = ONE / (a2 * px + b2 * y + c2)
                    u = min(max((a0 * px + b0 * y + c0) * scale - HALF, ZERO), end_x)
                    v = min(max((a1 * px + b1 * y + c1) * scale - HALF, ZERO), end_y)
                    iu, iv = np.int32(u), np.int32(v)
                    right[x] = u - np.float32(iu)
                    down[x] = v - np.float32(iv)
                    at[x] = np.int32(iv * stride + iu)
                for x in range(width):
                    at[x] = flat[np.uint32(at[x])]
                for x in range(width):
                    quad = at[x]
                    p00 = np.float32(quad & BYTE)
                    p01 = np.float32(np.int32(quad >> EIGHT) & BYTE)
                    p10 = np.float32(np.int32(quad >> SIXTEEN) & BYTE)
                    p11 = np.float32(np.int32(quad >> TWENTY_FOUR) & BYTE)
                    upper = p00 + right[x] * (p01 - p00)
                    lower = p10 + right[x] * (p11 - p10)
                    into[x] = upper + down[x] * (lower - upper)
                if top <= row < bottom:
                    for x in range(width):
                        px = np.float32(x) + HALF
                        depth = a2 * px + b2 * y + c2
                        scale = ONE / depth
                        u = (a0 * px + b0 * y + c0) * scale - HALF
                        v = (a1 * px + b1 * y + c1) * scale - HALF
                        inside = min(min(u, end_x - u), min(v, end_y - v))
                        seen[row - top, x] = min(inside, depth)
            for y in range(span):
                for x in range(width):
                    a, b, c = ZERO, ZERO, ZERO
                    for k in range(side):
                        value = warped[y + k, x]
                        a += value
                        b += value * value
                        c += value * guide[y + k, x]
                    totals[x + RADIUS] = a
                    squares[x + RADIUS] = b
                    products[x + RADIUS] = c
                best_row, second_row, third_row = ranked[0, y], ranked[1, y], ranked[2, y]
                for x in range(width):
                    a, b, c = ZERO, ZERO, ZERO
                    for k in range(side):
                        a += totals[x + k]
                        b += squares[x + k]
                        c += products[x + k]
                    share = shares[y, x]
                    mean = a * share
                    spread = max(b * share - mean * mean, ZERO) + NOISE
                    match = c * share - mean * means[y, x]
                    cost = min(ONE - match / np.sqrt(spread * spreads[y, x]), ONE)
                    cost = cost if seen[y, x] >= ZERO else UNSEEN
                    rest = max(best_row[x], cost)
                    best_row[x] = min(best_row[x], cost)
                    worse = max(second_row[x], rest)
                    second_row[x] = min(second_row[x], rest)
                    third_row[x] = min(third_row[x], worse)
        for y in range(span):
            for x in range(width):
                cost = ranked[0, y, x]
                second = ranked[1, y, x] if ranked[1, y, x] < UNSEEN else cost
                third = ranked[2, y, x] if ranked[2, y, x] < UNSEEN else second
                mean = cost
                mean = (cost + second) * HALF if best >= 2 else mean
                mean = (cost + second + third) * THIRD if best >= 3 else mean
                costs[plane, y, x] = np.uint8(min(mean, ONE) * STEPS + HALF)
    for y in range(span):
        for x in range(width):
            for plane in range(planes):
                volume[top + y, x, plane] = costs[plane, y, x]
