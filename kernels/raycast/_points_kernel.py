"""Compiled z-buffering of points and lines."""

from __future__ import annotations

import math

from numba import njit


@njit(cache=True, nogil=True, fastmath=True)
def splat(positions, colours, sizes, projection, radius, depth, colour, hit):
    """Draw points as discs into ``depth`` (H, W) and ``colour`` (H, W, 3), where they are nearer than what is there.

    ``radius``: (3,) float32: in pixels x depth units, to be multiplied by ``sizes`` (N,) or (1,), least and most
    pixels. ``hit`` (H, W) uint8 becomes 1 where a point shows. Depth 0 means empty.
    """
    height, width = depth.shape
    one, same = len(colours) == 1, len(sizes) == 1
    for i in range(len(positions)):
        x, y, z = positions[i, 0], positions[i, 1], positions[i, 2]
        w = projection[2, 0] * x + projection[2, 1] * y + projection[2, 2] * z + projection[2, 3]
        if not w > 1e-9:
            continue
        px = (projection[0, 0] * x + projection[0, 1] * y + projection[0, 2] * z + projection[0, 3]) / w
        py = (projection[1, 0] * x + projection[1, 1] * y + projection[1, 2] * z + projection[1, 3]) / w
        reach = min(max(radius[0] * sizes[0 if same else i] / w, radius[1]), radius[2])
        if not (px > -reach and py > -reach and px < width + reach and py < height + reach):
            continue
        c = 0 if one else i
        red, green, blue = colours[c, 0] / 255.0, colours[c, 1] / 255.0, colours[c, 2] / 255.0
        for row in range(max(int(py - reach + 0.5), 0), min(int(py + reach + 0.5), height)):
            for column in range(max(int(px - reach + 0.5), 0), min(int(px + reach + 0.5), width)):
                away = (column + 0.5 - px) ** 2 + (row + 0.5 - py) ** 2
                if away > reach * reach and reach > 0.8:
                    continue
                there = depth[row, column]
                if there <= 0 or w < there:
                    depth[row, column] = w
                    hit[row, column] = 1
                    colour[row, column, 0] = red
                    colour[row, column, 1] = green
                    colour[row, column, 2] = blue


@njit(cache=True, nogil=True, fastmath=True)
def dome(depth, hit, reach, strength, colour):
    """Eye-dome lighting (Boucheny 2009) of the pixels in ``hit``: darker where neighbours are nearer."""
    height, width = depth.shape
    for row in range(height):
        for column in range(width):
            if not hit[row, column]:
                continue
            here = math.log(depth[row, column])
            total = 0.0
            for k in range(8):
                j = row + reach * (-1 if k < 3 else (0 if k < 5 else 1))
                i = column + reach * (k - 1 if k < 3 else ((-1 if k == 3 else 1) if k < 5 else k - 6))
                if 0 <= j < height and 0 <= i < width and depth[j, i] > 0:
                    total += max(here - math.log(depth[j, i]), 0.0)
            shade = math.exp(-strength * min(total / 8.0, 0.02))
            for c in range(3):
                colour[row, column, c] *= shade


@njit(cache=True, nogil=True, fastmath=True)
def segments(ends, paint, projection, thickness, near, depth, colour, cover):
    """Draw N lines ``ends`` (N, 2, 3) with ``paint`` (N, 3) float32 0..1, ``thickness`` pixels wide.

    Hidden behind ``depth`` (H, W); ``cover`` (H, W) float32 becomes 1 where one shows. Lines do not enter the depth.
    """
    height, width = depth.shape
    half = thickness / 2
    for n in range(len(ends)):
        wa = projection[2, 3]
        wb = projection[2, 3]
        for k in range(3):
            wa += projection[2, k] * ends[n, 0, k]
            wb += projection[2, k] * ends[n, 1, k]
        if wa <= near and wb <= near:
            continue
        # Cut at the near plane.
        ta = (near - wa) / (wb - wa) if wa < near else 0.0
        tb = (near - wa) / (wb - wa) if wb < near else 1.0
        ax = ay = bx = by = 0.0
        for k in range(4):
            a = ends[n, 0, k] + ta * (ends[n, 1, k] - ends[n, 0, k]) if k < 3 else 1.0
            b = ends[n, 0, k] + tb * (ends[n, 1, k] - ends[n, 0, k]) if k < 3 else 1.0
            ax += projection[0, k] * a
            ay += projection[1, k] * a
            bx += projection[0, k] * b
            by += projection[1, k] * b
        za, zb = wa + ta * (wb - wa), wa + tb * (wb - wa)
        ax, ay, bx, by = ax / za, ay / za, bx / zb, by / zb
        length = math.hypot(bx - ax, by - ay)
        if not length < 1e7:
            continue
        for s in range(int(length * 2) + 2):
            t = s / (int(length * 2) + 1)
            x, y = ax + t * (bx - ax), ay + t * (by - ay)
            if not (x > -half and y > -half and x < width + half and y < height + half):
                continue
            w = 1.0 / ((1 - t) / za + t / zb)
            for row in range(max(int(y - half + 0.5), 0), min(int(y + half + 0.5), height)):
                for column in range(max(int(x - half + 0.5), 0), min(int(x + half + 0.5), width)):
                    there = depth[row, column]
                    if there <= 0 or w < there * 1.0005:
                        cover[row, column] = 1.0
                        for c in range(3):
                            colour[row, column, c] = paint[n, c]
