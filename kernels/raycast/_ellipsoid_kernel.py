"""Compiled rays against ellipsoids."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

#: Columns of a prepared ellipsoid: M of (x - c)' M (x - c) = 1 (six), M c (three), c' M c - 1, centre (three), all in
#: camera axes; then the nearest depth, and the box on the picture (first and last column, first and last row).
ROW = 18
NEAREST, LEFT, RIGHT, TOP, BOTTOM = 13, 14, 15, 16, 17
#: An axis is at least this share of the longest one: what is thinner is lost in the numbers.
_THIN = 0.02
#: A half axis is at least so many pixels, or what is small would fall between their centres.
_SPECK = 0.71


@njit(cache=True, nogil=True, error_model="numpy")
def prepare(first, last, means, quaternions, scales, reach, turn, shift, lens, width, height, near, rows):
    """Fill ``rows[first:last]`` (N, ROW) float64; of what is not in the picture NEAREST is infinite.

    ``reach``: how many scales the ellipsoid is long from its middle; ``lens``: fx, fy, cx, cy. Those that reach
    nearer than ``near`` are left out.
    """
    q, a, s = np.empty((3, 3)), np.empty((3, 3)), np.empty(3)
    for n in range(first, last):
        row = rows[n]
        row[NEAREST] = np.inf
        w, i, j, k = (float(quaternions[n, 0]), float(quaternions[n, 1]), float(quaternions[n, 2]),
                      float(quaternions[n, 3]))  # fmt: skip
        norm = math.sqrt(w * w + i * i + j * j + k * k)
        longest = max(float(scales[n, 0]), float(scales[n, 1]), float(scales[n, 2]))
        if not (norm > 0 and longest > 0):
            continue
        w, i, j, k = w / norm, i / norm, j / norm, k / norm
        q[0, 0], q[0, 1], q[0, 2] = 1 - 2 * (j * j + k * k), 2 * (i * j - w * k), 2 * (i * k + w * j)
        q[1, 0], q[1, 1], q[1, 2] = 2 * (i * j + w * k), 1 - 2 * (i * i + k * k), 2 * (j * k - w * i)
        q[2, 0], q[2, 1], q[2, 2] = 2 * (i * k - w * j), 2 * (j * k + w * i), 1 - 2 * (i * i + j * j)
        for r in range(3):
            row[10 + r] = shift[r]
            for c in range(3):
                row[10 + r] += turn[r, c] * float(means[n, c])
                a[r, c] = turn[r, 0] * q[0, c] + turn[r, 1] * q[1, c] + turn[r, 2] * q[2, c]
        x, y, z = row[10], row[11], row[12]
        if not z > near:
            continue
        least = max(reach * _THIN * longest, _SPECK * z / min(lens[0], lens[1]))
        for r in range(3):
            s[r] = max(reach * float(scales[n, r]), least)
        s00 = s02 = s11 = s12 = s22 = 0.0
        m00 = m01 = m02 = m11 = m12 = m22 = 0.0
        for c in range(3):
            long, short = s[c] * s[c], 1.0 / (s[c] * s[c])
            s00 += a[0, c] * a[0, c] * long
            s02 += a[0, c] * a[2, c] * long
            s11 += a[1, c] * a[1, c] * long
            s12 += a[1, c] * a[2, c] * long
            s22 += a[2, c] * a[2, c] * long
            m00 += a[0, c] * a[0, c] * short
            m01 += a[0, c] * a[1, c] * short
            m02 += a[0, c] * a[2, c] * short
            m11 += a[1, c] * a[1, c] * short
            m12 += a[1, c] * a[2, c] * short
            m22 += a[2, c] * a[2, c] * short
        nearest = z - math.sqrt(s22)
        if not nearest > near:
            continue
        # Planes through the eye that touch it: (l c)^2 = l' S l for l = (1, 0, -x) and (0, 1, -y).
        under = z * z - s22
        half = math.sqrt(max((x * z - s02) ** 2 - under * (x * x - s00), 0.0))
        left = lens[0] * (x * z - s02 - half) / under + lens[2]
        right = lens[0] * (x * z - s02 + half) / under + lens[2]
        half = math.sqrt(max((y * z - s12) ** 2 - under * (y * y - s11), 0.0))
        top = lens[1] * (y * z - s12 - half) / under + lens[3]
        bottom = lens[1] * (y * z - s12 + half) / under + lens[3]
        if not (right > 0 and bottom > 0 and left < width and top < height):
            continue
        row[0], row[1], row[2], row[3], row[4], row[5] = m00, m01, m02, m11, m12, m22
        row[6] = m00 * x + m01 * y + m02 * z
        row[7] = m01 * x + m11 * y + m12 * z
        row[8] = m02 * x + m12 * y + m22 * z
        row[9] = row[6] * x + row[7] * y + row[8] * z - 1.0
        # Pixels whose centre lies within.
        row[LEFT], row[RIGHT] = max(math.ceil(left - 0.5), 0.0), min(math.floor(right - 0.5), width - 1.0)
        row[TOP], row[BOTTOM] = max(math.ceil(top - 0.5), 0.0), min(math.floor(bottom - 0.5), height - 1.0)
        row[NEAREST] = nearest


@njit(cache=True, nogil=True, error_model="numpy")
def cast(top, bottom, order, rows, lens, colours, turn, lamp, depth, face, colour, normal, alpha):
    """Draw ellipsoids in the pixel rows ``top`` to ``bottom`` of a frame, where they are nearer than what is there.

    ``order``: of ``rows``, from the nearest on. ``colours`` (N, 3) uint8 or (1, 3); ``lamp`` (3,): unit, towards
    the light, in camera axes.
    """
    width = depth.shape[1]
    fx, fy, cx, cy = lens
    who = np.full((bottom - top, width), -1, np.int32)
    for place in range(len(order)):
        n = order[place]
        row = rows[n]
        first, last = max(int(row[TOP]), top), min(int(row[BOTTOM]) + 1, bottom)
        if first >= last:
            continue
        left, right = int(row[LEFT]), int(row[RIGHT]) + 1
        m00, m01, m02, m11, m12, m22 = row[0], row[1], row[2], row[3], row[4], row[5]
        v0, v1, v2, rest, nearest = row[6], row[7], row[8], row[9], row[NEAREST]
        for line in range(first, last):
            dy = (line + 0.5 - cy) / fy
            for column in range(left, right):
                there = depth[line, column]
                if there > 0 and there <= nearest:
                    continue
                dx = (column + 0.5 - cx) / fx
                b = v0 * dx + v1 * dy + v2
                a = (m00 * dx + 2 * (m01 * dy + m02)) * dx + (m11 * dy + 2 * m12) * dy + m22
                inside = b * b - a * rest
                if inside <= 0:
                    continue
                z = (b - math.sqrt(inside)) / a
                if there <= 0 or z < there:
                    depth[line, column] = z
                    who[line - top, column] = n
    one = len(colours) == 1
    for line in range(top, bottom):
        dy = (line + 0.5 - cy) / fy
        for column in range(width):
            n = who[line - top, column]
            if n < 0:
                continue
            row, z = rows[n], float(depth[line, column])
            x, y = z * (column + 0.5 - cx) / fx - row[10], z * dy - row[11]
            w = z - row[12]
            n0 = row[0] * x + row[1] * y + row[2] * w
            n1 = row[1] * x + row[3] * y + row[4] * w
            n2 = row[2] * x + row[4] * y + row[5] * w
            size = 1.0 / math.sqrt(max(n0 * n0 + n1 * n1 + n2 * n2, 1e-300))
            n0, n1, n2 = n0 * size, n1 * size, n2 * size
            light = 0.35 + 0.65 * max(n0 * lamp[0] + n1 * lamp[1] + n2 * lamp[2], 0.0)
            alpha[line, column] = 1.0
            face[line, column] = -1
            for c in range(3):
                colour[line, column, c] = light * colours[0 if one else n, c] / 255.0
                normal[line, column, c] = turn[0, c] * n0 + turn[1, c] * n1 + turn[2, c] * n2
