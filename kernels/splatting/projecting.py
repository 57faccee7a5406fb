"""Gaussians to ellipses on the picture, and gradients back: EWA splatting (Zwicker et al., 2001; Kerbl et al., 2023).

One Gaussian at a time in double precision: this part is bound by memory, and thin ellipses keep their digits.
A projected Gaussian is a row of ``ROW`` float32, one cache line: see the constants.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from meshloom.kernels.splatting.arrays import LEAST_ALPHA
from meshloom.kernels.splatting.harmonics import bands, slopes

#: Columns of a projected Gaussian: centre, inverse covariance (s = A dx^2 / 2 + B dx dy + C dy^2 / 2), opacity,
#: colour, reach of the ellipse right and down, the s at which it is under one grey level, z, normal in camera axes.
MX, MY, A, B, C, OPACITY, RED, GREEN, BLUE, REACH_X, REACH_Y, LIMIT, DEPTH, NX, NY, NZ = range(16)
ROW = 16
#: Ellipses that lie further outside of the picture than this share of its angle are linearised at its edge.
_BEYOND = 0.3
#: Columns of the summed gradients of a projected Gaussian: by s, s dx, s dy, s dx^2, s dx dy, s dy^2, colour, depth
#: and normal.
SUMS = 13


@njit(cache=True, nogil=True, error_model="numpy")
def _pose(turn, shift):  # type: ignore[no-untyped-def]
    """The rows of the rotation, and the place of the eye in the world."""
    r00, r01, r02 = turn[0, 0], turn[0, 1], turn[0, 2]
    r10, r11, r12 = turn[1, 0], turn[1, 1], turn[1, 2]
    r20, r21, r22 = turn[2, 0], turn[2, 1], turn[2, 2]
    eye_x = -(r00 * shift[0] + r10 * shift[1] + r20 * shift[2])
    eye_y = -(r01 * shift[0] + r11 * shift[1] + r21 * shift[2])
    eye_z = -(r02 * shift[0] + r12 * shift[1] + r22 * shift[2])
    return (r00, r01, r02), (r10, r11, r12), (r20, r21, r22), (eye_x, eye_y, eye_z)


@njit(cache=True, nogil=True, error_model="numpy")
def _edges(lens, size):  # type: ignore[no-untyped-def]
    """The slopes x / z and y / z within which ellipses are linearised where they are: left, right, above, under."""
    fx, fy, cx, cy = lens
    width, height = size
    right, left = (width - cx) / fx + _BEYOND * width / (2 * fx), cx / fx + _BEYOND * width / (2 * fx)
    under, above = (height - cy) / fy + _BEYOND * height / (2 * fy), cy / fy + _BEYOND * height / (2 * fy)
    return left, right, above, under


@njit(cache=True, nogil=True, error_model="numpy")
def _linearised(slope_x, slope_y, z, lens, edges, r0, r1, r2):  # type: ignore[no-untyped-def]
    """The projection near a point at (slope_x z, slope_y z, z): slopes held within the edges, derivative J, J R.

    Of J the parts 00, 02, 11 and 12, the others being zeros; of J R its two rows.
    """
    fx, fy, _, _ = lens
    left, right, above, under = edges
    ux, uy = min(max(slope_x, -left), right), min(max(slope_y, -above), under)
    j00, j02, j11, j12 = fx / z, -fx * ux / z, fy / z, -fy * uy / z
    t0 = (j00 * r0[0] + j02 * r2[0], j00 * r0[1] + j02 * r2[1], j00 * r0[2] + j02 * r2[2])
    t1 = (j11 * r1[0] + j12 * r2[0], j11 * r1[1] + j12 * r2[1], j11 * r1[2] + j12 * r2[2])
    return (ux, uy), (j00, j02, j11, j12), t0, t1


@njit(cache=True, nogil=True, error_model="numpy")
def _quaternion(quaternions, n):  # type: ignore[no-untyped-def]
    """The ``n``-th in double precision, and the square of its length."""
    w, i = float(quaternions[n, 0]), float(quaternions[n, 1])
    j, k = float(quaternions[n, 2]), float(quaternions[n, 3])
    return w, i, j, k, w * w + i * i + j * j + k * k


@njit(cache=True, nogil=True, error_model="numpy")
def _axes(w, i, j, k):  # type: ignore[no-untyped-def]
    """The rotation of a unit quaternion; its columns are the axes of the Gaussian."""
    return (
        (1 - 2 * (j * j + k * k), 2 * (i * j - w * k), 2 * (i * k + w * j)),
        (2 * (i * j + w * k), 1 - 2 * (i * i + k * k), 2 * (j * k - w * i)),
        (2 * (i * k - w * j), 2 * (j * k + w * i), 1 - 2 * (i * i + j * j)),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _through(t0, t1, t2, q00, q01, q02, q10, q11, q12, q20, q21, q22):  # type: ignore[no-untyped-def]
    """A row times a matrix."""
    return t0 * q00 + t1 * q10 + t2 * q20, t0 * q01 + t1 * q11 + t2 * q21, t0 * q02 + t1 * q12 + t2 * q22


@njit(cache=True, nogil=True, error_model="numpy")
def project(
    first, last, means, quaternions, scales, opacities, sh, bands_used, turn, shift, lens, size, near, blur,
    antialiased, rows
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Fill ``rows[first:last]`` (N, 16); a Gaussian that is not in the picture gets REACH_X = -1.

    ``lens``: (fx, fy, cx, cy); ``size``: (width, height).
    """
    fx, fy, cx, cy = lens
    width, height = size
    basis = np.empty(16)
    r0, r1, r2, (eye_x, eye_y, eye_z) = _pose(turn, shift)
    (r00, r01, r02), (r10, r11, r12), (r20, r21, r22) = r0, r1, r2
    edges = _edges(lens, size)
    for n in range(first, last):
        rows[n, REACH_X] = -1.0
        m0, m1, m2 = float(means[n, 0]), float(means[n, 1]), float(means[n, 2])
        z = r20 * m0 + r21 * m1 + r22 * m2 + shift[2]
        opacity = float(opacities[n])
        if not (z >= near and opacity >= LEAST_ALPHA):
            continue
        x = r00 * m0 + r01 * m1 + r02 * m2 + shift[0]
        y = r10 * m0 + r11 * m1 + r12 * m2 + shift[1]
        px, py = fx * x / z + cx, fy * y / z + cy
        # The axes of the Gaussian in the world.
        w, i, j, k, norm = _quaternion(quaternions, n)
        if not norm > 0.0:
            continue
        norm = 1.0 / np.sqrt(norm)
        w, i, j, k = w * norm, i * norm, j * norm, k * norm
        (q00, q01, q02), (q10, q11, q12), (q20, q21, q22) = _axes(w, i, j, k)
        _, _, (t00, t01, t02), (t10, t11, t12) = _linearised(x / z, y / z, z, lens, edges, r0, r1, r2)
        s0, s1, s2 = float(scales[n, 0]), float(scales[n, 1]), float(scales[n, 2])
        p00, p01, p02 = _through(t00, t01, t02, q00, q01, q02, q10, q11, q12, q20, q21, q22)
        p10, p11, p12 = _through(t10, t11, t12, q00, q01, q02, q10, q11, q12, q20, q21, q22)
        l00, l01, l02, l10, l11, l12 = p00 * s0, p01 * s1, p02 * s2, p10 * s0, p11 * s1, p12 * s2
        va, vb, vc = (
            l00 * l00 + l01 * l01 + l02 * l02, l00 * l10 + l01 * l11 + l02 * l12, l10 * l10 + l11 * l11 + l12 * l12
        )  # fmt: skip
        c0, c1, c2 = l01 * l12 - l02 * l11, l02 * l10 - l00 * l12, l00 * l11 - l01 * l10
        flat = c0 * c0 + c1 * c1 + c2 * c2  # the determinant before the blur, without cancellation
        full = flat + blur * (va + vc) + blur * blur
        va, vc = va + blur, vc + blur
        if antialiased:
            opacity *= np.sqrt(flat / full)
            if opacity < LEAST_ALPHA:
                continue
        if not (full > 0.0 and np.isfinite(full)):
            continue
        limit = np.log(opacity / LEAST_ALPHA)
        reach_x, reach_y = np.sqrt(2 * limit * va), np.sqrt(2 * limit * vc)
        if not (
            px + reach_x > 0.5
            and px - reach_x < width - 0.5
            and py + reach_y > 0.5
            and py - reach_y < height - 0.5
        ):
            continue
        dx, dy, dz = m0 - eye_x, m1 - eye_y, m2 - eye_z
        inverse = 1.0 / np.sqrt(dx * dx + dy * dy + dz * dz)
        bands(dx * inverse, dy * inverse, dz * inverse, bands_used, basis)
        red, green, blue = 0.5, 0.5, 0.5
        for b in range(bands_used):
            red += basis[b] * sh[n, b, 0]
            green += basis[b] * sh[n, b, 1]
            blue += basis[b] * sh[n, b, 2]
        row = rows[n]
        row[MX], row[MY] = px, py
        row[A], row[B], row[C] = vc / full, -vb / full, va / full
        row[OPACITY], row[LIMIT], row[DEPTH] = opacity, limit, z
        row[RED], row[GREEN], row[BLUE] = max(red, 0.0), max(green, 0.0), max(blue, 0.0)
        # The shortest axis, turned towards the eye.
        a0, a1, a2 = q02, q12, q22
        if s0 <= s1 and s0 <= s2:
            a0, a1, a2 = q00, q10, q20
        elif s1 <= s2:
            a0, a1, a2 = q01, q11, q21
        side = -1.0 if a0 * dx + a1 * dy + a2 * dz > 0 else 1.0
        row[NX] = side * (r00 * a0 + r01 * a1 + r02 * a2)
        row[NY] = side * (r10 * a0 + r11 * a1 + r12 * a2)
        row[NZ] = side * (r20 * a0 + r21 * a1 + r22 * a2)
        row[REACH_X], row[REACH_Y] = reach_x, reach_y


@njit(cache=True, nogil=True, error_model="numpy")
def project_back(
    first, last, means, quaternions, scales, opacities, sh, bands_used, turn, shift, lens, size, blur, antialiased,
    rows, starts, hits, geometry, v_means, v_quaternions, v_scales, v_opacities, v_sh, spread, pose
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Sum each Gaussian's ``hits[starts[n]:starts[n + 1]]`` (M, 13) and take the gradient to its parameters.

    Writes ``v_*[first:last]`` and ``spread``; adds to ``pose`` (12,), turn and shift. Gradients that are no finite
    numbers come out as zeros with ``spread`` NaN.
    """
    fx, fy, _, _ = lens
    basis, weights = np.empty(16), np.zeros(16)
    g = np.empty(SUMS)
    vr = np.zeros((3, 3))
    r0, r1, r2, (eye_x, eye_y, eye_z) = _pose(turn, shift)
    (r00, r01, r02), (r10, r11, r12), (r20, r21, r22) = r0, r1, r2
    edges = _edges(lens, size)
    left, right, above, under = edges
    columns = SUMS if geometry else 9
    for n in range(first, last):
        spread[n] = 0.0
        for b in range(sh.shape[1]):
            v_sh[n, b, 0] = v_sh[n, b, 1] = v_sh[n, b, 2] = 0.0
        for b in range(3):
            v_means[n, b] = v_scales[n, b] = v_quaternions[n, b] = 0.0
        v_quaternions[n, 3] = v_opacities[n] = 0.0
        if starts[n] == starts[n + 1]:
            continue
        for column in range(SUMS):
            g[column] = 0.0
        for hit in range(starts[n], starts[n + 1]):
            for column in range(columns):
                g[column] += hits[hit, column]
        total = 0.0
        for column in range(columns):
            total += g[column]
        if not np.isfinite(total):
            spread[n] = np.nan
            continue
        row = rows[n]
        qa, qb, qc = float(row[A]), float(row[B]), float(row[C])
        v_px, v_py = -(qa * g[1] + qb * g[2]), -(qb * g[1] + qc * g[2])
        spread[n] = np.sqrt(v_px * v_px + v_py * v_py)
        v_eff = -g[0] / float(row[OPACITY])
        # By the covariance: -Q G Q with G the gradient by Q.
        ga, gb, gc = 0.5 * g[3], 0.5 * g[4], 0.5 * g[5]
        h00, h01 = qa * ga + qb * gb, qa * gb + qb * gc
        h10, h11 = qb * ga + qc * gb, qb * gb + qc * gc
        g00, g01, g11 = -(h00 * qa + h01 * qb), -(h00 * qb + h01 * qc), -(h10 * qb + h11 * qc)

        m0, m1, m2 = float(means[n, 0]), float(means[n, 1]), float(means[n, 2])
        x = r00 * m0 + r01 * m1 + r02 * m2 + shift[0]
        y = r10 * m0 + r11 * m1 + r12 * m2 + shift[1]
        z = r20 * m0 + r21 * m1 + r22 * m2 + shift[2]
        w, i, j, k, norm = _quaternion(quaternions, n)
        norm = 1.0 / np.sqrt(norm)
        w, i, j, k = w * norm, i * norm, j * norm, k * norm
        (q00, q01, q02), (q10, q11, q12), (q20, q21, q22) = _axes(w, i, j, k)
        free_x, free_y = -left <= x / z <= right, -above <= y / z <= under
        (ux, uy), (j00, j02, j11, j12), (t00, t01, t02), (t10, t11, t12) = _linearised(
            x / z, y / z, z, lens, edges, r0, r1, r2
        )
        s0, s1, s2 = float(scales[n, 0]), float(scales[n, 1]), float(scales[n, 2])
        p00, p01, p02 = _through(t00, t01, t02, q00, q01, q02, q10, q11, q12, q20, q21, q22)
        p10, p11, p12 = _through(t10, t11, t12, q00, q01, q02, q10, q11, q12, q20, q21, q22)
        l00, l01, l02, l10, l11, l12 = p00 * s0, p01 * s1, p02 * s2, p10 * s0, p11 * s1, p12 * s2

        v_opacity = v_eff
        e0, e1, e2, f0, f1, f2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        if antialiased:
            c0, c1, c2 = l01 * l12 - l02 * l11, l02 * l10 - l00 * l12, l00 * l11 - l01 * l10
            flat = c0 * c0 + c1 * c1 + c2 * c2
            va, vb, vc = (
                l00 * l00 + l01 * l01 + l02 * l02 + blur,
                l00 * l10 + l01 * l11 + l02 * l12,
                l10 * l10 + l11 * l11 + l12 * l12 + blur,
            )
            full = flat + blur * (va + vc - 2 * blur) + blur * blur
            share = np.sqrt(flat / full)
            v_opacity = v_eff * share
            v_share = v_eff * opacities[n]
            if flat > 0.0:
                pull = v_share / np.sqrt(flat * full)
                e0, e1, e2 = (
                    pull * (l11 * c2 - l12 * c1), pull * (l12 * c0 - l10 * c2), pull * (l10 * c1 - l11 * c0)
                )  # fmt: skip
                f0, f1, f2 = (
                    pull * (c1 * l02 - c2 * l01), pull * (c2 * l00 - c0 * l02), pull * (c0 * l01 - c1 * l00)
                )  # fmt: skip
            pull = 0.5 * v_share * share / full
            g00, g11, g01 = g00 - pull * vc, g11 - pull * va, g01 + pull * vb
        v_opacities[n] = v_opacity

        e0, e1, e2 = (
            e0 + 2 * (g00 * l00 + g01 * l10), e1 + 2 * (g00 * l01 + g01 * l11), e2 + 2 * (g00 * l02 + g01 * l12)
        )  # fmt: skip
        f0, f1, f2 = (
            f0 + 2 * (g01 * l00 + g11 * l10), f1 + 2 * (g01 * l01 + g11 * l11), f2 + 2 * (g01 * l02 + g11 * l12)
        )  # fmt: skip
        v_scales[n, 0] = e0 * p00 + f0 * p10
        v_scales[n, 1] = e1 * p01 + f1 * p11
        v_scales[n, 2] = e2 * p02 + f2 * p12
        e0, e1, e2, f0, f1, f2 = e0 * s0, e1 * s1, e2 * s2, f0 * s0, f1 * s1, f2 * s2
        # By T = J R, then by the Gaussian's axes.
        d00, d01, d02 = (
            e0 * q00 + e1 * q01 + e2 * q02, e0 * q10 + e1 * q11 + e2 * q12, e0 * q20 + e1 * q21 + e2 * q22
        )  # fmt: skip
        d10, d11, d12 = (
            f0 * q00 + f1 * q01 + f2 * q02, f0 * q10 + f1 * q11 + f2 * q12, f0 * q20 + f1 * q21 + f2 * q22
        )  # fmt: skip
        a00, a01, a02 = t00 * e0 + t10 * f0, t00 * e1 + t10 * f1, t00 * e2 + t10 * f2
        a10, a11, a12 = t01 * e0 + t11 * f0, t01 * e1 + t11 * f1, t01 * e2 + t11 * f2
        a20, a21, a22 = t02 * e0 + t12 * f0, t02 * e1 + t12 * f1, t02 * e2 + t12 * f2
        v_j00 = d00 * r00 + d01 * r01 + d02 * r02
        v_j02 = d00 * r20 + d01 * r21 + d02 * r22
        v_j11 = d10 * r10 + d11 * r11 + d12 * r12
        v_j12 = d10 * r20 + d11 * r21 + d12 * r22
        vr[0, 0] += j00 * d00
        vr[0, 1] += j00 * d01
        vr[0, 2] += j00 * d02
        vr[1, 0] += j11 * d10
        vr[1, 1] += j11 * d11
        vr[1, 2] += j11 * d12
        vr[2, 0] += j02 * d00 + j12 * d10
        vr[2, 1] += j02 * d01 + j12 * d11
        vr[2, 2] += j02 * d02 + j12 * d12
        zz = z * z
        v_x, v_y = v_px * fx / z, v_py * fy / z
        v_z = -v_px * fx * x / zz - v_py * fy * y / zz
        v_z += -fx / zz * v_j00 + fx * ux / zz * v_j02 - fy / zz * v_j11 + fy * uy / zz * v_j12
        if free_x:
            v_x -= fx / zz * v_j02
            v_z += fx * x / (zz * z) * v_j02
        if free_y:
            v_y -= fy / zz * v_j12
            v_z += fy * y / (zz * z) * v_j12

        dx, dy, dz = m0 - eye_x, m1 - eye_y, m2 - eye_z
        if geometry:
            v_z += g[9]
            axis = 2
            n0, n1, n2 = q02, q12, q22
            if s0 <= s1 and s0 <= s2:
                axis, n0, n1, n2 = 0, q00, q10, q20
            elif s1 <= s2:
                axis, n0, n1, n2 = 1, q01, q11, q21
            side = -1.0 if n0 * dx + n1 * dy + n2 * dz > 0 else 1.0
            b0, b1, b2 = side * g[10], side * g[11], side * g[12]
            h0, h1, h2 = (
                r00 * b0 + r10 * b1 + r20 * b2, r01 * b0 + r11 * b1 + r21 * b2, r02 * b0 + r12 * b1 + r22 * b2
            )  # fmt: skip
            if axis == 0:
                a00, a10, a20 = a00 + h0, a10 + h1, a20 + h2
            elif axis == 1:
                a01, a11, a21 = a01 + h0, a11 + h1, a21 + h2
            else:
                a02, a12, a22 = a02 + h0, a12 + h1, a22 + h2
            vr[0, 0] += b0 * n0
            vr[0, 1] += b0 * n1
            vr[0, 2] += b0 * n2
            vr[1, 0] += b1 * n0
            vr[1, 1] += b1 * n1
            vr[1, 2] += b1 * n2
            vr[2, 0] += b2 * n0
            vr[2, 1] += b2 * n1
            vr[2, 2] += b2 * n2
        v_w = 2 * (i * (a21 - a12) + j * (a02 - a20) + k * (a10 - a01))
        v_i = 2 * (-2 * i * (a11 + a22) + j * (a10 + a01) + k * (a20 + a02) + w * (a21 - a12))
        v_j = 2 * (i * (a10 + a01) - 2 * j * (a00 + a22) + k * (a21 + a12) + w * (a02 - a20))
        v_k = 2 * (i * (a20 + a02) + j * (a21 + a12) - 2 * k * (a00 + a11) + w * (a10 - a01))
        along = w * v_w + i * v_i + j * v_j + k * v_k
        v_quaternions[n, 0] = (v_w - w * along) * norm
        v_quaternions[n, 1] = (v_i - i * along) * norm
        v_quaternions[n, 2] = (v_j - j * along) * norm
        v_quaternions[n, 3] = (v_k - k * along) * norm

        red = g[6] if row[RED] > 0.0 else 0.0
        green = g[7] if row[GREEN] > 0.0 else 0.0
        blue = g[8] if row[BLUE] > 0.0 else 0.0
        inverse = 1.0 / np.sqrt(dx * dx + dy * dy + dz * dz)
        dx, dy, dz = dx * inverse, dy * inverse, dz * inverse
        bands(dx, dy, dz, bands_used, basis)
        for b in range(bands_used):
            v_sh[n, b, 0] = basis[b] * red
            v_sh[n, b, 1] = basis[b] * green
            v_sh[n, b, 2] = basis[b] * blue
            weights[b] = sh[n, b, 0] * red + sh[n, b, 1] * green + sh[n, b, 2] * blue
        w0, w1, w2 = slopes(dx, dy, dz, bands_used, weights)
        along = w0 * dx + w1 * dy + w2 * dz
        w0, w1, w2 = (w0 - along * dx) * inverse, (w1 - along * dy) * inverse, (w2 - along * dz) * inverse
        # The eye is -R^T t, so what pulls the direction pulls the camera too.
        t0, t1, t2 = shift[0], shift[1], shift[2]
        vr[0, 0] += t0 * w0 + v_x * m0
        vr[0, 1] += t0 * w1 + v_x * m1
        vr[0, 2] += t0 * w2 + v_x * m2
        vr[1, 0] += t1 * w0 + v_y * m0
        vr[1, 1] += t1 * w1 + v_y * m1
        vr[1, 2] += t1 * w2 + v_y * m2
        vr[2, 0] += t2 * w0 + v_z * m0
        vr[2, 1] += t2 * w1 + v_z * m1
        vr[2, 2] += t2 * w2 + v_z * m2
        pose[9] += v_x + r00 * w0 + r01 * w1 + r02 * w2
        pose[10] += v_y + r10 * w0 + r11 * w1 + r12 * w2
        pose[11] += v_z + r20 * w0 + r21 * w1 + r22 * w2
        v_means[n, 0] = r00 * v_x + r10 * v_y + r20 * v_z + w0
        v_means[n, 1] = r01 * v_x + r11 * v_y + r21 * v_z + w1
        v_means[n, 2] = r02 * v_x + r12 * v_y + r22 * v_z + w2
    for a in range(3):
        for b in range(3):
            pose[3 * a + b] += vr[a, b]
