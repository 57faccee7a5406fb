"""Slanted planes: each pixel tries its neighbours' planes and small changes of its own, and keeps the best.

Bleyer, Rhemann, Rother, "PatchMatch stereo", BMVC 2011, with the red-black order of Galliani, Lasinger,
Schindler, "Massively parallel multiview stereopsis by surface normal diffusion", ICCV 2015: one half of a
chequer-board reads only the other half, so rows may be worked on in any order with the same result.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from meshloom.kernels.stereo.sweep import (
    BYTE,
    EIGHT,
    HALF,
    MATHS,
    NOISE,
    ONE,
    SIXTEEN,
    THIRD,
    TWENTY_FOUR,
    UNSEEN,
    ZERO,
)

#: Where planes are taken from: the four next pixels and the four five away (always of the other colour).
OFFSETS = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (5, 0), (-5, 0), (0, 5), (0, -5)], np.int64)
#: Random changes tried of each pixel's own plane.
TRIES = 3
#: Windows hold 5 x 5 samples two pixels apart.
REACH = 4
SIDE = 5
#: The grey difference to the centre at which a sample counts a quarter. Keeps windows on one side of an
#: edge, and so keeps the sky beside a roof from passing for roof.
EDGE = np.float32(20.0)
#: The same for telling whether the centre's own surface has texture.
LIKE = np.float32(8.0)
FEW = np.float32(4.0)


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy", inline="never")
def _score(
    n, xs, row, planes, patch, weights, means, spreads, sources, sizes, turn, shift, best, work, at, out
):  # type: ignore[no-untyped-def]
    """Matching cost 0..1 (or UNSEEN) of plane ``planes[:, j]`` = (q, dq/dx, dq/dy) at pixel (xs[j], row), j < n."""
    u, v, ux, uy, vx, vy = work[0], work[1], work[2], work[3], work[4], work[5]
    a, b, c, seen = work[6], work[7], work[8], work[9]
    one, two, three = work[10], work[11], work[12]
    fu, fv = work[13], work[14]
    qs, along, down = planes[0], planes[1], planes[2]
    py = np.float32(row) + HALF
    for j in range(n):
        one[j] = two[j] = three[j] = UNSEEN
    for s in range(sources.shape[0]):
        flat = sources[s].reshape(-1)
        stride = np.int32(sources.shape[2])
        end_x, end_y = np.float32(sizes[s, 0] - 1), np.float32(sizes[s, 1] - 1)
        t00, t01, t02, s0 = turn[s, 0, 0], turn[s, 0, 1], turn[s, 0, 2], shift[s, 0]
        t10, t11, t12, s1 = turn[s, 1, 0], turn[s, 1, 1], turn[s, 1, 2], shift[s, 1]
        t20, t21, t22, s2 = turn[s, 2, 0], turn[s, 2, 1], turn[s, 2, 2], shift[s, 2]
        # The homography of the plane, to first order around the pixel: exact enough over nine pixels.
        for j in range(n):
            px = np.float32(xs[j]) + HALF
            q, qx, qy = qs[j], along[j], down[j]
            depth = t20 * px + t21 * py + t22 + s2 * q
            scale = ONE / depth
            x = (t00 * px + t01 * py + t02 + s0 * q) * scale
            y = (t10 * px + t11 * py + t12 + s1 * q) * scale
            dx, dy = t20 + s2 * qx, t21 + s2 * qy
            ux[j] = (t00 + s0 * qx - x * dx) * scale
            uy[j] = (t01 + s0 * qy - x * dy) * scale
            vx[j] = (t10 + s1 * qx - y * dx) * scale
            vy[j] = (t11 + s1 * qy - y * dy) * scale
            x -= HALF
            y -= HALF
            u[j] = x
            v[j] = y
            seen[j] = min(min(min(x, end_x - x), min(y, end_y - y)), depth)
            a[j] = b[j] = c[j] = ZERO
        for k in range(SIDE * SIDE):
            dx = np.float32(2 * (k % SIDE) - REACH)
            dy = np.float32(2 * (k // SIDE) - REACH)
            for j in range(n):
                x = min(max(u[j] + dx * ux[j] + dy * uy[j], ZERO), end_x)
                y = min(max(v[j] + dx * vx[j] + dy * vy[j], ZERO), end_y)
                iu, iv = np.int32(x), np.int32(y)
                fu[j] = x - np.float32(iu)
                fv[j] = y - np.float32(iv)
                at[j] = np.int32(iv * stride + iu)
            for j in range(n):
                at[j] = flat[np.uint32(at[j])]
            values, shares = patch[k], weights[k]
            for j in range(n):
                quad = at[j]
                p00 = np.float32(quad & BYTE)
                p01 = np.float32(np.int32(quad >> EIGHT) & BYTE)
                p10 = np.float32(np.int32(quad >> SIXTEEN) & BYTE)
                p11 = np.float32(np.int32(quad >> TWENTY_FOUR) & BYTE)
                upper = p00 + fu[j] * (p01 - p00)
                lower = p10 + fu[j] * (p11 - p10)
                value = upper + fv[j] * (lower - upper)
                weighted = value * shares[j]
                a[j] += weighted
                b[j] += weighted * value
                c[j] += weighted * values[j]
        for j in range(n):
            spread = max(b[j] - a[j] * a[j], ZERO) + NOISE
            cost = min(ONE - (c[j] - a[j] * means[j]) / np.sqrt(spread * spreads[j]), ONE)
            cost = cost if seen[j] >= ZERO else UNSEEN
            rest = max(one[j], cost)
            one[j] = min(one[j], cost)
            worse = max(two[j], rest)
            two[j] = min(two[j], rest)
            three[j] = min(three[j], worse)
    for j in range(n):
        second = two[j] if two[j] < UNSEEN else one[j]
        third = three[j] if three[j] < UNSEEN else second
        cost = one[j]
        cost = (one[j] + second) * HALF if best >= 2 else cost
        out[j] = (one[j] + second + third) * THIRD if best >= 3 else cost


@njit(cache=True, nogil=True, error_model="numpy")
def _noise(x, y, turn):  # type: ignore[no-untyped-def]
    """A number in [-1, 1) that depends on nothing but its arguments (an integer hash)."""
    h = (
        np.uint32(x) * np.uint32(73856093)
        ^ np.uint32(y) * np.uint32(19349663)
        ^ np.uint32(turn) * np.uint32(83492791)
    )
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(0x45D9F3B))
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(0x45D9F3B))
    h = h ^ (h >> np.uint32(16))
    return np.float32(h) * np.float32(2.0 / 4294967296.0) - ONE


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def slant_rows(
    ref, active, sources, sizes, turn, shift, best, colour, step, salt, steepest, top, bottom, planes, cost
):  # type: ignore[no-untyped-def]
    """Improve the ``active`` pixels of rows ``top`` to ``bottom`` with (x + y) % 2 == ``colour``, in place.

    ``active``: (H, W) bool. ``planes``: (3, H, W) float32: q, dq/dx, dq/dy. ``cost``: (H, W) float32, set
    to 0..1, or 9 where no source sees the pixel. ``step``: the largest random change, in planes;
    ``TRIES`` are made, each half the one before. ``salt``: makes one round's random numbers differ from
    another's. ``steepest``: greatest length of (dq/dx, dq/dy).
    """
    height, width = ref.shape
    most = (width + 1) // 2
    samples = SIDE * SIDE
    xs = np.empty(most, np.int32)
    patch = np.empty((samples, most), np.float32)
    weights = np.empty((samples, most), np.float32)
    work, at = np.empty((15, most), np.float32), np.empty(most, np.int32)
    means, spreads = np.empty(most, np.float32), np.empty(most, np.float32)
    trial, kept = np.empty((3, most), np.float32), np.empty((3, most), np.float32)
    scores, least = np.empty(most, np.float32), np.empty(most, np.float32)
    for row in range(top, bottom):
        n = 0
        for x in range((row + colour) % 2, width, 2):
            if active[row, x]:
                xs[n] = x
                n += 1
        if n == 0:
            continue
        for j in range(n):
            means[j] = ZERO
            spreads[j] = ZERO
            scores[j] = ZERO
        for k in range(samples):
            y = row + 2 * (k // SIDE) - REACH
            shift_x = 2 * (k % SIDE) - REACH
            for j in range(n):
                x = xs[j] + shift_x
                inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
                value = ref[min(max(y, 0), height - 1), min(max(x, 0), width - 1)]
                difference = (value - ref[row, xs[j]]) / EDGE
                likeness = ONE / (ONE + difference * difference)
                weight = likeness * likeness if inside else ZERO
                patch[k, j] = value
                weights[k, j] = weight
                scores[j] += weight
                means[j] += weight * value
                spreads[j] += weight * value * value
        for j in range(n):
            share = ONE / scores[j]
            means[j] *= share
            spreads[j] = max(spreads[j] * share - means[j] * means[j], ZERO) + NOISE
            scores[j] = share
            for i in range(3):
                kept[i, j] = planes[i, row, xs[j]]
        for k in range(samples):
            for j in range(n):
                weights[k, j] *= scores[j]
        _score(
            n,
            xs,
            row,
            kept,
            patch,
            weights,
            means,
            spreads,
            sources,
            sizes,
            turn,
            shift,
            best,
            work,
            at,
            least,
        )
        for candidate in range(OFFSETS.shape[0] + TRIES):
            for j in range(n):
                if candidate < OFFSETS.shape[0]:
                    x = min(max(xs[j] + OFFSETS[candidate, 0], 0), width - 1)
                    y = min(max(row + OFFSETS[candidate, 1], 0), height - 1)
                    along, down = planes[1, y, x], planes[2, y, x]
                    trial[0, j] = planes[0, y, x] + along * np.float32(xs[j] - x) + down * np.float32(row - y)
                    trial[1, j] = along
                    trial[2, j] = down
                else:
                    attempt = candidate - OFFSETS.shape[0]
                    size = step / np.float32(1 << attempt)
                    key = 8 * salt + attempt
                    trial[0, j] = kept[0, j] + size * _noise(xs[j], row, 3 * key)
                    # Over the window a change of slope moves the border about as far as one of q.
                    trial[1, j] = kept[1, j] + size / np.float32(REACH) * _noise(xs[j], row, 3 * key + 1)
                    trial[2, j] = kept[2, j] + size / np.float32(REACH) * _noise(xs[j], row, 3 * key + 2)
            _score(
                n,
                xs,
                row,
                trial,
                patch,
                weights,
                means,
                spreads,
                sources,
                sizes,
                turn,
                shift,
                best,
                work,
                at,
                scores,
            )
            for j in range(n):
                slope = trial[1, j] * trial[1, j] + trial[2, j] * trial[2, j]
                if scores[j] < least[j] and slope <= steepest * steepest:
                    least[j] = scores[j]
                    for i in range(3):
                        kept[i, j] = trial[i, j]
        for j in range(n):
            cost[row, xs[j]] = least[j]
            for i in range(3):
                planes[i, row, xs[j]] = kept[i, j]


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def contrast_rows(ref, top, bottom, contrast):  # type: ignore[no-untyped-def]
    """Standard deviation of grey, (H, W) float32, among the pixels of each window that look like its centre.

    Plain contrast is high beside every edge; this is not where a flat surface (sky, backdrop) meets the
    outline of something nearer, and a match there would be the nearer thing's.
    """
    height, width = ref.shape
    for row in range(top, bottom):
        for x in range(width):
            centre = ref[row, x]
            total, mean, square = ZERO, ZERO, ZERO
            for k in range(SIDE * SIDE):
                y = min(max(row + 2 * (k // SIDE) - REACH, 0), height - 1)
                value = ref[y, min(max(x + 2 * (k % SIDE) - REACH, 0), width - 1)] - centre
                ratio = value / LIKE
                weight = ONE / (ONE + ratio * ratio)
                weight *= weight
                total += weight
                mean += weight * value
                square += weight * value * value
            mean /= total
            spread = np.sqrt(max(square / total - mean * mean, ZERO))
            # A pixel like few others is itself texture.
            contrast[row, x] = spread if total >= FEW else LIKE
