"""Where the feathers lie: roof-tile patterns over the body, head, wings and tail.

Every function returns ``(u, v, edge, who, row)`` at a surface point: across the feather (-0.5..0.5), along it
(0 at the root, about 1.5 at the tip), distance from its outline (same unit), its hash, and its row.
"""

from __future__ import annotations

import math

from numba import njit

from .noise import hash_int, perlin

_LENGTH, _CURVE = 1.5, 2.0  # a tip at v = 1.5 that falls back to 1.0 at its sides, where the next tile starts


@njit
def tiles(u, v, around, seed):
    """Overlapping tiles of unit pitch; upper rows lie over lower ones.

    ``around`` is the number of columns after which the pattern meets itself (0: never).
    """
    row = math.floor(v)
    for above in (row - 1, row):
        shifted = u + 0.5 * (above & 1)
        column = math.floor(shifted)
        du, dv = shifted - column - 0.5, v - above
        edge = _LENGTH - _CURVE * du * du - dv
        if edge > 0.0 or above == row:
            if around > 0:
                column %= around
            # Across the tile the outline is also where its neighbour begins.
            side = 0.5 - abs(du) if dv < 1.0 else 1.0
            return du, dv, min(edge * 0.8, side + 0.03), hash_int(column, above, 0, seed), above
    return 0.0, 0.0, 0.0, 0, 0


@njit
def _wobble(x, y, z, seed):
    """A hand does not draw a grid: a fraction of a tile."""
    return 0.16 * perlin(55 * x, 55 * y, 55 * z, seed) + 0.05 * perlin(190 * x, 190 * y, 190 * z, seed + 1)


@njit
def body_feather(x, y, z):
    u = math.atan2(x, -y) / (2 * math.pi) * 30.0 + _wobble(x, y, z, 11)
    v = (0.21 - z) / 0.0135 + _wobble(x, y, z, 12) + 40.0
    return tiles(u, v, 30, 101)


@njit
def crown_feather(hx, hy, hz):
    """In the head's frame; rows run down from the crown."""
    polar = math.atan2(math.hypot(hx, hy + 0.004), hz - 0.205)
    u = math.atan2(hx, -hy) / (2 * math.pi) * 26.0 + _wobble(hx, hy, hz, 13)
    v = polar * 0.078 / 0.0125 + _wobble(hx, hy, hz, 14) + 40.0
    return tiles(u, v, 26, 102)


@njit
def wing_feather(back, up):
    """In the wing's frame: small coverts above, long flight feathers below, fanned out."""
    wobble = _wobble(back, up, 0.3, 15)
    if up > -0.002:
        return tiles(back / 0.0150 + wobble + 40.0, (0.09 - up) / 0.0150 + wobble + 40.0, 0, 103)
    u = back / (0.0165 + 0.05 * (up + 0.002)) + 0.6 * wobble + 40.0
    return tiles(u, (0.09 - up) / 0.040 + 0.5 * wobble + 41.0, 0, 104)


@njit
def tail_feather(x, y, z):
    down = (0.09 - z) * 0.8 + (y - 0.06) * 0.6
    u = x / (0.0125 + 0.07 * max(down, 0.0)) + 0.12 * perlin(60 * x, 60 * y, 60 * z, 16)
    column = math.floor(u + 0.5)
    du = u + 0.5 - column - 0.5
    return du, down / 0.05, 0.5 - abs(du), hash_int(column, 0, 0, 105), column
