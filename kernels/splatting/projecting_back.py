"""Gradients of ellipses on the picture back to the Gaussians and the camera."""

from __future__ import annotations

import numpy as np
from numba import njit

from meshloom.kernels.splatting.harmonics import slopes
from meshloom.kernels.splatting.lanes import DOUBLES, choose, gather, of, put, root, scatter, spread
from meshloom.kernels.splatting.side_by_side import (
    ALPHA,
    BLUE,
    GREEN,
    HELD,
    MEAN,
    OPACITY,
    OWN,
    RED,
    ROW,
    SCALE,
    SH,
    SUM,
    SUMS,
    TURN,
    A,
    B,
    C,
    add,
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

#: Gaussians whose gradients by the camera are summed together, whoever takes them back.
BLOCK = 1024
#: Gradients lie as what they are by, and then how far each pulls on the picture.
PULL = SH + 48
FOUND = PULL + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _but_the_first(weights):  # type: ignore[no-untyped-def]
    """Of the bands after the constant one."""
    return (
        of(weights, 1), of(weights, 2), of(weights, 3), of(weights, 4), of(weights, 5), of(weights, 6),
        of(weights, 7), of(weights, 8), of(weights, 9), of(weights, 10), of(weights, 11), of(weights, 12),
        of(weights, 13), of(weights, 14), of(weights, 15),
    )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
def _sum_up(held, who, filled, starts, places, hits, numbers, more):  # type: ignore[no-untyped-def]
    """Sum the hits of the first lanes; the others get none."""
    columns, most = hits.shape[1], 0
    for column in range(SUMS):
        put(held, SUM + column, spread(0.0))
    for lane in range(filled):
        most = max(most, starts[who[lane] + 1] - starts[who[lane]])
    for turn in range(most):
        numbers[:] = len(hits) - 1
        for lane in range(filled):
            begin = starts[who[lane]]
            if begin + turn < starts[who[lane] + 1]:
                numbers[lane] = places[begin + turn]
        gather(more, 0, hits, numbers, columns, 0, 8)
        gather(more, 8, hits, numbers, columns, 8, 1)
        if columns == SUMS:
            gather(more, 9, hits, numbers, columns, 9, 4)
        for column in range(columns):
            add(held, SUM + column, of(more, column))


@njit(cache=True, nogil=True, error_model="numpy")
def _back(
    held, bands_used, turn, shift, lens, size, blur, antialiased, geometry, basis, weights, found, pose
):  # type: ignore[no-untyped-def]
    """Take the sums of the lanes back to their parameters: write ``found``, add to ``pose``, both lane by lane."""
    r0, r1, r2, eye = view(turn, shift)
    edges = borders(lens, size)
    left, right, above, under = edges
    every = spread(0.0)
    for column in range(SUMS):
        every = every + of(held, SUM + column)
    good = (every < np.inf) & (every > -np.inf)
    for column in range(SUMS):
        put(held, SUM + column, choose(good, of(held, SUM + column), 0.0))
    qa, qb, qc = of(held, OWN + A), of(held, OWN + B), of(held, OWN + C)
    g1, g2 = of(held, SUM + 1), of(held, SUM + 2)
    v_px, v_py = -(qa * g1 + qb * g2), -(qb * g1 + qc * g2)
    put(found, PULL, choose(good, root(v_px * v_px + v_py * v_py), np.nan))
    v_eff = -(of(held, SUM) / of(held, OWN + OPACITY))
    # By the covariance: -Q G Q with G the gradient by Q.
    ga, gb, gc = 0.5 * of(held, SUM + 3), 0.5 * of(held, SUM + 4), 0.5 * of(held, SUM + 5)
    h00, h01 = qa * ga + qb * gb, qa * gb + qb * gc
    h10, h11 = qb * ga + qc * gb, qb * gb + qc * gc
    g00, g01, g11 = -(h00 * qa + h01 * qb), -(h00 * qb + h01 * qc), -(h10 * qb + h11 * qc)

    x, y, z = seen_from(held, turn, shift)
    inverse = 1.0 / z
    slope_x, slope_y = x * inverse, y * inverse
    w, i, j, k, norm = unit(held)
    q0, q1, q2 = axes(w, i, j, k)
    (j00, j02, j11, j12), t0, t1 = linearised(x, y, inverse, lens, edges, turn)
    s0, s1, s2 = of(held, SCALE), of(held, SCALE + 1), of(held, SCALE + 2)
    p0, p1 = through(t0, q0, q1, q2), through(t1, q0, q1, q2)
    l0, l1 = (p0[0] * s0, p0[1] * s1, p0[2] * s2), (p1[0] * s0, p1[1] * s1, p1[2] * s2)

    zero = spread(0.0)
    e0, e1, e2, f0, f1, f2 = zero, zero, zero, zero, zero, zero
    v_opacity = v_eff
    if antialiased:
        c = cross(l0, l1)
        flat = dot(c, c)
        va, vb, vc = dot(l0, l0) + blur, dot(l0, l1), dot(l1, l1) + blur
        full = flat + blur * (va + vc - 2.0 * blur) + blur * blur
        share = root(flat / full)
        v_opacity = v_eff * share
        v_share = v_eff * of(held, ALPHA)
        pull = choose(flat > 0.0, v_share / root(flat * full), 0.0)
        e, f = cross(l1, c), cross(c, l0)
        e0, e1, e2, f0, f1, f2 = pull * e[0], pull * e[1], pull * e[2], pull * f[0], pull * f[1], pull * f[2]
        pull = 0.5 * v_share * share / full
        g00, g11, g01 = g00 - pull * vc, g11 - pull * va, g01 + pull * vb
    put(found, ALPHA, v_opacity)

    a, b, c = 2.0 * g00, 2.0 * g01, 2.0 * g11
    e0, e1, e2 = e0 + a * l0[0] + b * l1[0], e1 + a * l0[1] + b * l1[1], e2 + a * l0[2] + b * l1[2]
    f0, f1, f2 = f0 + b * l0[0] + c * l1[0], f1 + b * l0[1] + c * l1[1], f2 + b * l0[2] + c * l1[2]
    put(found, SCALE, e0 * p0[0] + f0 * p1[0])
    put(found, SCALE + 1, e1 * p0[1] + f1 * p1[1])
    put(found, SCALE + 2, e2 * p0[2] + f2 * p1[2])
    e, f = (e0 * s0, e1 * s1, e2 * s2), (f0 * s0, f1 * s1, f2 * s2)
    # By T = J R, then by the Gaussian's axes.
    d0, d1 = (dot(e, q0), dot(e, q1), dot(e, q2)), (dot(f, q0), dot(f, q1), dot(f, q2))
    a00, a01, a02 = t0[0] * e[0] + t1[0] * f[0], t0[0] * e[1] + t1[0] * f[1], t0[0] * e[2] + t1[0] * f[2]
    a10, a11, a12 = t0[1] * e[0] + t1[1] * f[0], t0[1] * e[1] + t1[1] * f[1], t0[1] * e[2] + t1[1] * f[2]
    a20, a21, a22 = t0[2] * e[0] + t1[2] * f[0], t0[2] * e[1] + t1[2] * f[1], t0[2] * e[2] + t1[2] * f[2]
    v_j00, v_j02, v_j11, v_j12 = dot(d0, r0), dot(d0, r2), dot(d1, r1), dot(d1, r2)
    v_x, v_y = v_px * j00, v_py * j11
    v_z = -(v_x * slope_x + v_y * slope_y + inverse * (j00 * v_j00 + j02 * v_j02 + j11 * v_j11 + j12 * v_j12))
    # A slope that is held at the edge of the picture does not move.
    free = (slope_x >= -left) & (right >= slope_x)
    pull = choose(free, j00 * inverse * v_j02, 0.0)
    v_x, v_z = v_x - pull, v_z + pull * slope_x
    free = (slope_y >= -above) & (under >= slope_y)
    pull = choose(free, j11 * inverse * v_j12, 0.0)
    v_y, v_z = v_y - pull, v_z + pull * slope_y

    away, near = towards(held, eye)
    b0, b1, b2, axis = zero, zero, zero, (zero, zero, zero)
    if geometry:
        v_z = v_z + of(held, SUM + 9)
        first, second = shortest(held)
        axis = which(first, second, q0), which(first, second, q1), which(first, second, q2)
        side = choose(dot(axis, away) > 0.0, spread(-1.0), 1.0)
        b0, b1, b2 = side * of(held, SUM + 10), side * of(held, SUM + 11), side * of(held, SUM + 12)
        h0 = b0 * r0[0] + b1 * r1[0] + b2 * r2[0]
        h1 = b0 * r0[1] + b1 * r1[1] + b2 * r2[1]
        h2 = b0 * r0[2] + b1 * r1[2] + b2 * r2[2]
        a00, a10, a20 = (
            a00 + choose(first, h0, 0.0),
            a10 + choose(first, h1, 0.0),
            a20 + choose(first, h2, 0.0),
        )
        h0, h1, h2 = choose(first, 0.0, h0), choose(first, 0.0, h1), choose(first, 0.0, h2)
        a01, a11, a21 = (
            a01 + choose(second, h0, 0.0),
            a11 + choose(second, h1, 0.0),
            a21 + choose(second, h2, 0.0),
        )
        a02, a12, a22 = (
            a02 + choose(second, 0.0, h0),
            a12 + choose(second, 0.0, h1),
            a22 + choose(second, 0.0, h2),
        )
    v_w = 2.0 * (i * (a21 - a12) + j * (a02 - a20) + k * (a10 - a01))
    v_i = 2.0 * (j * (a10 + a01) + k * (a20 + a02) + w * (a21 - a12) - 2.0 * i * (a11 + a22))
    v_j = 2.0 * (i * (a10 + a01) + k * (a21 + a12) + w * (a02 - a20) - 2.0 * j * (a00 + a22))
    v_k = 2.0 * (i * (a20 + a02) + j * (a21 + a12) + w * (a10 - a01) - 2.0 * k * (a00 + a11))
    along = w * v_w + i * v_i + j * v_j + k * v_k
    put(found, TURN, (v_w - w * along) * norm)
    put(found, TURN + 1, (v_i - i * along) * norm)
    put(found, TURN + 2, (v_j - j * along) * norm)
    put(found, TURN + 3, (v_k - k * along) * norm)

    red = choose(of(held, OWN + RED) > 0.0, of(held, SUM + 6), 0.0)
    green = choose(of(held, OWN + GREEN) > 0.0, of(held, SUM + 7), 0.0)
    blue = choose(of(held, OWN + BLUE) > 0.0, of(held, SUM + 8), 0.0)
    harmonics(away, bands_used, basis)
    for band in range(bands_used):
        by, place = of(basis, band), SH + 3 * band
        put(found, place, by * red)
        put(found, place + 1, by * green)
        put(found, place + 2, by * blue)
        put(weights, band, of(held, place) * red + of(held, place + 1) * green + of(held, place + 2) * blue)
    w0, w1, w2 = zero, zero, zero
    if bands_used > 1:
        w0, w1, w2 = slopes(away[0], away[1], away[2], _but_the_first(weights))
        along = w0 * away[0] + w1 * away[1] + w2 * away[2]
        w0, w1, w2 = (
            (w0 - along * away[0]) * near,
            (w1 - along * away[1]) * near,
            (w2 - along * away[2]) * near,
        )
    put(found, MEAN, v_x * r0[0] + v_y * r1[0] + v_z * r2[0] + w0)
    put(found, MEAN + 1, v_x * r0[1] + v_y * r1[1] + v_z * r2[1] + w1)
    put(found, MEAN + 2, v_x * r0[2] + v_y * r1[2] + v_z * r2[2] + w2)

    # The eye is -R^T t, so what pulls the direction pulls the camera too.
    m0, m1, m2 = of(held, MEAN), of(held, MEAN + 1), of(held, MEAN + 2)
    add(pose, 0, w0 * shift[0] + v_x * m0 + j00 * d0[0] + b0 * axis[0])
    add(pose, 1, w1 * shift[0] + v_x * m1 + j00 * d0[1] + b0 * axis[1])
    add(pose, 2, w2 * shift[0] + v_x * m2 + j00 * d0[2] + b0 * axis[2])
    add(pose, 3, w0 * shift[1] + v_y * m0 + j11 * d1[0] + b1 * axis[0])
    add(pose, 4, w1 * shift[1] + v_y * m1 + j11 * d1[1] + b1 * axis[1])
    add(pose, 5, w2 * shift[1] + v_y * m2 + j11 * d1[2] + b1 * axis[2])
    add(pose, 6, w0 * shift[2] + v_z * m0 + j02 * d0[0] + j12 * d1[0] + b2 * axis[0])
    add(pose, 7, w1 * shift[2] + v_z * m1 + j02 * d0[1] + j12 * d1[1] + b2 * axis[1])
    add(pose, 8, w2 * shift[2] + v_z * m2 + j02 * d0[2] + j12 * d1[2] + b2 * axis[2])
    add(pose, 9, v_x + w0 * r0[0] + w1 * r0[1] + w2 * r0[2])
    add(pose, 10, v_y + w0 * r1[0] + w1 * r1[1] + w2 * r1[2])
    add(pose, 11, v_z + w0 * r2[0] + w1 * r2[1] + w2 * r2[2])


@njit(cache=True, nogil=True, error_model="numpy")
def _block_back(
    first, last, means, quaternions, scales, opacities, sh, bands_used, turn, shift, lens, size, blur, antialiased,
    rows, starts, places, hits, geometry, v_means, v_quaternions, v_scales, v_opacities, v_sh, pulls, pose
):  # type: ignore[no-untyped-def]  # fmt: skip
    """:func:`project_back` of ``first`` to ``last``."""
    held, basis, weights = np.zeros(HELD * DOUBLES), np.zeros(16 * DOUBLES), np.zeros(16 * DOUBLES)
    found, posed = np.zeros(FOUND * DOUBLES), np.zeros(12 * DOUBLES)
    who, filled, numbers = np.empty(DOUBLES, np.int64), 0, np.empty(DOUBLES, np.int64)
    more = np.zeros(SUMS * DOUBLES)
    for n in range(first, last):
        if starts[n] < starts[n + 1]:
            who[filled] = n
            filled += 1
        else:
            pulls[n] = 0.0
            v_opacities[n] = 0.0
            for part in range(3):
                v_means[n, part] = v_scales[n, part] = v_quaternions[n, part] = 0.0
            v_quaternions[n, 3] = 0.0
            for band in range(sh.shape[1]):
                v_sh[n, band, 0] = v_sh[n, band, 1] = v_sh[n, band, 2] = 0.0
        if filled == DOUBLES or (filled > 0 and n == last - 1):
            who[filled:] = who[0]
            collect(held, who, means, quaternions, scales, opacities, sh, bands_used)
            gather(held, OWN + A, rows, who, ROW, A, 7)
            _sum_up(held, who, filled, starts, places, hits, numbers, more)
            _back(
                held, bands_used, turn, shift, lens, size, blur, antialiased, geometry, basis, weights, found, posed
            )  # fmt: skip
            scatter(found, MEAN, v_means, who, 3, 0, 3)
            scatter(found, TURN, v_quaternions, who, 4, 0, 4)
            scatter(found, SCALE, v_scales, who, 3, 0, 3)
            scatter(found, ALPHA, v_opacities, who, 1, 0, 1)
            scatter(found, PULL, pulls, who, 1, 0, 1)
            row = 3 * sh.shape[1]  # those that are not used stay zeros
            if row == 3:
                scatter(found, SH, v_sh, who, row, 0, 3)
            else:
                for begin in range(0, row, 8):
                    part = min(begin, row - 8)
                    scatter(found, SH + part, v_sh, who, row, part, 8)
            filled = 0
    for part in range(12):
        for lane in range(DOUBLES):
            pose[part] += posed[part * DOUBLES + lane]


@njit(cache=True, nogil=True, error_model="numpy")
def project_back(
    first, last, means, quaternions, scales, opacities, sh, bands_used, turn, shift, lens, size, blur, antialiased,
    rows, starts, places, hits, geometry, v_means, v_quaternions, v_scales, v_opacities, v_sh, pulls, poses
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Sum each Gaussian's ``hits`` (M + 1, 13), at ``places[starts[n] : starts[n + 1]]``, and take them back.

    Of ``BLOCK`` Gaussians at a time, blocks ``first`` to ``last``. The last of ``hits`` is nobody's and zeros;
    without ``geometry`` there are 9 columns. Writes ``v_*`` and ``pulls``, the length of the gradient by the place
    on the picture; adds to ``poses`` (blocks, 12), turn and shift. Gradients that are no finite numbers come out as
    zeros with ``pulls`` NaN.
    """
    for block in range(first, last):
        _block_back(
            block * BLOCK, min((block + 1) * BLOCK, len(means)), means, quaternions, scales, opacities, sh,
            bands_used, turn, shift, lens, size, blur, antialiased, rows, starts, places, hits, geometry, v_means,
            v_quaternions, v_scales, v_opacities, v_sh, pulls, poses[block],
        )  # fmt: skip
