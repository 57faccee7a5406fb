"""The triangulation of least area of a loop in space."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def least_area(points, banned):  # type: ignore[no-untyped-def]
    """Triangulate the closed loop ``points`` (N, 3) float64 with the least total area.

    ``banned`` (N, N) bool: pairs of points that must not be joined, as the mesh joins them already. Returns
    triangles (N - 2, 3) int64 of loop places, running along the loop; (0, 3) where bans leave no way.
    Dynamic programming over spans of the loop, O(N^3) (Barequet and Sharir, 1995).
    """
    count = len(points)
    cost = np.zeros((count, count))
    best = np.full((count, count), -1, np.int64)
    for span in range(2, count):
        for first in range(count - span):
            last = first + span
            cost[first, last] = np.inf
            if banned[first, last] and span != count - 1:
                continue
            ax = points[last, 0] - points[first, 0]
            ay = points[last, 1] - points[first, 1]
            az = points[last, 2] - points[first, 2]
            for middle in range(first + 1, last):
                rest = cost[first, middle] + cost[middle, last]
                if rest >= cost[first, last]:
                    continue
                bx = points[middle, 0] - points[first, 0]
                by = points[middle, 1] - points[first, 1]
                bz = points[middle, 2] - points[first, 2]
                x, y, z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
                total = rest + 0.5 * np.sqrt(x * x + y * y + z * z)
                if total < cost[first, last]:
                    cost[first, last] = total
                    best[first, last] = middle
    if not np.isfinite(cost[0, count - 1]):
        return np.zeros((0, 3), np.int64)
    triangles = np.empty((count - 2, 3), np.int64)
    stack = np.empty((count, 2), np.int64)
    stack[0, 0], stack[0, 1] = 0, count - 1
    height, done = 1, 0
    while height:
        height -= 1
        first, last = stack[height]
        middle = best[first, last]
        triangles[done] = (first, middle, last)
        done += 1
        if middle - first > 1:
            stack[height, 0], stack[height, 1] = first, middle
            height += 1
        if last - middle > 1:
            stack[height, 0], stack[height, 1] = middle, last
            height += 1
    return triangles
