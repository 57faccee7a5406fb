"""The owl's hand-painted glaze: one colour for every point of its smooth surface."""

from __future__ import annotations

import math

from numba import njit

from .brush import (
    AMBER,
    BLUSH,
    BRICK,
    COBALT,
    CORAL,
    CREAM,
    INK,
    IVORY,
    LEAF,
    OCHRE,
    OLIVE,
    PLUM,
    ROSE,
    SKY,
    TEAL,
    TURQUOISE,
    leaf_over,
    petals_over,
)
from .colour import mix, scale
from .noise import cells, fbm, perlin, rand, scatter, smoothstep
from .owl import (
    BEAK,
    BODY,
    BROW,
    DISC,
    EAR,
    EYE,
    FOOT,
    HEAD,
    TAIL,
    WING,
    eye_local,
    head_local,
    parts,
    wing_local,
)
from .plumage import body_feather, crown_feather, tail_feather, wing_feather

#: Per part: the glazes that feathers are drawn from (ground, ground, ground, ground).
_BREAST = (CREAM, IVORY, BLUSH, OCHRE)
_BACK = (COBALT, TEAL, COBALT, TURQUOISE)
_CROWN = (TEAL, TURQUOISE, TEAL, COBALT)
_COVERT = (CORAL, OCHRE, ROSE, BRICK)
_FLIGHT = (TEAL, COBALT, TURQUOISE, COBALT)
_ACCENTS = (AMBER, IVORY, CORAL, ROSE, OCHRE, SKY, INK, LEAF)

#: The posy on the belly, in metres around its middle: x, y, radius, petals, turn, petal colour, heart colour.
_FLOWERS = (
    (0.001, 0.003, 0.0240, 8, 0.2, CORAL, AMBER),
    (-0.036, -0.014, 0.0175, 6, 0.5, COBALT, AMBER),
    (0.038, -0.012, 0.0180, 7, 0.1, ROSE, BRICK),
    (-0.029, 0.027, 0.0150, 5, 0.3, AMBER, BRICK),
    (0.029, 0.027, 0.0155, 6, 0.9, TURQUOISE, OCHRE),
    (0.004, -0.035, 0.0140, 5, 0.6, PLUM, AMBER),
    (-0.053, 0.010, 0.0100, 5, 0.0, CORAL, IVORY),
    (0.054, 0.011, 0.0100, 6, 0.4, COBALT, IVORY),
    (-0.024, -0.040, 0.0090, 6, 0.7, OCHRE, CORAL),
    (0.030, -0.038, 0.0090, 5, 0.2, SKY, CORAL),
    (0.000, 0.040, 0.0105, 5, 0.8, ROSE, AMBER),
)
#: Leaves: x, y, length, half width, turn, colour.
_LEAVES = (
    (-0.017, -0.014, 0.022, 0.0045, 3.6, LEAF),
    (0.019, -0.015, 0.021, 0.0045, 5.5, OLIVE),
    (-0.016, 0.017, 0.018, 0.0040, 2.2, OLIVE),
    (0.017, 0.020, 0.016, 0.0040, 0.9, LEAF),
    (-0.046, -0.002, 0.020, 0.0042, 1.9, LEAF),
    (0.050, 0.002, 0.018, 0.0040, 1.2, OLIVE),
    (-0.008, -0.026, 0.018, 0.0038, 4.4, LEAF),
    (0.018, -0.030, 0.016, 0.0036, 5.2, LEAF),
    (-0.038, -0.028, 0.016, 0.0038, 3.9, OLIVE),
    (0.044, -0.026, 0.016, 0.0038, 5.6, LEAF),
    (-0.011, 0.034, 0.014, 0.0034, 1.8, LEAF),
    (0.012, 0.040, 0.013, 0.0032, 1.2, OLIVE),
    (-0.038, 0.026, 0.014, 0.0034, 2.6, LEAF),
    (0.041, 0.028, 0.013, 0.0034, 0.5, OLIVE),
)


@njit
def _feather(u, v, edge, who, row, grounds, outline):
    """One painted feather: ground, shaft and barbs, one of several motifs, rim and outline."""
    ground = grounds[(who >> 3) & 3]
    accent = _ACCENTS[(who >> 6) & 7]
    second = _ACCENTS[(who >> 9) & 7]
    tint = 0.78 + 0.44 * rand(who, row, 3, 61)
    colour = mix(scale(ground, tint * 0.72), scale(ground, tint * 1.12), v * 0.75)
    barb = math.sin(34.0 * (v + 1.1 * abs(u)) + (who & 7))
    colour = scale(colour, 1.0 + 0.10 * barb)
    motif = who % 7
    if motif == 0:
        r = math.hypot(u, v - 0.98)
        colour = mix(colour, accent, smoothstep(0.19, 0.15, r))
        colour = mix(colour, second, smoothstep(0.09, 0.06, r))
    elif motif == 1:
        chevron = abs(((v + 0.9 * abs(u)) * 3.2) % 1.0 - 0.5)
        colour = mix(colour, accent, 0.8 * smoothstep(0.17, 0.11, chevron) * smoothstep(0.45, 0.6, v))
    elif motif == 2:
        colour = mix(colour, accent, 0.9 * smoothstep(0.07, 0.04, abs(u)))
        rib = abs(((v - 0.8 * abs(u)) * 5.0) % 1.0 - 0.5)
        colour = mix(colour, accent, 0.55 * smoothstep(0.16, 0.08, rib) * smoothstep(0.33, 0.28, abs(u)))
    elif motif == 3:
        arc = abs((math.hypot(u, v - 0.35) * 4.6) % 1.0 - 0.5)
        colour = mix(colour, accent, 0.75 * smoothstep(0.2, 0.12, arc))
    elif motif == 4:
        drop = math.hypot(u * (1.6 - 0.7 * (v - 0.9)), (v - 0.93) * 0.62)
        colour = mix(colour, accent, smoothstep(0.20, 0.16, drop))
        colour = mix(colour, second, smoothstep(0.10, 0.07, drop))
    elif motif == 5:
        for i in range(3):
            r = math.hypot(u - 0.2 * (i - 1), v - (1.05 if i == 1 else 0.82))
            colour = mix(colour, accent, smoothstep(0.095, 0.065, r))
    else:
        r, angle = math.hypot(u, v - 0.93), math.atan2(v - 0.93, u)
        petal = 0.15 + 0.08 * math.cos(5.0 * angle + (who & 15))
        colour = mix(colour, accent, smoothstep(0.02, -0.02, r - petal))
        colour = mix(colour, second, smoothstep(0.07, 0.045, r))
    rim = mix(accent, IVORY, 0.55 * ((who >> 12) & 1))
    colour = mix(colour, rim, 0.85 * smoothstep(0.17, 0.13, edge))
    return mix(colour, outline, 0.9 * smoothstep(0.065, 0.03, edge))


@njit
def _belly(x, y, z):
    """The posy: where on it a point lies (1 = its rim) and its paint."""
    across = math.atan2(x, -y) * 0.092 + 0.0009 * perlin(160 * x, 160 * y, 160 * z, 31)
    up = z - 0.106 + 0.0009 * perlin(160 * x, 160 * y, 160 * z, 32)
    rim = math.hypot(across / 0.068, up / 0.057)
    colour = mix(IVORY, CREAM, 0.5 + 0.9 * perlin(40 * x, 40 * y, 40 * z, 33))
    if rim > 1.2:
        return rim, colour
    # Fine sprigs fill what the flowers leave free.
    ox, oy, who = scatter(across / 0.0062, up / 0.0062, 34, 0.8)
    ox, oy = ox * 0.0062, oy * 0.0062
    turn = (who & 255) / 40.0
    for leaf in range(3):
        colour = leaf_over(
            colour, ox, oy, 0.0030, 0.0007, turn + 0.8 * (leaf - 1), LEAF if who & 256 else OLIVE
        )
    berry = _ACCENTS[(who >> 10) & 3]
    colour = mix(colour, berry, smoothstep(0.0009, 0.0006, math.hypot(ox, oy)))
    # Stems all grow from below.
    for flower in _FLOWERS:
        if up < flower[1]:
            t = (up + 0.06) / (flower[1] + 0.06)
            bend = flower[0] * t * t
            colour = mix(colour, scale(LEAF, 0.55), 0.85 * smoothstep(0.0011, 0.0006, abs(across - bend)))
    for leaf in _LEAVES:
        colour = leaf_over(colour, across - leaf[0], up - leaf[1], leaf[2], leaf[3], leaf[4], leaf[5])
    for f in _FLOWERS:
        colour = petals_over(colour, across - f[0], up - f[1], f[2], f[3], f[4], f[5], f[6])
    # A border of strokes between two lines.
    angle = math.atan2(up, across)
    stroke = abs((angle / (2 * math.pi) * 46.0 + 3.0 * rim) % 1.0 - 0.5)
    border = mix(CORAL, AMBER, smoothstep(0.28, 0.22, stroke))
    colour = mix(colour, border, smoothstep(0.90, 0.915, rim))
    colour = mix(colour, INK, smoothstep(0.016, 0.008, min(abs(rim - 0.90), abs(rim - 0.995))))
    return rim, colour


@njit
def _eye(ex, ez, hx):
    r, angle = math.hypot(ex, ez), math.atan2(ez, ex)
    fibre = perlin(angle * 9.0, r * 260.0, 2.0 if hx > 0 else 7.0, 41)
    fibre += 0.6 * perlin(angle * 22.0, r * 500.0, 3.0 if hx > 0 else 9.0, 42)
    colour = mix(scale(AMBER, 1.1), BRICK, smoothstep(0.009, 0.0175, r + 0.003 * fibre))
    colour = scale(colour, 1.0 + 0.35 * fibre)
    colour = mix(colour, IVORY, 0.8 * smoothstep(0.0008, 0.0004, abs(r - 0.0150 - 0.0004 * fibre)))
    pupil = mix(INK, COBALT, 0.25 + 0.5 * perlin(ex * 420, ez * 420, hx * 90, 43))
    colour = mix(colour, pupil, smoothstep(0.0094, 0.0088, r + 0.0003 * fibre))
    colour = mix(colour, IVORY, smoothstep(0.0032, 0.0027, math.hypot(ex + 0.0042, ez - 0.0046)))
    colour = mix(colour, SKY, smoothstep(0.0015, 0.0011, math.hypot(ex - 0.0040, ez + 0.0042)))
    return mix(colour, INK, smoothstep(0.0172, 0.0180, r))


@njit
def _disc(ex, ez, hx):
    r, angle = math.hypot(ex, ez), math.atan2(ez, ex)
    side = 1.0 if hx > 0 else 0.0
    ray = perlin(angle * 14.0, r * 60.0, 5.0 + side, 51) + 0.5 * perlin(
        angle * 33.0, r * 110.0, 8.0 + side, 52
    )
    colour = mix(IVORY, OCHRE, 0.35 + 0.7 * ray)
    colour = mix(colour, CORAL, 0.8 * smoothstep(0.0275, 0.0215, r + 0.003 * ray))
    step = (angle / (2 * math.pi) * 22.0) % 1.0 - 0.5
    bead = math.hypot(step * 2 * math.pi * r / 22.0, r - 0.0292)
    paint = _ACCENTS[(math.floor(angle / (2 * math.pi) * 22.0) * 5 + int(3 * side)) & 7]
    colour = mix(colour, INK, smoothstep(0.0027, 0.0023, bead))
    colour = mix(colour, paint, smoothstep(0.0020, 0.0016, bead))
    colour = mix(colour, BRICK, smoothstep(0.0332, 0.0340, r + 0.0006 * ray))
    return mix(colour, INK, 0.8 * smoothstep(0.0006, 0.0003, abs(r - 0.0335)))


@njit
def _plinth(x, y, z):
    angle, radius = math.atan2(x, -y), math.hypot(x, y)
    if z > 0.0205 and radius < 0.1115:
        # Moss and meadow flowers on top.
        tone = fbm(45 * x, 45 * y, 0.0, 4, 71)
        colour = mix(scale(OLIVE, 0.55), mix(LEAF, AMBER, 0.3), 0.5 + 1.1 * tone)
        ox, oy, who = scatter(x / 0.012, y / 0.012, 72, 0.9)
        if who % 5 < 3:
            size = 0.0026 + 0.0022 * rand(who, 1, 2, 73)
            colour = petals_over(
                colour,
                ox * 0.012,
                oy * 0.012,
                size,
                4 + who % 4,
                float(who & 7),
                _ACCENTS[(who >> 4) % 6],
                AMBER,
            )
        ox, oy, who = scatter(x / 0.005, y / 0.005, 74, 0.9)
        blade = leaf_over(colour, ox * 0.005, oy * 0.005, 0.0045, 0.0007, (who & 255) / 40.0, LEAF)
        return mix(colour, blade, 0.8)
    around = angle / (2 * math.pi) * 40.0 + 0.05 * perlin(70 * x, 70 * y, 70 * z, 75)
    column, u = math.floor(around), around % 1.0 - 0.5
    ground = (COBALT, TEAL, BRICK, PLUM)[int(rand(column, 0, 0, 76) * 4)]
    paint = _ACCENTS[int(rand(column, 1, 0, 76) * 6)]
    second = _ACCENTS[int(rand(column, 2, 0, 76) * 6)]
    colour = scale(ground, 1.0 + 0.4 * fbm(160 * x, 160 * y, 160 * z, 3, 77))
    t = (z - 0.0125) / 0.0085
    diamond = abs(u) * 2.2 + abs(t) * (0.8 + 0.5 * rand(column, 3, 0, 76))
    colour = mix(colour, paint, smoothstep(0.85, 0.78, diamond))
    colour = mix(colour, second, smoothstep(0.45, 0.38, diamond))
    colour = mix(colour, INK, smoothstep(0.2, 0.14, diamond))
    edge = mix(OCHRE, CORAL, 0.5 + perlin(90 * x, 90 * y, 90 * z, 78))
    colour = mix(colour, edge, smoothstep(0.92, 1.0, abs(t)))
    return mix(colour, INK, smoothstep(0.1, 0.05, abs(abs(t) - 0.94)))


@njit
def _glaze(colour, x, y, z):
    """What the kiln does to any paint: pooling, crackle, iron specks."""
    pool = fbm(28 * x, 28 * y, 28 * z, 5, 81)
    brush = perlin(420 * x, 420 * y, 140 * z, 82) + 0.7 * perlin(900 * x, 900 * y, 900 * z, 83)
    colour = scale(colour, 1.0 + 0.22 * pool + 0.09 * brush)
    bend = 0.25 * perlin(120 * x, 120 * y, 120 * z, 84)
    first, second, _ = cells(95 * x + bend, 95 * y - bend, 95 * z + bend, 85)
    first2, second2, _ = cells(230 * x + bend, 230 * y - bend, 230 * z, 86)
    crack = 0.60 * smoothstep(0.045, 0.012, second - first)
    crack += 0.32 * smoothstep(0.06, 0.02, second2 - first2) * smoothstep(-0.2, 0.3, pool)
    colour = mix(colour, scale(BRICK, 0.30), crack)
    near, _, who = cells(330 * x, 330 * y, 330 * z, 87)
    if who % 11 == 0:
        colour = mix(colour, scale(INK, 1.3), 0.75 * smoothstep(0.34, 0.22, near))
    elif who % 23 == 1:
        colour = mix(colour, IVORY, 0.6 * smoothstep(0.34, 0.22, near))
    return colour


@njit
def owl_colour(x, y, z):
    """Linear albedo at a point of the smooth surface."""
    # A hand never follows a seam exactly.
    x0, y0, z0 = x, y, z
    x += 0.0006 * perlin(210 * x0, 210 * y0, 210 * z0, 1)
    z += 0.0006 * perlin(210 * x0, 210 * y0, 210 * z0, 2)
    p = parts(x, y, z)
    which, best, second = 0, 1e9, 1e9
    for i in range(11):
        if p[i] < best:
            which, best, second = i, p[i], best
        elif p[i] < second:
            second = p[i]
    hx, hy, hz = head_local(x, y, z)
    if which == BODY:
        u, v, edge, who, row = body_feather(x, y, z)
        front = smoothstep(1.25, 1.05, abs(math.atan2(x, -y)) + 0.1 * perlin(50 * x, 50 * y, 50 * z, 3))
        if rand(who, row, 9, 62) < front:
            colour = _feather(u, v, edge, who, row, _BREAST, BRICK)
        else:
            colour = _feather(u, v, edge, who, row, _BACK, INK)
        rim, posy = _belly(x, y, z)
        colour = mix(colour, posy, smoothstep(1.005, 0.995, rim) if y < 0.0 else 0.0)
    elif which == HEAD:
        u, v, edge, who, row = crown_feather(hx, hy, hz)
        colour = _feather(u, v, edge, who, row, _CROWN, INK)
    elif which == WING:
        _, back, up = wing_local(x, y, z)
        u, v, edge, who, row = wing_feather(back, up)
        who += 7919 if x > 0 else 0
        if up > -0.002:
            colour = _feather(u, v, edge, who, row, _COVERT, INK)
        else:
            colour = _feather(u, v, edge, who, row, _FLIGHT, INK)
            bar = abs((v * 4.0 + 0.6 * abs(u) + (who & 7) / 8.0) % 1.0 - 0.5)
            colour = mix(colour, IVORY if who & 64 else AMBER, 0.7 * smoothstep(0.16, 0.10, bar))
    elif which == TAIL:
        u, v, edge, who, row = tail_feather(x, y, z)
        colour = _feather(u, (v * 1.6) % 1.5, edge, who + 13 * int(v * 1.07), row, _FLIGHT, INK)
        bar = abs((v * 5.0 + 0.5 * abs(u) + (who & 7) / 8.0) % 1.0 - 0.5)
        colour = mix(colour, CREAM, 0.6 * smoothstep(0.15, 0.10, bar))
    elif which == EYE:
        ex, _, ez = eye_local(hx, hy, hz)
        colour = _eye(ex, ez, hx)
    elif which == DISC:
        ex, _, ez = eye_local(hx, hy, hz)
        colour = _disc(ex, ez, hx)
    elif which == BEAK:
        stripe = perlin(40 * hx, 40 * hy, 420 * hz, 53)
        colour = mix(AMBER, BRICK, 0.35 + 0.8 * stripe + 12.0 * (0.2 - hz))
    elif which in (BROW, EAR):
        along = (abs(hx) - 0.5 * hz) * 700.0 / (2 * math.pi)
        lock = math.floor(along) * 2 + (1 if hx > 0 else 0)
        colour = (IVORY, CORAL, OCHRE, TURQUOISE, CREAM, BRICK)[int(rand(lock, which, 0, 54) * 6)]
        streak = perlin(hx * 300, hy * 300, hz * 60, 55)
        colour = scale(colour, 1.0 + 0.35 * streak)
        tick = abs((hz * 160.0 + 0.4 * streak + rand(lock, 2, 0, 54)) % 1.0 - 0.5)
        colour = mix(colour, INK, 0.8 * smoothstep(0.12, 0.07, tick))
        colour = mix(colour, INK, 0.85 * smoothstep(0.40, 0.47, abs(along % 1.0 - 0.5)))
    elif which == FOOT:
        ring = (y * 900.0 / (2 * math.pi)) % 1.0
        colour = mix(AMBER, CORAL, 0.5 + 0.8 * perlin(120 * x, 120 * y, 120 * z, 56))
        colour = mix(colour, BRICK, 0.8 * smoothstep(0.32, 0.45, abs(ring - 0.5)))
        spot, _, _ = cells(260 * x, 260 * y, 260 * z, 57)
        colour = mix(colour, IVORY, 0.6 * smoothstep(0.3, 0.22, spot))
    else:
        colour = _plinth(x, y, z)
    # Paint stops short of a seam, where bare dark clay shows.
    colour = mix(colour, scale(INK, 1.2), 0.75 * smoothstep(0.0011, 0.0004, second - best))
    return _glaze(colour, x0, y0, z0)
