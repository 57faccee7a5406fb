"""Gaussians to ellipses on the picture: EWA splatting (Zwicker et al., 2001; Kerbl et al., 2023).

Those that may be in the picture are collected until the lanes are full. A projected Gaussian is a row of ``ROW``
float32, one line of the cache.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from meshloom.kernels.splatting.arrays import LEAST_ALPHA
from meshloom.kernels.splatting.lanes import DOUBLES, choose, larger, of, put, root, scatter, spread
from meshloom.kernels.splatting.side_by_side import (
    ALPHA,
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
    OWN,
    REACH_X,
    REACH_Y,
    RED,
    ROW,
    SCALE,
    SH,
    A,
    B,
    C,
    axes,
    borders,
    collect,
    cross,
    dot,
    harmonics,
    linearised,
    seen_from,
    shortest,
    through,
    towards,
    unit,
    view,
    which,
)


@njit(cache=True, nogil=True, error_model="numpy")
def _draw(held, bands_used, turn, shift, lens, size, blur, antialiased, basis, found):  # type: ignore[no-untyped-def]
    """Project the lanes: write the columns of their rows to ``found``."""
    fx, fy, cx, cy = lens
    width, height = size
    r0, r1, r2, eye = view(turn, shift)
    x, y, z = seen_from(held, turn, shift)
    inverse = 1.0 / z
    px, py = x * inverse * fx + cx, y * inverse * fy + cy
    w, i, j, k, norm = unit(held)
    q0, q1, q2 = axes(w, i, j, k)
    _, t0, t1 = linearised(x, y, inverse, lens, borders(lens, size), turn)
    s0, s1, s2 = of(held, SCALE), of(held, SCALE + 1), of(held, SCALE + 2)
    p0, p1 = through(t0, q0, q1, q2), through(t1, q0, q1, q2)
    l0, l1 = (p0[0] * s0, p0[1] * s1, p0[2] * s2), (p1[0] * s0, p1[1] * s1, p1[2] * s2)
    va, vb, vc = dot(l0, l0), dot(l0, l1), dot(l1, l1)
    c = cross(l0, l1)
    flat = dot(c, c)  # the determinant before the blur, without cancellation
    full = flat + blur * (va + vc) + blur * blur
    va, vc = va + blur, vc + blur
    opacity = of(held, ALPHA)
    if antialiased:
        opacity = opacity * root(flat / full)
    put(found, LIMIT, opacity * (1.0 / LEAST_ALPHA))
    for lane in range(DOUBLES):  # there is no logarithm of lanes
        found[LIMIT * DOUBLES + lane] = np.log(found[LIMIT * DOUBLES + lane])
    limit = of(found, LIMIT)
    reach_x, reach_y = root(2.0 * limit * va), root(2.0 * limit * vc)
    seen = (opacity >= LEAST_ALPHA) & (norm > 0.0) & (norm < np.inf) & (full > 0.0) & (full < np.inf)
    seen = seen & (px + reach_x > 0.5) & (px - reach_x < width - 0.5)
    seen = seen & (py + reach_y > 0.5) & (py - reach_y < height - 0.5)
    put(found, MX, px)
    put(found, MY, py)
    full = 1.0 / full
    put(found, A, vc * full)
    put(found, B, -(vb * full))
    put(found, C, va * full)
    put(found, OPACITY, opacity)
    put(found, DEPTH, z)
    put(found, REACH_Y, reach_y)
    away, _ = towards(held, eye)
    harmonics(away, bands_used, basis)
    red, green, blue = spread(0.5), spread(0.5), spread(0.5)
    for band in range(bands_used):
        by = of(basis, band)
        red = red + by * of(held, SH + 3 * band)
        green = green + by * of(held, SH + 3 * band + 1)
        blue = blue + by * of(held, SH + 3 * band + 2)
    every = red + green + blue
    seen = seen & (every > -np.inf) & (every < np.inf)
    put(found, REACH_X, choose(seen, reach_x, -1.0))
    put(found, RED, larger(red, 0.0))
    put(found, GREEN, larger(green, 0.0))
    put(found, BLUE, larger(blue, 0.0))
    # The shortest axis, turned towards the eye.
    first, second = shortest(held)
    axis = which(first, second, q0), which(first, second, q1), which(first, second, q2)
    side = choose(dot(axis, away) > 0.0, spread(-1.0), 1.0)
    put(found, NX, side * dot(axis, r0))
    put(found, NY, side * dot(axis, r1))
    put(found, NZ, side * dot(axis, r2))


@njit(cache=True, nogil=True, error_model="numpy")
def project(
    first, last, means, quaternions, scales, opacities, sh, bands_used, turn, shift, lens, size, near, blur,
    antialiased, rows
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Fill ``rows[first:last]`` (N, 16); a Gaussian that is not in the picture gets REACH_X = -1.

    ``lens``: (fx, fy, cx, cy); ``size``: (width, height).
    """
    held, basis, found = np.zeros(OWN * DOUBLES), np.zeros(16 * DOUBLES), np.empty(ROW * DOUBLES)
    who, filled = np.empty(DOUBLES, np.int64), 0
    r20, r21, r22 = turn[2, 0], turn[2, 1], turn[2, 2]
    for n in range(first, last):
        rows[n, REACH_X] = -1.0
        z = r20 * means[n, 0] + r21 * means[n, 1] + r22 * means[n, 2] + shift[2]
        if z >= near and opacities[n] >= LEAST_ALPHA:
            who[filled] = n
            filled += 1
        if filled == DOUBLES or (filled > 0 and n == last - 1):
            who[filled:] = who[0]
            collect(held, who, means, quaternions, scales, opacities, sh, bands_used)
            _draw(held, bands_used, turn, shift, lens, size, blur, antialiased, basis, found)
            scatter(found, 0, rows, who, ROW, 0, 8)
            scatter(found, 8, rows, who, ROW, 8, 8)
            filled = 0
