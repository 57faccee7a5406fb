"""Compiled loops over texels: what the photos show there, and how it is blended."""

from __future__ import annotations

import math

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath=True)
def place(maps, f, x, y, at, out):
    """Position (``at`` 2) or normal (``at`` 11) of the point of face ``f`` at texel (x, y)."""
    du, dv = x - maps[f, 0], y - maps[f, 1]
    for axis in range(3):
        out[axis] = maps[f, at + axis] + du * maps[f, at + 3 + axis] + dv * maps[f, at + 6 + axis]


@njit(cache=True, nogil=True, fastmath=True)
def unit(vector):
    """Make ``vector`` (3,) one long."""
    length = math.sqrt(vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2])
    scale = 1.0 / max(length, 1e-30)
    vector[0] *= scale
    vector[1] *= scale
    vector[2] *= scale


@njit(cache=True, nogil=True, fastmath=True)
def sample(buffer, start, width, height, x, y, out, row):
    """Bilinear colour at pixel coordinates (x, y) of a picture in ``buffer`` (N, 3), into ``out[row]``."""
    x = min(max(x - np.float32(0.5), np.float32(0.0)), np.float32(width - 1))
    y = min(max(y - np.float32(0.5), np.float32(0.0)), np.float32(height - 1))
    x0, y0 = int(x), int(y)
    x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
    fx, fy = np.float32(x - x0), np.float32(y - y0)
    one = np.float32(1.0)
    a, b = start + y0 * width + x0, start + y0 * width + x1
    c, d = start + y1 * width + x0, start + y1 * width + x1
    for k in range(3):
        top = buffer[a, k] * (one - fx) + buffer[b, k] * fx
        low = buffer[c, k] * (one - fx) + buffer[d, k] * fx
        out[row, k] = top * (one - fy) + low * fy


@njit(cache=True, nogil=True, fastmath=True)
def cubic(t, out):
    """Catmull-Rom weights of the four neighbours at fraction ``t`` (Keys 1981, a = -1/2)."""
    out[0] = ((-0.5 * t + 1.0) * t - 0.5) * t
    out[1] = (1.5 * t - 2.5) * t * t + 1.0
    out[2] = ((-1.5 * t + 2.0) * t + 0.5) * t
    out[3] = (0.5 * t - 0.5) * t * t


@njit(cache=True, nogil=True, fastmath=True)
def sample_sharp(buffer, start, width, height, x, y, across, down, out):
    """Bicubic colour at pixel coordinates (x, y), edges repeated; ``across``, ``down``: (4,) work space."""
    x, y = x - np.float32(0.5), y - np.float32(0.5)
    x0, y0 = math.floor(x), math.floor(y)
    cubic(np.float32(x - x0), across)
    cubic(np.float32(y - y0), down)
    out[0] = out[1] = out[2] = 0.0
    for j in range(4):
        row = start + min(max(y0 - 1 + j, 0), height - 1) * width
        for i in range(4):
            at = row + min(max(x0 - 1 + i, 0), width - 1)
            weight = down[j] * across[i]
            out[0] += weight * buffer[at, 0]
            out[1] += weight * buffer[at, 1]
            out[2] += weight * buffer[at, 2]


@njit(cache=True, nogil=True, fastmath=True)
def weight_of(view, position, normal, cosine_limit, cameras, layout, depth, trust, pixel):
    """How well view ``view`` shows a point, 0 = not at all; sets ``pixel`` to its place in the photo.

    ``cameras``: (N, 18) float32: rows of the projection (12), centre (3), focal length, reference sharpness, unused.
    ``layout``: see ``_bake_views.Views``. The point counts as seen where its depth is that of the first surface
    there, within what the surface's slope changes over a pixel and a half.
    """
    px, py, pz = position[0], position[1], position[2]
    dx, dy, dz = cameras[view, 12] - px, cameras[view, 13] - py, cameras[view, 14] - pz
    facing = normal[0] * dx + normal[1] * dy + normal[2] * dz
    if facing <= 0:
        return np.float32(0.0)
    z = cameras[view, 8] * px + cameras[view, 9] * py + cameras[view, 10] * pz + cameras[view, 11]
    if z <= 1e-12:
        return np.float32(0.0)
    x = (cameras[view, 0] * px + cameras[view, 1] * py + cameras[view, 2] * pz + cameras[view, 3]) / z
    y = (cameras[view, 4] * px + cameras[view, 5] * py + cameras[view, 6] * pz + cameras[view, 7]) / z
    width, height = layout[view, 1], layout[view, 2]
    if not (x >= 0 and y >= 0 and x < width and y < height):
        return np.float32(0.0)
    facing /= max(math.sqrt(dx * dx + dy * dy + dz * dz), 1e-30)
    if facing < cosine_limit:
        return np.float32(0.0)
    wide, high = layout[view, 7], layout[view, 8]
    i = min(int(x * wide / width), wide - 1)
    j = min(int(y * high / height), high - 1)
    at = layout[view, 6] + j * wide + i
    seen = depth[at]
    slope = math.sqrt(max(1.0 - facing * facing, 0.0)) / facing
    footprint = z / cameras[view, 15] * (width / wide)
    if seen <= 0.0 or z > seen + footprint * 1.5 * (1.0 + slope) + 1e-4 * z:
        return np.float32(0.0)
    pixel[0], pixel[1] = x, y
    sharpness = cameras[view, 15] / z / cameras[view, 16]
    return np.float32(facing * facing * sharpness * sharpness * trust[at] * (1.0 / 255.0))


@njit(cache=True, nogil=True)
def gather(rows, columns, face, maps, cosine_limit, cameras, layout, depth, trust, middle, colours, weights):
    """What each view shows at T texels: ``colours`` (T * N, 3) float32 0..255 and ``weights`` (T, N) float32."""
    position, normal = np.empty(3, np.float32), np.empty(3, np.float32)
    pixel = np.empty(2, np.float32)
    for t in range(len(rows)):
        f = face[rows[t], columns[t]]
        x, y = np.float32(columns[t] + 0.5), np.float32(rows[t] + 0.5)
        place(maps, f, x, y, 2, position)
        place(maps, f, x, y, 11, normal)
        unit(normal)
        for v in range(len(cameras)):
            weight = weight_of(v, position, normal, cosine_limit, cameras, layout, depth, trust, pixel)
            weights[t, v] = weight
            if weight > 0:
                wide, high = layout[v, 4], layout[v, 5]
                sample(
                    middle,
                    layout[v, 3],
                    wide,
                    high,
                    pixel[0] * wide / layout[v, 1],
                    pixel[1] * high / layout[v, 2],
                    colours,
                    t * len(cameras) + v,
                )


@njit(cache=True, nogil=True, fastmath=True)
def median(values, weights, count, order):
    """Weighted median of ``values[:count]``; ``order``: (N,) work space."""
    total = np.float32(0.0)
    for i in range(count):
        total += weights[i]
        j = i
        while j > 0 and values[order[j - 1]] > values[i]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = i
    passed = np.float32(0.0)
    for i in range(count):
        passed += weights[order[i]]
        if passed >= 0.5 * total:
            return values[order[i]]
    return values[order[count - 1]]


@njit(cache=True, nogil=True, fastmath=True)
def blend(
    first,
    last,
    face,
    maps,
    cosine_limit,
    sharpness,
    tolerance,
    cameras,
    layout,
    depth,
    trust,
    photos,
    middle,
    low,
    out,
    confidence,
    best,
):
    """Fill rows [first, last) of ``out`` (S, S, 3) uint8, ``confidence`` (S, S) uint8 and ``best`` (S, S) int16.

    Three frequency bands of each photo (itself, ``middle``, ``low``) are blended by ever broader weights: detail
    from the photo that shows the place best, tones from all that see it (after Burt and Adelson 1983; Baumberg
    2002). Views that stray from the weighted median by more than ``tolerance`` (0..255) lose their say.
    """
    many = len(cameras)
    position, normal = np.empty(3, np.float32), np.empty(3, np.float32)
    pixel = np.empty(2, np.float32)
    across, down = np.empty(4, np.float32), np.empty(4, np.float32)
    views = np.empty(many, np.int64)
    order = np.empty(many, np.int64)
    weights = np.empty(many, np.float32)
    places = np.empty((many, 2), np.float32)
    tones = np.empty((many, 3), np.float32)
    channel = np.empty(many, np.float32)
    stray = np.empty(many, np.float32)
    votes = np.empty(many, np.float32)
    fine, base = np.empty(3, np.float32), np.empty((1, 3), np.float32)
    total_low, total_mid, total_fine = (
        np.empty(3, np.float32),
        np.empty(3, np.float32),
        np.empty(3, np.float32),
    )
    for row in range(first, last):
        for column in range(face.shape[1]):
            f = face[row, column]
            confidence[row, column] = 0
            best[row, column] = -1
            if f < 0:
                continue
            x, y = np.float32(column + 0.5), np.float32(row + 0.5)
            place(maps, f, x, y, 2, position)
            place(maps, f, x, y, 11, normal)
            unit(normal)
            count = 0
            for v in range(many):
                weight = weight_of(v, position, normal, cosine_limit, cameras, layout, depth, trust, pixel)
                if weight <= 0:
                    continue
                views[count], weights[count] = v, weight
                places[count, 0], places[count, 1] = pixel[0], pixel[1]
                sample(
                    middle,
                    layout[v, 3],
                    layout[v, 4],
                    layout[v, 5],
                    pixel[0] * layout[v, 4] / layout[v, 1],
                    pixel[1] * layout[v, 5] / layout[v, 2],
                    tones,
                    count,
                )
                count += 1
            if count == 0:
                continue
            if tolerance > 0 and count >= 3:
                stray[:count] = 0
                # The best view must not outvote all others.
                for i in range(count):
                    votes[i] = math.sqrt(math.sqrt(weights[i]))
                for c in range(3):
                    channel[:count] = tones[:count, c]
                    centre = median(channel, votes, count, order)
                    for i in range(count):
                        stray[i] = max(stray[i], abs(tones[i, c] - centre))
                # Where all views differ (a highlight, bad geometry) differing is no fault.
                scale = max(tolerance, np.float32(2.0) * median(stray, votes, count, order))
                for i in range(count):
                    ratio = stray[i] / scale
                    weights[i] *= np.float32(1.0) / (np.float32(1.0) + ratio * ratio * ratio * ratio)
            top = 0
            total = np.float32(0.0)
            for i in range(count):
                total += weights[i]
                if weights[i] > weights[top]:
                    top = i
            total_low[:] = 0
            total_mid[:] = 0
            total_fine[:] = 0
            sum_low, sum_mid, sum_fine = np.float32(0), np.float32(0), np.float32(0)
            for i in range(count):
                v = views[i]
                ratio = weights[i] / weights[top]
                if ratio < 1e-3:
                    continue
                w_mid = ratio ** (0.5 * (1.0 + sharpness))
                # Less what is not worth its sixteen samples, so that nothing jumps where it ends.
                w_fine = ratio**sharpness - np.float32(0.06)
                sample(
                    low,
                    layout[v, 3],
                    layout[v, 4],
                    layout[v, 5],
                    places[i, 0] * layout[v, 4] / layout[v, 1],
                    places[i, 1] * layout[v, 5] / layout[v, 2],
                    base,
                    0,
                )
                sum_low += ratio
                sum_mid += w_mid
                for c in range(3):
                    total_low[c] += ratio * base[0, c]
                    total_mid[c] += w_mid * (tones[i, c] - base[0, c])
                if w_fine > 0:
                    sample_sharp(
                        photos,
                        layout[v, 0],
                        layout[v, 1],
                        layout[v, 2],
                        places[i, 0],
                        places[i, 1],
                        across,
                        down,
                        fine,
                    )
                    sum_fine += w_fine
                    for c in range(3):
                        total_fine[c] += w_fine * (fine[c] - tones[i, c])
            for c in range(3):
                value = total_low[c] / sum_low + total_mid[c] / sum_mid + total_fine[c] / sum_fine
                out[row, column, c] = np.uint8(min(max(value + 0.5, 0.0), 255.0))
            confidence[row, column] = np.uint8(max(min(total * 5000.0, 255.0), 1.0))
            best[row, column] = views[top]
