"""Gaussians side by side: where they lie while they are projected, and the geometry that both ways share.

``DOUBLES`` at a time in double precision, so that thin ellipses keep their digits. What is held is part after part,
each of all lanes. EWA splatting: Zwicker et al., 2001; Kerbl et al., 2023.
"""

from __future__ import annotations

from numba import njit

from meshloom.kernels.splatting.harmonics import SH_0, bands
from meshloom.kernels.splatting.lanes import choose, gather, larger, of, put, root, smaller, spread

#: Columns of a projected Gaussian: centre, inverse covariance (s = A dx^2 / 2 + B dx dy + C dy^2 / 2), opacity,
#: colour, reach of the ellipse right and down, the s at which it is under one grey level, z, normal in camera axes.
MX, MY, A, B, C, OPACITY, RED, GREEN, BLUE, REACH_X, REACH_Y, LIMIT, DEPTH, NX, NY, NZ = range(16)
ROW = 16
#: Columns of the summed gradients of a projected Gaussian: by s, s dx, s dy, s dx^2, s dx dy, s dy^2, colour, depth
#: and normal.
SUMS = 13
#: Parts of what is held: places, quaternions, scales, opacities, coefficients; then, on the way back, rows and sums.
MEAN, TURN, SCALE, ALPHA, SH = 0, 3, 7, 10, 11
OWN = SH + 48
SUM = OWN + ROW
HELD = SUM + SUMS
#: Ellipses that lie further outside of the picture than this share of its angle are linearised at its edge.
_BEYOND = 0.3


@njit(cache=True, nogil=True, error_model="numpy")
def view(turn, shift):  # type: ignore[no-untyped-def]
    """The rows of the rotation, and the place of the eye in the world."""
    r00, r01, r02 = turn[0, 0], turn[0, 1], turn[0, 2]
    r10, r11, r12 = turn[1, 0], turn[1, 1], turn[1, 2]
    r20, r21, r22 = turn[2, 0], turn[2, 1], turn[2, 2]
    eye_x = -(r00 * shift[0] + r10 * shift[1] + r20 * shift[2])
    eye_y = -(r01 * shift[0] + r11 * shift[1] + r21 * shift[2])
    eye_z = -(r02 * shift[0] + r12 * shift[1] + r22 * shift[2])
    return (r00, r01, r02), (r10, r11, r12), (r20, r21, r22), (eye_x, eye_y, eye_z)


@njit(cache=True, nogil=True, error_model="numpy")
def borders(lens, size):  # type: ignore[no-untyped-def]
    """The slopes x / z and y / z within which ellipses are linearised where they are: left, right, above, under."""
    fx, fy, cx, cy = lens
    width, height = size
    right, left = (width - cx) / fx + _BEYOND * width / (2 * fx), cx / fx + _BEYOND * width / (2 * fx)
    under, above = (height - cy) / fy + _BEYOND * height / (2 * fy), cy / fy + _BEYOND * height / (2 * fy)
    return left, right, above, under


@njit(cache=True, nogil=True, error_model="numpy")
def add(held, part, value):  # type: ignore[no-untyped-def]
    put(held, part, of(held, part) + value)


@njit(cache=True, nogil=True, error_model="numpy")
def collect(held, who, means, quaternions, scales, opacities, sh, bands_used):  # type: ignore[no-untyped-def]
    """Put those of these numbers into the lanes."""
    gather(held, MEAN, means, who, 3, 0, 3)
    gather(held, TURN, quaternions, who, 4, 0, 4)
    gather(held, SCALE, scales, who, 3, 0, 3)
    gather(held, ALPHA, opacities, who, 1, 0, 1)
    row, used = 3 * sh.shape[1], 3 * bands_used
    if used == 3:
        gather(held, SH, sh, who, row, 0, 3)
    else:
        for begin in range(0, used, 8):
            part = min(begin, used - 8)
            gather(held, SH + part, sh, who, row, part, 8)


@njit(cache=True, nogil=True, error_model="numpy")
def seen_from(held, turn, shift):  # type: ignore[no-untyped-def]
    """The places of the lanes in camera axes."""
    (r00, r01, r02), (r10, r11, r12), (r20, r21, r22), _ = view(turn, shift)
    m0, m1, m2 = of(held, MEAN), of(held, MEAN + 1), of(held, MEAN + 2)
    x = m0 * r00 + m1 * r01 + m2 * r02 + shift[0]
    y = m0 * r10 + m1 * r11 + m2 * r12 + shift[1]
    z = m0 * r20 + m1 * r21 + m2 * r22 + shift[2]
    return x, y, z


@njit(cache=True, nogil=True, error_model="numpy")
def unit(held):  # type: ignore[no-untyped-def]
    """The quaternions of the lanes at length 1, and the inverse of the length that they had."""
    w, i, j, k = of(held, TURN), of(held, TURN + 1), of(held, TURN + 2), of(held, TURN + 3)
    norm = 1.0 / root(w * w + i * i + j * j + k * k)
    return w * norm, i * norm, j * norm, k * norm, norm


@njit(cache=True, nogil=True, error_model="numpy")
def axes(w, i, j, k):  # type: ignore[no-untyped-def]
    """The rotation of a unit quaternion; its columns are the axes of the Gaussian."""
    return (
        (1.0 - 2.0 * (j * j + k * k), 2.0 * (i * j - w * k), 2.0 * (i * k + w * j)),
        (2.0 * (i * j + w * k), 1.0 - 2.0 * (i * i + k * k), 2.0 * (j * k - w * i)),
        (2.0 * (i * k - w * j), 2.0 * (j * k + w * i), 1.0 - 2.0 * (i * i + j * j)),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def linearised(x, y, inverse, lens, edges, turn):  # type: ignore[no-untyped-def]
    """The projection near points at (x, y, 1 / inverse): derivative J, and J R, its slopes held within the edges.

    Of J the parts 00, 02, 11 and 12, the others being zeros; of J R its two rows.
    """
    fx, fy, _, _ = lens
    left, right, above, under = edges
    ux, uy = smaller(larger(x * inverse, -left), right), smaller(larger(y * inverse, -above), under)
    j00, j11 = fx * inverse, fy * inverse
    j02, j12 = -(j00 * ux), -(j11 * uy)
    t0 = (
        j00 * turn[0, 0] + j02 * turn[2, 0],
        j00 * turn[0, 1] + j02 * turn[2, 1],
        j00 * turn[0, 2] + j02 * turn[2, 2],
    )
    t1 = (
        j11 * turn[1, 0] + j12 * turn[2, 0],
        j11 * turn[1, 1] + j12 * turn[2, 1],
        j11 * turn[1, 2] + j12 * turn[2, 2],
    )
    return (j00, j02, j11, j12), t0, t1


@njit(cache=True, nogil=True, error_model="numpy")
def through(t, q0, q1, q2):  # type: ignore[no-untyped-def]
    """A row times the matrix of these rows."""
    return (
        t[0] * q0[0] + t[1] * q1[0] + t[2] * q2[0],
        t[0] * q0[1] + t[1] * q1[1] + t[2] * q2[1],
        t[0] * q0[2] + t[1] * q1[2] + t[2] * q2[2],
    )


@njit(cache=True, nogil=True, error_model="numpy")
def dot(a, b):  # type: ignore[no-untyped-def]
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@njit(cache=True, nogil=True, error_model="numpy")
def cross(a, b):  # type: ignore[no-untyped-def]
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@njit(cache=True, nogil=True, error_model="numpy")
def shortest(held):  # type: ignore[no-untyped-def]
    """Of which lanes the first axis is the shortest, and of which, where it is not, the second."""
    s0, s1, s2 = of(held, SCALE), of(held, SCALE + 1), of(held, SCALE + 2)
    return (s1 >= s0) & (s2 >= s0), s2 >= s1


@njit(cache=True, nogil=True, error_model="numpy")
def which(first, second, row):  # type: ignore[no-untyped-def]
    """Of a row of three, that of the axis which :func:`shortest` told."""
    return choose(first, row[0], choose(second, row[1], row[2]))


@njit(cache=True, nogil=True, error_model="numpy")
def towards(held, eye):  # type: ignore[no-untyped-def]
    """From the eye to the lanes: unit vectors and the inverses of the distances."""
    dx, dy, dz = of(held, MEAN) - eye[0], of(held, MEAN + 1) - eye[1], of(held, MEAN + 2) - eye[2]
    inverse = 1.0 / root(dx * dx + dy * dy + dz * dz)
    return (dx * inverse, dy * inverse, dz * inverse), inverse


@njit(cache=True, nogil=True, error_model="numpy")
def harmonics(away, bands_used, basis):  # type: ignore[no-untyped-def]
    """Write the basis functions in these directions, lanes after lanes."""
    put(basis, 0, spread(SH_0))
    if bands_used > 1:
        b = bands(away[0], away[1], away[2])
        put(basis, 1, b[0])
        put(basis, 2, b[1])
        put(basis, 3, b[2])
        put(basis, 4, b[3])
        put(basis, 5, b[4])
        put(basis, 6, b[5])
        put(basis, 7, b[6])
        put(basis, 8, b[7])
        put(basis, 9, b[8])
        put(basis, 10, b[9])
        put(basis, 11, b[10])
        put(basis, 12, b[11])
        put(basis, 13, b[12])
        put(basis, 14, b[13])
        put(basis, 15, b[14])
