"""Blending front to back, tile by tile, and its gradients, also front to back.

In a tile an ellipse visits strips of ``STRIP`` columns, the first where it begins, and of each only the rows that it
reaches there; lanes are a few rows of a strip. The gradient by an alpha needs what lies behind it: that is the
pixel's total less what came before, so nothing is walked backwards and no light is divided back out.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from meshloom.kernels.splatting.arrays import LEAST_ALPHA, LEAST_LIGHT, MOST_ALPHA
from meshloom.kernels.splatting.binning import STRIP, TALL, WIDE
from meshloom.kernels.splatting.lanes import (
    LANES,
    any_of,
    choose,
    copy,
    load,
    load_rows,
    smaller,
    spread,
    store,
    store_rows,
    total,
    totals,
)
from meshloom.kernels.splatting.side_by_side import (
    BLUE,
    DEPTH,
    GREEN,
    LIMIT,
    MX,
    MY,
    NX,
    NY,
    NZ,
    RED,
    A,
    B,
    C,
)  # fmt: skip

#: Lanes are this many rows of a strip at once. In memory a tile has room for what hangs over its last row and column,
#: where there never is light.
ROWS = LANES // STRIP
STRIDE = WIDE + STRIP
PLANE = STRIDE * (TALL + ROWS - 1)
PLANE += -PLANE % LANES
ACROSS = (np.arange(LANES) % STRIP + 0.5).astype(np.float32)
DOWN = (np.arange(LANES) // STRIP + 0.5).astype(np.float32)
MATHS = {"contract", "nsz", "arcp", "reassoc"}
AHEAD = np.float32(ROWS)
ZERO, HALF, ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
TOP = np.float32(MOST_ALPHA)
LEAST = np.float32(LEAST_LIGHT)
#: exp(u) / 255 = p(u)^8 with a polynomial p good to 1e-7 for u in 0..6; alphas begin at u = 0 and end at ln 255.
_nodes = 3 * (1 - np.cos((np.arange(64) + 0.5) * np.pi / 64))
_values = np.exp(_nodes / 8) * LEAST_ALPHA**0.125
_fit = np.polynomial.Polynomial.fit(_nodes, _values, 5, w=1 / _values).convert().coef
E0, E1, E2, E3, E4, E5 = (np.float32(part) for part in _fit)
#: Planes of a tile: the share of light left, then what is drawn; on the way back what lies behind times its
#: gradients, and the gradients by what was drawn.
LIGHT, COLOUR, ITS_DEPTH, NORMAL, MIDDLE = 0, 1, 4, 5, 8
BEHIND, V_COLOUR, V_DEPTH, V_NORMAL = 1, 2, 5, 6
PLANES = 9
#: How many ellipses are blended between looks whether all pixels of the tile are finished.
LOOK = 32


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _alpha(u):  # type: ignore[no-untyped-def]
    """exp(u) / 255, of lanes."""
    e = E0 + u * (E1 + u * (E2 + u * (E3 + u * (E4 + u * E5))))
    e = e * e
    e = e * e
    return e * e


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _of(planes, plane, k):  # type: ignore[no-untyped-def]
    """The lanes from pixel ``k`` of a plane on."""
    return load_rows(planes, plane * PLANE + k, STRIDE)


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _put(planes, plane, k, value):  # type: ignore[no-untyped-def]
    store_rows(planes, plane * PLANE + k, STRIDE, value)


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _add(planes, plane, k, value):  # type: ignore[no-untyped-def]
    _put(planes, plane, k, _of(planes, plane, k) + value)


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _finished(planes):  # type: ignore[no-untyped-def]
    """Whether no pixel takes more: ``planes`` begins with the light left."""
    for k in range(0, PLANE, LANES):  # noqa: SIM110
        if any_of(load(planes, k) >= LEAST):
            return False
    return True


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _lit(planes, tall, wide):  # type: ignore[no-untyped-def]
    """Begin with all light in the pixels of a tile, and none beside them."""
    planes[:PLANE] = ZERO
    for y in range(tall):
        planes[y * STRIDE : y * STRIDE + wide] = ONE


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _give(planes, plane, tall, wide, picture, place, width):  # type: ignore[no-untyped-def]
    """Copy a plane to a tile of a picture whose first pixel is at ``place``."""
    for y in range(tall):
        k = plane * PLANE + y * STRIDE
        for x in range(0, wide, STRIP):
            if x + STRIP <= wide:
                copy(picture, place + x, planes, k + x)
            else:
                for more in range(x, wide):
                    picture[place + more] = planes[k + more]
        place += width


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _take(planes, plane, tall, wide, picture, place, width):  # type: ignore[no-untyped-def]
    """Copy a tile of a picture to a plane; zeros to what lanes may hang over, since 0 * NaN is none."""
    for y in range(tall + ROWS - 1):
        k = plane * PLANE + y * STRIDE
        here = wide if y < tall else 0
        for x in range(0, here, STRIP):
            if x + STRIP <= wide:
                copy(planes, k + x, picture, place + x)
            else:
                for more in range(x, wide):
                    planes[k + more] = picture[place + more]
        for x in range(here, wide + STRIP):
            planes[k + x] = ZERO
        place += width


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _add_products(planes, by, sign):  # type: ignore[no-untyped-def]
    """Add what is in the plane of light, times gradients in another and ``sign``, to what lies behind."""
    for k in range(0, PLANE, LANES):
        product = load(planes, LIGHT * PLANE + k) * load(planes, by * PLANE + k) * sign
        store(planes, BEHIND * PLANE + k, load(planes, BEHIND * PLANE + k) + product)


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def blend(tiles, offsets, copies, windows, width, height, colour, left, depth, normal, median):  # type: ignore[no-untyped-def]
    """Draw ``tiles`` (numbers). Pictures are flat: ``colour`` (3 H W,), ``left`` (H W,); the rest may be ``None``."""
    tiles_across = -(-width // WIDE)
    planes = np.zeros(PLANES * PLANE, np.float32)
    across, down = load(ACROSS, 0), load(DOWN, 0)
    for tile in tiles:
        x0, y0 = (tile % tiles_across) * WIDE, (tile // tiles_across) * TALL
        tall, wide = min(TALL, height - y0), min(WIDE, width - x0)
        planes[COLOUR * PLANE : (ITS_DEPTH if depth is None else PLANES) * PLANE] = ZERO
        _lit(planes, tall, wide)
        for place in range(offsets[tile], offsets[tile + 1]):
            row, window = copies[place], windows[place]
            mx, my = row[MX], row[MY]
            a, b, c, limit = row[A] * HALF, row[B], row[C] * HALF, row[LIMIT]
            red, green, blue = spread(row[RED]), spread(row[GREEN]), spread(row[BLUE])
            column = 2
            for strip in range(window[1]):
                first, end = np.intp(window[column]), np.intp(window[column + 1])
                column += 2
                x = np.intp(window[0]) + strip * STRIP
                dx = across + (np.float32(x) - mx)
                most, slope = limit - dx * dx * a, dx * b
                dy = down + (np.float32(first) - my)
                k = first * STRIDE + x
                for _ in range(first, end, ROWS):
                    u = most - (slope + dy * c) * dy
                    t = _of(planes, LIGHT, k)
                    takes = (u >= ZERO) & (t >= LEAST)
                    w = choose(takes, smaller(_alpha(u), TOP), ZERO) * t
                    rest = t - w
                    _put(planes, LIGHT, k, rest)
                    _add(planes, COLOUR, k, w * red)
                    _add(planes, COLOUR + 1, k, w * green)
                    _add(planes, COLOUR + 2, k, w * blue)
                    if depth is not None:
                        z = row[DEPTH]
                        _add(planes, ITS_DEPTH, k, w * z)
                        _add(planes, NORMAL, k, w * row[NX])
                        _add(planes, NORMAL + 1, k, w * row[NY])
                        _add(planes, NORMAL + 2, k, w * row[NZ])
                        crosses = (rest < HALF) & (t >= HALF)
                        _put(planes, MIDDLE, k, choose(crosses, z, _of(planes, MIDDLE, k)))
                    dy = dy + AHEAD
                    k += ROWS * STRIDE
            if place % LOOK == 0 and _finished(planes):
                break
        pixel = y0 * width + x0
        _give(planes, LIGHT, tall, wide, left, pixel, width)
        for channel in range(3):
            _give(planes, COLOUR + channel, tall, wide, colour, channel * height * width + pixel, width)
        if depth is not None:
            _give(planes, ITS_DEPTH, tall, wide, depth, pixel, width)
            for axis in range(3):
                _give(planes, NORMAL + axis, tall, wide, normal, axis * height * width + pixel, width)
            _give(planes, MIDDLE, tall, wide, median, pixel, width)


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def blend_back(
    tiles, offsets, copies, windows, order, width, height, colour, left, depth, normal, v_colour, v_alpha,
    v_depth, v_normal, hits
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Write the sums of gradients of every ellipse in every one of ``tiles`` to its place in ``hits`` (M + 1, 13).

    See ``side_by_side.SUMS``; ``depth``, ``normal`` and the gradients by them may be ``None``, with 9 columns then.
    """
    tiles_across = -(-width // WIDE)
    planes = np.zeros(PLANES * PLANE, np.float32)
    across, down = load(ACROSS, 0), load(DOWN, 0)
    for tile in tiles:
        x0, y0 = (tile % tiles_across) * WIDE, (tile // tiles_across) * TALL
        tall, wide = min(TALL, height - y0), min(WIDE, width - x0)
        pixel = y0 * width + x0
        planes[BEHIND * PLANE : (BEHIND + 1) * PLANE] = ZERO
        # In the plane of light, for a while: what was drawn.
        _take(planes, LIGHT, tall, wide, left, pixel, width)
        _take(planes, V_COLOUR, tall, wide, v_alpha, pixel, width)
        _add_products(planes, V_COLOUR, -ONE)
        for channel in range(3):
            at = channel * height * width + pixel
            _take(planes, LIGHT, tall, wide, colour, at, width)
            _take(planes, V_COLOUR + channel, tall, wide, v_colour, at, width)
            _add_products(planes, V_COLOUR + channel, ONE)
        if depth is not None:
            _take(planes, LIGHT, tall, wide, depth, pixel, width)
            _take(planes, V_DEPTH, tall, wide, v_depth, pixel, width)
            _add_products(planes, V_DEPTH, ONE)
            for axis in range(3):
                at = axis * height * width + pixel
                _take(planes, LIGHT, tall, wide, normal, at, width)
                _take(planes, V_NORMAL + axis, tall, wide, v_normal, at, width)
                _add_products(planes, V_NORMAL + axis, ONE)
        _lit(planes, tall, wide)
        hits[offsets[tile] : offsets[tile + 1]] = ZERO
        for place in range(offsets[tile], offsets[tile + 1]):
            row, window = copies[place], windows[place]
            mx, my = row[MX], row[MY]
            a, b, c, limit = row[A] * HALF, row[B], row[C] * HALF, row[LIMIT]
            red, green, blue = spread(row[RED]), spread(row[GREEN]), spread(row[BLUE])
            none = spread(ZERO)
            sum_s, sum_x, sum_y, sum_xx, sum_xy, sum_yy = none, none, none, none, none, none
            sum_r, sum_g, sum_b = none, none, none
            sum_z, sum_nx, sum_ny, sum_nz = none, none, none, none
            column = 2
            for strip in range(window[1]):
                first, end = np.intp(window[column]), np.intp(window[column + 1])
                column += 2
                x = np.intp(window[0]) + strip * STRIP
                dx = across + (np.float32(x) - mx)
                most, slope = limit - dx * dx * a, dx * b
                dy = down + (np.float32(first) - my)
                k = first * STRIDE + x
                strip_s, strip_y = none, none
                for _ in range(first, end, ROWS):
                    u = most - (slope + dy * c) * dy
                    t = _of(planes, LIGHT, k)
                    takes = (u >= ZERO) & (t >= LEAST)
                    raw = choose(takes, _alpha(u), ZERO)
                    alpha = smaller(raw, TOP)
                    w = alpha * t
                    v0, v1 = _of(planes, V_COLOUR, k), _of(planes, V_COLOUR + 1, k)
                    v2 = _of(planes, V_COLOUR + 2, k)
                    value = v0 * red + v1 * green + v2 * blue
                    if depth is not None:
                        vz, vnx = _of(planes, V_DEPTH, k), _of(planes, V_NORMAL, k)
                        vny, vnz = _of(planes, V_NORMAL + 1, k), _of(planes, V_NORMAL + 2, k)
                        value = value + vz * row[DEPTH] + vnx * row[NX] + vny * row[NY] + vnz * row[NZ]
                        sum_z, sum_nx = sum_z + w * vz, sum_nx + w * vnx
                        sum_ny, sum_nz = sum_ny + w * vny, sum_nz + w * vnz
                    rest = _of(planes, BEHIND, k) - w * value
                    _put(planes, LIGHT, k, t - w)
                    _put(planes, BEHIND, k, rest)
                    gs = choose(raw < TOP, raw, ZERO) * (rest / (ONE - alpha) - t * value)
                    gy = gs * dy
                    strip_s = strip_s + gs
                    strip_y = strip_y + gy
                    sum_yy = sum_yy + gy * dy
                    sum_r = sum_r + w * v0
                    sum_g = sum_g + w * v1
                    sum_b = sum_b + w * v2
                    dy = dy + AHEAD
                    k += ROWS * STRIDE
                along = strip_s * dx
                sum_s, sum_x, sum_xx = sum_s + strip_s, sum_x + along, sum_xx + along * dx
                sum_y, sum_xy = sum_y + strip_y, sum_xy + strip_y * dx
            hit = hits[order[place]]
            totals(hit, 0, sum_s, sum_x, sum_y, sum_xx, sum_xy, sum_yy, sum_r, sum_g)
            hit[8] = total(sum_b)
            if depth is not None:
                hit[9], hit[10], hit[11], hit[12] = total(sum_z), total(sum_nx), total(sum_ny), total(sum_nz)
            if place % LOOK == 0 and _finished(planes):
                break
