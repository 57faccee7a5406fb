"""Semi-global smoothing of a cost volume, and its winner.

Hirschmueller, "Stereo processing by semiglobal matching and mutual information", PAMI 2008: along each of
four directions a change of one plane costs ``small``, any other change ``large``, less across an edge of
the picture.
"""

from __future__ import annotations

import numpy as np
from numba import njit

ZERO = np.float32(0.0)
HALF = np.float32(0.5)
ONE = np.float32(1.0)
FAR_AWAY = np.float32(1e9)
MATHS = {"contract", "nsz", "arcp"}


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy", inline="never")
def _step(costs, before, lowest, small, large, after, total):  # type: ignore[no-untyped-def]
    """One pixel of one path. ``before``, ``after``: (planes + 2,) with a far-away cost at both ends."""
    planes = costs.shape[0]
    jump = lowest + large
    least = FAR_AWAY
    for d in range(planes):
        stay = min(before[d + 1], min(before[d], before[d + 2]) + small)
        cost = np.float32(costs[d]) + min(stay, jump) - lowest
        after[d + 1] = cost
        total[d] += cost
        least = min(least, cost)
    return least


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def smooth_lines(ref, volume, small, large, edge, total):  # type: ignore[no-untyped-def]
    """Add both directions along axis 1 to ``total``.

    ``ref``: (L, M) float32 grey. ``volume``: (L, M, planes) uint8, ``total``: the same shape, float32.
    Pass transposed views for the vertical directions. ``edge``: the grey difference at which ``large`` is
    halved.
    """
    lines, length, planes = volume.shape
    before = np.empty(planes + 2, np.float32)
    after = np.empty(planes + 2, np.float32)
    for line in range(lines):
        for way in range(2):
            for d in range(planes + 2):
                before[d] = ZERO
            before[0] = before[planes + 1] = FAR_AWAY
            after[0] = after[planes + 1] = FAR_AWAY
            lowest = ZERO
            last = ref[line, 0]
            for i in range(length):
                x = i if way == 0 else length - 1 - i
                grey = ref[line, x]
                last = grey if i == 0 else last
                jump = max(large / (ONE + abs(grey - last) / edge), small)
                lowest = _step(volume[line, x], before, lowest, small, jump, after, total[line, x])
                before, after = after, before
                last = grey


@njit(cache=True, nogil=True, error_model="numpy")
def pick_rows(volume, total, top, bottom, plane, cost, doubt):  # type: ignore[no-untyped-def]
    """The winner of rows ``top`` to ``bottom``.

    ``plane``: (H, W) float32, to a fraction of a plane. ``cost``: (H, W) float32, its matching cost in 0..1.
    ``doubt``: (H, W) float32, least cost over least cost more than two planes away: near 1 = ambiguous.
    """
    planes = volume.shape[2]
    for y in range(top, bottom):
        for x in range(volume.shape[1]):
            sums = total[y, x]
            best = 0
            for d in range(1, planes):
                if sums[d] < sums[best]:
                    best = d
            raw = volume[y, x]
            least, rival = np.float32(255.0), np.float32(255.0)
            for d in range(planes):
                if abs(d - best) <= 2:
                    least = min(least, np.float32(raw[d]))
                else:
                    rival = min(rival, np.float32(raw[d]))
            offset = ZERO
            if 0 < best < planes - 1:
                left, right = sums[best - 1] - sums[best], sums[best + 1] - sums[best]
                bend = left + right
                if bend > ZERO:
                    offset = HALF * (left - right) / bend
            plane[y, x] = np.float32(best) + offset
            cost[y, x] = np.float32(raw[best]) / np.float32(254.0)
            doubt[y, x] = (least + ONE) / (rival + ONE)
