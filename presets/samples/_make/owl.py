"""The owl's shape: a signed distance of smoothly joined parts, and the relief carved into its surface.

Metres, z up, the owl looks along -y and stands on z = 0.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from .noise import fbm, smoothstep
from .plumage import body_feather, crown_feather, tail_feather, wing_feather

BODY, HEAD, EAR, BROW, DISC, EYE, BEAK, WING, TAIL, FOOT, PLINTH = range(11)

#: The head looks a little aside and is tilted: radians about z, then about y, around the neck.
_TURN, _TILT, _NECK = 0.24, 0.10, 0.17

#: Box that holds the owl.
LOW = np.array([-0.135, -0.130, -0.004])
HIGH = np.array([0.135, 0.130, 0.332])


@njit
def _ellipsoid(x, y, z, rx, ry, rz):
    inner = math.sqrt((x / rx) ** 2 + (y / ry) ** 2 + (z / rz) ** 2)
    outer = math.sqrt((x / rx**2) ** 2 + (y / ry**2) ** 2 + (z / rz**2) ** 2)
    return inner * (inner - 1.0) / max(outer, 1e-9)


@njit
def _capsule(x, y, z, a, b, ra, rb):
    """Segment ``a``-``b`` thickened from radius ``ra`` to ``rb``."""
    bx, by, bz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    px, py, pz = x - a[0], y - a[1], z - a[2]
    t = (px * bx + py * by + pz * bz) / (bx * bx + by * by + bz * bz)
    t = min(1.0, max(0.0, t))
    return math.sqrt((px - t * bx) ** 2 + (py - t * by) ** 2 + (pz - t * bz) ** 2) - (ra + (rb - ra) * t)


@njit
def _join(a, b, k):
    """Union with a fillet of about ``k``."""
    h = max(k - abs(a - b), 0.0) / k
    return min(a, b) - 0.25 * h * h * k


@njit
def head_local(x, y, z):
    """World to the head's own frame, in which it looks straight ahead."""
    c, s = math.cos(_TURN), math.sin(_TURN)
    x, y = c * x + s * y, -s * x + c * y
    c, s = math.cos(_TILT), math.sin(_TILT)
    z -= _NECK
    return c * x + s * z, y, -s * x + c * z + _NECK


@njit
def wing_local(x, y, z):
    """World to a wing's own frame (both wings share it): outwards, backwards, upwards, around its middle."""
    out, back, up = abs(x) - 0.088, y - 0.012, z - 0.112
    c, s = math.cos(0.20), math.sin(0.20)  # the lower tips point backwards
    back, up = c * back + s * up, -s * back + c * up
    c, s = math.cos(-0.14), math.sin(-0.14)  # and away from the body
    return c * out + s * up, back, -s * out + c * up


@njit
def eye_local(hx, hy, hz):
    """Head frame to an eye's own: across, depth (negative outwards), up, around the middle of the eye."""
    ex, ey, ez = abs(hx) - 0.0345, hy + 0.066, hz - 0.2225
    c, s = math.cos(0.36), math.sin(0.36)
    return c * ex + s * ey, -s * ex + c * ey, ez


@njit
def parts(x, y, z):
    """Signed distance to each part, in the order of the constants above."""
    hx, hy, hz = head_local(x, y, z)
    ax = abs(hx)
    body = _ellipsoid(x, y - 0.004, z - 0.112, 0.098, 0.090, 0.106)
    head = _ellipsoid(hx, hy + 0.004, hz - 0.222, 0.086, 0.075, 0.064)
    ear = _capsule(ax, hy, hz, (0.047, -0.008, 0.258), (0.071, 0.002, 0.307), 0.023, 0.0085)
    brow = _capsule(ax, hy, hz, (0.009, -0.083, 0.240), (0.060, -0.044, 0.279), 0.0065, 0.0105)
    ex, ey, ez = eye_local(hx, hy, hz)
    disc = _ellipsoid(ex, ey - 0.006, ez, 0.039, 0.017, 0.039)
    eye = _ellipsoid(ex, ey + 0.004, ez, 0.0225, 0.0165, 0.0225)
    beak = _capsule(ax, hy, hz, (0.0, -0.083, 0.211), (0.0, -0.092, 0.186), 0.0125, 0.0045)
    out, back, up = wing_local(x, y, z)
    wing = _ellipsoid(out, back, up, 0.024, 0.060, 0.088)
    tail = _capsule(abs(x), y, z, (0.016, 0.062, 0.085), (0.024, 0.108, 0.034), 0.030, 0.017)
    foot = 1.0
    for toe in range(3):
        angle = (toe - 1) * 0.42
        tip = (0.036 + 0.034 * math.sin(angle), -0.070 - 0.034 * math.cos(angle), 0.029)
        foot = min(foot, _capsule(abs(x), y, z, (0.036, -0.068, 0.033), tip, 0.0115, 0.0085))
    radius = math.sqrt(x * x + y * y)
    # A turned foot: two rounded rings with a waist between them.
    profile = 0.117 + 0.004 * math.cos((z - 0.0125) * 2.0 * math.pi / 0.0125)
    round_over = 0.006
    side, top = radius - profile + round_over, abs(z - 0.0125) - 0.0125 + round_over
    plinth = min(max(side, top), 0.0) + math.hypot(max(side, 0.0), max(top, 0.0)) - round_over
    return body, head, ear, brow, disc, eye, beak, wing, tail, foot, plinth


@njit
def distance(x, y, z):
    """Signed distance to the owl."""
    p = parts(x, y, z)
    d = _join(p[BODY], p[HEAD], 0.030)
    d = _join(d, p[WING], 0.010)
    d = _join(d, p[TAIL], 0.016)
    d = _join(d, p[EAR], 0.016)
    d = _join(d, p[DISC], 0.007)
    d = _join(d, p[BROW], 0.008)
    d = _join(d, p[EYE], 0.0025)
    d = _join(d, p[BEAK], 0.004)
    d = _join(d, p[FOOT], 0.007)
    return _join(d, p[PLINTH], 0.005)


@njit
def part_at(x, y, z):
    """Which part the surface at a point belongs to."""
    p = parts(x, y, z)
    which, best = 0, 1e9
    for i in range(11):
        if p[i] < best:
            which, best = i, p[i]
    return which


@njit
def relief(x, y, z):
    """How far the carved surface stands out from the smooth one, in metres."""
    p = parts(x, y, z)
    which = part_at(x, y, z)
    depth = 0.0
    if which == BODY:
        _, v, edge, _, _ = body_feather(x, y, z)
        depth = 0.0013 * (0.35 + 0.45 * v) * smoothstep(0.0, 0.10, edge)
    elif which == HEAD:
        hx, hy, hz = head_local(x, y, z)
        _, v, edge, _, _ = crown_feather(hx, hy, hz)
        depth = 0.0010 * (0.35 + 0.45 * v) * smoothstep(0.0, 0.10, edge)
    elif which == WING:
        _out, back, up = wing_local(x, y, z)
        _, v, edge, _, _ = wing_feather(back, up)
        depth = 0.0016 * (0.35 + 0.40 * v) * smoothstep(0.0, 0.10, edge)
    elif which == TAIL:
        u, _, _, _, _ = tail_feather(x, y, z)
        depth = 0.0012 * smoothstep(0.0, 0.18, 0.5 - abs(u))
    elif which == DISC:
        hx, hy, hz = head_local(x, y, z)
        ex, _, ez = eye_local(hx, hy, hz)
        radius, angle = math.hypot(ex, ez), math.atan2(ez, ex)
        depth = 0.0007 * math.sin(34.0 * angle) * smoothstep(0.024, 0.031, radius)
        depth += 0.0010 * smoothstep(0.032, 0.036, radius)
    elif which == EYE:
        hx, hy, hz = head_local(x, y, z)
        ex, _, ez = eye_local(hx, hy, hz)
        depth = -0.0006 * smoothstep(0.0012, 0.0, abs(math.hypot(ex, ez) - 0.0185))
    elif which in (BROW, EAR):
        hx, hy, hz = head_local(x, y, z)
        depth = 0.0006 * math.sin(700.0 * (abs(hx) - 0.5 * hz))
    elif which == FOOT:
        depth = 0.0006 * math.sin(900.0 * y)
    elif which == PLINTH and z < 0.021:
        angle = math.atan2(x, -y)
        depth = 0.0010 * (abs(((angle / (2 * math.pi) * 44.0) % 1.0) - 0.5) * 2.0 - 0.5)
        depth *= smoothstep(0.021, 0.017, z) * smoothstep(0.003, 0.007, z)
    # Nothing is carved where two parts meet, and hand-made clay is never quite even.
    second = 1e9
    for i in range(11):
        if i != which and p[i] < second:
            second = p[i]
    depth *= smoothstep(0.0, 0.0025, second - p[which])
    return depth + 0.0005 * fbm(60 * x, 60 * y, 60 * z, 3, 5)


@njit(parallel=True)
def _fill(grid, low, step):
    for i in prange(grid.shape[0]):
        for j in range(grid.shape[1]):
            for k in range(grid.shape[2]):
                grid[i, j, k] = distance(low[0] + i * step, low[1] + j * step, low[2] + k * step)


@njit(parallel=True)
def _reliefs(points):
    depths = np.empty(len(points))
    for i in prange(len(points)):
        depths[i] = relief(points[i, 0], points[i, 1], points[i, 2])
    return depths


def build(step: float):
    """The carved owl as triangles of about ``step`` metres.

    Returns vertices (V, 3), triangles (F, 3) and the smooth surface's point that each vertex was carved
    from (V, 3): what the painter paints on, so that paint and relief agree.
    """
    from skimage.measure import marching_cubes

    shape = np.ceil((HIGH - LOW) / step).astype(int) + 1
    grid = np.empty(shape, np.float32)
    _fill(grid, LOW, step)
    base, faces, _, _ = marching_cubes(grid, 0.0, spacing=(step,) * 3)
    base = base.astype(np.float64) + LOW
    vertices = base + vertex_normals(base, faces) * _reliefs(base)[:, None]
    return vertices, faces.astype(np.int32), base


def vertex_normals(vertices, faces):
    """(V, 3) unit normals, each the mean of its triangles' by area."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for corner in range(3):
        for axis in range(3):
            normals[:, axis] += np.bincount(faces[:, corner], face[:, axis], minlength=len(vertices))
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
