"""Inner loops: a depth map drawn into another camera, and colours looked up through it."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def draw_depth(depth, lens, matrix, target_lens, jump, out):  # type: ignore[no-untyped-def]
    """Draw ``depth`` (h, w; 0 = unknown) into ``out`` (H, W float32, the nearest z so far, inf = nothing).

    ``lens``: fx, fy, cx, cy of the map, ``target_lens`` of ``out``; ``matrix`` (3, 4) takes camera coordinates of the
    map to those of ``out``. Two triangles join each four neighbours, unless their depths differ by more than the
    share ``jump``.
    """
    height, width = depth.shape
    places = np.empty((2, width, 3))
    for y in range(height):
        now = y % 2
        for x in range(width):
            z = depth[y, x]
            places[now, x, 2] = -1.0
            if z > 0.0:
                a = (x + 0.5 - lens[2]) / lens[0] * z
                b = (y + 0.5 - lens[3]) / lens[1] * z
                c = matrix[2, 0] * a + matrix[2, 1] * b + matrix[2, 2] * z + matrix[2, 3]
                if c > 1e-9:
                    u = matrix[0, 0] * a + matrix[0, 1] * b + matrix[0, 2] * z + matrix[0, 3]
                    v = matrix[1, 0] * a + matrix[1, 1] * b + matrix[1, 2] * z + matrix[1, 3]
                    places[now, x, 0] = target_lens[0] * u / c + target_lens[2]
                    places[now, x, 1] = target_lens[1] * v / c + target_lens[3]
                    places[now, x, 2] = 1.0 / c
        if y == 0:
            continue
        for x in range(width - 1):
            low, high = np.inf, 0.0
            for dy in range(2):
                for dx in range(2):
                    z = depth[y - dy, x + dx]
                    low, high = min(low, z), max(high, z)
            if low <= 0.0 or high > low * (1.0 + jump):
                continue
            p, q, r, s = places[1 - now, x], places[1 - now, x + 1], places[now, x], places[now, x + 1]
            if p[2] > 0 and q[2] > 0 and r[2] > 0 and s[2] > 0:
                _triangle(p, q, r, out)
                _triangle(q, s, r, out)


@njit(cache=True, nogil=True, error_model="numpy")
def _triangle(p, q, r, out):  # type: ignore[no-untyped-def]
    """Lower ``out`` to the triangle's depth at the pixel centres in it; 1/z is affine on the picture."""
    height, width = out.shape
    area = (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    if area == 0.0:
        return
    # A triangle seen from behind belongs to a surface that faces away.
    if area < 0.0:
        return
    left = max(int(np.ceil(min(p[0], q[0], r[0]) - 0.5)), 0)
    right = min(int(np.floor(max(p[0], q[0], r[0]) - 0.5)), width - 1)
    top = max(int(np.ceil(min(p[1], q[1], r[1]) - 0.5)), 0)
    bottom = min(int(np.floor(max(p[1], q[1], r[1]) - 0.5)), height - 1)
    if (right - left) * (bottom - top) > 40_000:  # a hand's breadth before the lens
        return
    for y in range(top, bottom + 1):
        for x in range(left, right + 1):
            px, py = x + 0.5, y + 0.5
            a = ((q[0] - px) * (r[1] - py) - (q[1] - py) * (r[0] - px)) / area
            b = ((r[0] - px) * (p[1] - py) - (r[1] - py) * (p[0] - px)) / area
            c = 1.0 - a - b
            if a >= -1e-6 and b >= -1e-6 and c >= -1e-6:
                z = 1.0 / (a * p[2] + b * q[2] + c * r[2])
                if z < out[y, x]:
                    out[y, x] = z


@njit(cache=True, nogil=True, error_model="numpy")
def look_up(
    first, last, depth, rays, centre, photo, lens, pose, seen, seen_lens, eye, tolerance, margin, colour, weight
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Add to rows ``first`` to ``last`` of ``colour`` (H, W, 3) and ``weight`` (H, W) what a photo shows there.

    ``depth`` (H, W) along ``rays`` (H, W, 3; world, one unit of depth long) from ``centre``. ``photo`` (h, w, 3)
    float32 with ``lens`` and world-to-camera ``pose`` (3, 4), taken from ``eye``; ``seen`` its depth map with
    ``seen_lens``. What lies more than the share ``tolerance`` behind it is hidden. Weights fall with the square of
    the angle between the two views and to zero over ``margin`` pixels at the photo's border.
    """
    height, width = photo.shape[:2]
    tall, wide = seen.shape
    for y in range(first, last):
        for x in range(depth.shape[1]):
            d = depth[y, x]
            if not d > 0.0:
                continue
            wx = centre[0] + rays[y, x, 0] * d
            wy = centre[1] + rays[y, x, 1] * d
            wz = centre[2] + rays[y, x, 2] * d
            z = pose[2, 0] * wx + pose[2, 1] * wy + pose[2, 2] * wz + pose[2, 3]
            if not z > 1e-9:
                continue
            a = (pose[0, 0] * wx + pose[0, 1] * wy + pose[0, 2] * wz + pose[0, 3]) / z
            b = (pose[1, 0] * wx + pose[1, 1] * wy + pose[1, 2] * wz + pose[1, 3]) / z
            u, v = lens[0] * a + lens[2] - 0.5, lens[1] * b + lens[3] - 0.5
            edge = min(u + 0.5, v + 0.5, width - 0.5 - u, height - 0.5 - v)
            if not edge > 0.0:
                continue
            w = min(edge / margin, 1.0)
            sx, sy = int(seen_lens[0] * a + seen_lens[2]), int(seen_lens[1] * b + seen_lens[3])
            if 0 <= sx < wide and 0 <= sy < tall:
                # The furthest of the neighbours: at an outline either side will do.
                known = np.float32(0.0)
                for oy in range(max(sy - 1, 0), min(sy + 2, tall)):
                    for ox in range(max(sx - 1, 0), min(sx + 2, wide)):
                        known = max(known, seen[oy, ox])
                if known > 0.0 and z > known * (1.0 + tolerance):
                    continue
                if known <= 0.0:
                    w *= 0.02
            fx, fy, fz = wx - eye[0], wy - eye[1], wz - eye[2]
            gx, gy, gz = wx - centre[0], wy - centre[1], wz - centre[2]
            far, near = np.sqrt(fx * fx + fy * fy + fz * fz), np.sqrt(gx * gx + gy * gy + gz * gz)
            cosine = (fx * gx + fy * gy + fz * gz) / max(far * near, 1e-30)
            turned = 2.0 * max(1.0 - cosine, 0.0)
            # A photo from further away has less detail.
            coarse = max(far / max(near, 1e-30) - 1.0, 0.0)
            w /= 1e-4 + turned + 0.01 * coarse * coarse
            x0, y0 = int(min(max(np.floor(u), 0), width - 1)), int(min(max(np.floor(v), 0), height - 1))
            x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
            px, py = np.float32(min(max(u - x0, 0.0), 1.0)), np.float32(min(max(v - y0, 0.0), 1.0))
            share = np.float32(w)
            for c in range(3):
                upper = photo[y0, x0, c] * (1 - px) + photo[y0, x1, c] * px
                lower = photo[y1, x0, c] * (1 - px) + photo[y1, x1, c] * px
                colour[y, x, c] += share * (upper * (1 - py) + lower * py)
            weight[y, x] += share
