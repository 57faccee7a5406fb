"""Blending front to back, tile by tile, and its gradients, also front to back.

The loop over the pixels of a tile is the innermost, short and without branches, so that LLVM turns it into vector
code; a Gaussian visits only the rows of the tile that its ellipse reaches. The gradient by an alpha needs what lies
behind it: that is the pixel's total less what came before, so nothing is walked backwards and no light is divided
back out.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from meshloom.kernels.splatting.arrays import LEAST_LIGHT, MOST_ALPHA
from meshloom.kernels.splatting.binning import TILE
from meshloom.kernels.splatting.projecting import (
    BLUE,
    DEPTH,
    GREEN,
    LIMIT,
    MX,
    MY,
    NX,
    NY,
    NZ,
    OPACITY,
    REACH_Y,
    RED,
    ROW,
    A,
    B,
    C,
)  # fmt: skip

PIXELS = TILE * TILE
MATHS = {"contract", "nsz", "arcp", "reassoc"}
ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
TOP = np.float32(MOST_ALPHA)
LEAST = np.float32(LEAST_LIGHT)
#: exp(-s) = p(s / 8)^8 with a polynomial p good to 1e-7 for s in 0..FAR; alphas end at s = ln 255 = 5.54.
FAR = np.float32(6.0)
EIGHTH = np.float32(0.125)
_nodes = 0.375 * (1 - np.cos((np.arange(64) + 0.5) * np.pi / 64))
_fit = np.polynomial.Polynomial.fit(_nodes, np.exp(-_nodes), 5, w=np.exp(_nodes)).convert().coef
E0, E1, E2, E3, E4, E5 = (np.float32(part) for part in _fit)
#: How many ellipses are blended between looks whether all pixels of the tile are finished.
LOOK = 8
#: How many are fetched at once: their rows lie anywhere in memory, and waiting for one at a time costs a third.
BLOCK = 32


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _put_centres(along, down):  # type: ignore[no-untyped-def]
    """Of the pixels of a tile: how far along and down they are in it."""
    for k in range(PIXELS):
        along[k] = np.float32(k % TILE) + HALF
        down[k] = np.float32(k // TILE) + HALF


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _fetch(who, rows, x0, y0, tall, near, ends):  # type: ignore[no-untyped-def]
    """Fill ``near`` with the ``rows`` of ``who``, seen from a tile at (x0, y0), and ``ends`` with their pixels.

    As ``projecting.project`` leaves them, but for centres in the tile, halves of A and C, and no reach.
    """
    for n in range(len(who)):
        row, own = rows[who[n]], near[n]
        mx, my = row[MX] - np.float32(x0), row[MY] - np.float32(y0)
        top = max(int(np.ceil(my - row[REACH_Y] - HALF)), 0)
        bottom = max(min(int(np.floor(my + row[REACH_Y] - HALF)) + 1, tall), top)
        ends[n, 0], ends[n, 1] = top * TILE, bottom * TILE
        own[MX], own[MY], own[A], own[B], own[C] = mx, my, row[A] * HALF, row[B], row[C] * HALF
        own[OPACITY], own[LIMIT], own[RED], own[GREEN], own[BLUE] = (
            row[OPACITY], row[LIMIT], row[RED], row[GREEN], row[BLUE]
        )  # fmt: skip
        own[DEPTH], own[NX], own[NY], own[NZ] = row[DEPTH], row[NX], row[NY], row[NZ]


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _ellipse(row, ends):  # type: ignore[no-untyped-def]
    """What was fetched of one: its pixels, centre, form, opacity, limit and colour."""
    begin, end = np.uintp(ends[0]), np.uintp(ends[1])
    form = row[MX], row[MY], row[A], row[B], row[C]
    return begin, end, *form, row[OPACITY], row[LIMIT], row[RED], row[GREEN], row[BLUE]


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _finished(light):  # type: ignore[no-untyped-def]
    """Whether no pixel takes more. Counted, since a largest value is looked for one by one."""
    lit = np.int32(0)
    for k in range(PIXELS):
        lit += np.int32(light[k] >= LEAST)
    return lit == 0


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _half_fall(s):  # type: ignore[no-untyped-def]
    """exp(-s / 2), of which the square is wanted."""
    u = min(s, FAR) * EIGHTH
    e = E0 + u * (E1 + u * (E2 + u * (E3 + u * (E4 + u * E5))))
    e = e * e
    return e * e


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def blend(tiles, offsets, who, rows, tiles_across, geometry, colour, left, depth, normal, median):  # type: ignore[no-untyped-def]
    """Draw ``tiles`` (numbers). ``colour`` (3, H, W), ``left`` (H, W); the rest only with ``geometry``."""
    height, width = left.shape
    # One piece of memory, so that nothing has to be checked for overlaps at every ellipse.
    held = np.zeros((12, PIXELS), np.float32)
    along, down, light, share, middle = held[0], held[1], held[2], held[3], held[4]
    red, green, blue, more = held[5], held[6], held[7], held[8:]
    _put_centres(along, down)
    near, ends = np.empty((BLOCK, ROW), np.float32), np.empty((BLOCK, 2), np.int64)
    for tile in tiles:
        x0, y0 = (tile % tiles_across) * TILE, (tile // tiles_across) * TILE
        tall, wide = min(TILE, height - y0), min(TILE, width - x0)
        for k in range(PIXELS):
            light[k] = ONE if k % TILE < wide and k // TILE < tall else ZERO
            red[k] = green[k] = blue[k] = ZERO
        if geometry:
            more[:] = ZERO
            middle[:] = ZERO
        first, last = offsets[tile], offsets[tile + 1]
        for place in range(first, last):
            at = (place - first) % BLOCK
            if at == 0:
                _fetch(who[place : min(place + BLOCK, last)], rows, x0, y0, tall, near, ends)
            row = near[at]
            begin, end, mx, my, a, b, c, opacity, limit, r, g, bl = _ellipse(row, ends[at])
            if begin == end:
                continue
            for k in range(begin, end):
                dx, dy = along[k] - mx, down[k] - my
                s = a * dx * dx + c * dy * dy + b * dx * dy
                e = _half_fall(s)
                alpha = min(opacity * e * e, TOP)
                t = light[k]
                alpha = alpha if s <= limit else ZERO
                alpha = alpha if t >= LEAST else ZERO
                w = alpha * t
                light[k] = t - w
                share[k] = w
                red[k] += w * r
                green[k] += w * g
                blue[k] += w * bl
            if geometry:
                z, nx, ny, nz = row[DEPTH], row[NX], row[NY], row[NZ]
                for k in range(begin, end):
                    w = share[k]
                    more[0, k] += w * z
                    more[1, k] += w * nx
                    more[2, k] += w * ny
                    more[3, k] += w * nz
                    crosses = light[k] < HALF and light[k] + w >= HALF
                    middle[k] = z if crosses else middle[k]
            if place % LOOK == 0 and _finished(light):
                break
        for y in range(tall):
            for x in range(wide):
                k = y * TILE + x
                left[y0 + y, x0 + x] = light[k]
                colour[0, y0 + y, x0 + x] = red[k]
                colour[1, y0 + y, x0 + x] = green[k]
                colour[2, y0 + y, x0 + x] = blue[k]
        if geometry:
            for y in range(tall):
                for x in range(wide):
                    k = y * TILE + x
                    depth[y0 + y, x0 + x] = more[0, k]
                    for axis in range(3):
                        normal[axis, y0 + y, x0 + x] = more[1 + axis, k]
                    median[y0 + y, x0 + x] = middle[k]


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def blend_back(
    tiles, offsets, who, slot, rows, tiles_across, geometry, colour, left, depth, normal, v_colour, v_alpha,
    v_depth, v_normal, hits
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Write the sums of gradients of every ellipse in every one of ``tiles`` to ``hits[slot]`` (M, 13), see SUMS."""
    height, width = left.shape
    held = np.zeros((13, PIXELS), np.float32)
    along, down, light, behind, share, extra = held[0], held[1], held[2], held[3], held[4], held[5]
    v0, v1, v2, v3 = held[6], held[7], held[8], held[9:]
    _put_centres(along, down)
    near, ends = np.empty((BLOCK, ROW), np.float32), np.empty((BLOCK, 2), np.int64)
    columns = hits.shape[1]
    for tile in tiles:
        x0, y0 = (tile % tiles_across) * TILE, (tile // tiles_across) * TILE
        tall, wide = min(TILE, height - y0), min(TILE, width - x0)
        for k in range(PIXELS):
            light[k] = ZERO
            behind[k] = v0[k] = v1[k] = v2[k] = ZERO
        if geometry:
            v3[:] = ZERO
        for y in range(tall):
            for x in range(wide):
                k = y * TILE + x
                at_y, at_x = y0 + y, x0 + x
                light[k] = ONE
                v0[k], v1[k], v2[k] = (
                    v_colour[0, at_y, at_x],
                    v_colour[1, at_y, at_x],
                    v_colour[2, at_y, at_x],
                )
                total = (
                    v0[k] * colour[0, at_y, at_x]
                    + v1[k] * colour[1, at_y, at_x]
                    + v2[k] * colour[2, at_y, at_x]
                )
                if geometry:
                    v3[0, k] = v_depth[at_y, at_x]
                    total += v3[0, k] * depth[at_y, at_x]
                    for axis in range(3):
                        v3[1 + axis, k] = v_normal[axis, at_y, at_x]
                        total += v3[1 + axis, k] * normal[axis, at_y, at_x]
                behind[k] = total - v_alpha[at_y, at_x] * left[at_y, at_x]
        first, last = offsets[tile], offsets[tile + 1]
        stopped = last
        for place in range(first, last):
            at = (place - first) % BLOCK
            if at == 0:
                _fetch(who[place : min(place + BLOCK, last)], rows, x0, y0, tall, near, ends)
            row = near[at]
            begin, end, mx, my, a, b, c, opacity, limit, r, g, bl = _ellipse(row, ends[at])
            if geometry:
                z, nx, ny, nz = row[DEPTH], row[NX], row[NY], row[NZ]
                for k in range(begin, end):
                    extra[k] = z * v3[0, k] + nx * v3[1, k] + ny * v3[2, k] + nz * v3[3, k]
            sum_s, sum_x, sum_y, sum_xx, sum_xy, sum_yy = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
            sum_r, sum_g, sum_b = ZERO, ZERO, ZERO
            for k in range(begin, end):
                dx, dy = along[k] - mx, down[k] - my
                s = a * dx * dx + c * dy * dy + b * dx * dy
                e = _half_fall(s)
                raw = opacity * e * e
                t = light[k]
                raw = raw if s <= limit else ZERO
                raw = raw if t >= LEAST else ZERO
                alpha = min(raw, TOP)
                w = alpha * t
                value = r * v0[k] + g * v1[k] + bl * v2[k] + extra[k]
                rest = behind[k] - w * value
                light[k] = t - w
                behind[k] = rest
                share[k] = w
                free = raw if raw < TOP else ZERO
                gs = free * (rest / (ONE - alpha) - t * value)
                gx, gy = gs * dx, gs * dy
                sum_s += gs
                sum_x += gx
                sum_y += gy
                sum_xx += gx * dx
                sum_xy += gx * dy
                sum_yy += gy * dy
                sum_r += w * v0[k]
                sum_g += w * v1[k]
                sum_b += w * v2[k]
            hit = hits[slot[place]]
            hit[0], hit[1], hit[2], hit[3], hit[4], hit[5] = sum_s, sum_x, sum_y, sum_xx, sum_xy, sum_yy
            hit[6], hit[7], hit[8] = sum_r, sum_g, sum_b
            if geometry:
                for channel in range(4):
                    total = ZERO
                    for k in range(begin, end):
                        total += share[k] * v3[channel, k]
                    hit[9 + channel] = total
            if place % LOOK == 0 and _finished(light):
                stopped = place + 1
                break
        for place in range(stopped, last):
            hit = hits[slot[place]]
            for column in range(columns):
                hit[column] = ZERO
