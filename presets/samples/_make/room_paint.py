"""Colours of the room: cloth, wood, books, pictures, cushions, and what is outside the window."""

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
from .colour import hexed, mix, scale
from .noise import cells, fbm, perlin, rand, scatter, smoothstep
from .room import (
    BOOK,
    CEILING,
    CLOTH,
    CLOTH_HALF,
    CURTAIN,
    FABRIC,
    FLOOR,
    LAMP,
    PICTURE,
    PLANT,
    POT,
    RUG,
    SHELF,
    TABLE,
    WALL,
    WINDOW,
)

INDIGO, NIGHT, LINEN = hexed("#2b3757"), hexed("#1d2540"), hexed("#cdbb98")
OAK, WALNUT, HONEY = hexed("#a87a4c"), hexed("#6a452b"), hexed("#c08f58")
PLASTER, SAGE, CLAY = hexed("#d8cdb8"), hexed("#a9b39a"), hexed("#b6674a")

_BLOOM = (CORAL, IVORY, ROSE, AMBER, SKY, BLUSH, OCHRE, TURQUOISE)
_DYES = (BRICK, TEAL, OCHRE, COBALT, OLIVE, CREAM, PLUM, CLAY)


@njit
def _bouquets(colour, x, y, pitch, seed, share):
    """Flowers of about half the ``pitch``, one a square for ``share`` of the squares, with leaves behind."""
    ox, oy, who = scatter(x / pitch, y / pitch, seed, 0.75)
    if rand(who, 1, 0, seed) > share:
        return colour
    ox, oy = ox * pitch, oy * pitch
    size = pitch * (0.26 + 0.16 * rand(who, 2, 0, seed))
    turn = 6.2832 * rand(who, 3, 0, seed)
    for i in range(2 + who % 3):
        green = mix(LEAF, LINEN, 0.6 * rand(who, 4, i, seed))
        angle = turn + 2.1 * i + rand(who, 5, i, seed)
        start = 0.75 * size
        px, py = ox - start * math.cos(angle), oy - start * math.sin(angle)
        colour = leaf_over(
            colour, px, py, size * (0.8 + 0.5 * rand(who, 6, i, seed)), size * 0.22, angle, green
        )
    petal = _BLOOM[(who >> 3) & 7]
    heart = _BLOOM[(who >> 7) & 7]
    colour = petals_over(colour, ox, oy, size, 4 + (who >> 11) % 6, turn, petal, heart)
    if (who >> 15) & 1:
        inner = _BLOOM[(who >> 16) & 7]
        colour = petals_over(colour, ox, oy, size * 0.6, 5 + (who >> 19) % 3, turn + 0.5, inner, AMBER)
    return colour


@njit
def _cloth(x, y):
    """Block-printed flowers on indigo, none like another, and a striped hem."""
    a = x + 0.0012 * perlin(80 * x, 80 * y, 0.0, 201)
    b = y + 0.0012 * perlin(80 * x, 80 * y, 5.0, 202)
    colour = mix(NIGHT, INDIGO, 0.6 + 0.8 * fbm(18 * x, 18 * y, 0.0, 5, 203))
    vine = perlin(26 * a, 26 * b, 3.0, 204) + 0.35 * perlin(70 * a, 70 * b, 3.0, 213)
    colour = mix(colour, mix(INDIGO, SKY, 0.28), 0.75 * smoothstep(0.035, 0.015, abs(vine)))
    colour = _bouquets(colour, a, b, 0.031, 205, 0.55)
    colour = _bouquets(colour, a + 0.013, b + 0.009, 0.052, 206, 0.75)
    colour = _bouquets(colour, a + 0.03, b + 0.05, 0.105, 207, 0.85)
    rim = CLOTH_HALF - max(abs(x), abs(y))
    if rim < 0.042:
        along = y if abs(x) > abs(y) else x
        tooth = abs((along / 0.021 + 0.3 * perlin(60 * along, 0.0, 0.0, 208)) % 1.0 - 0.5)
        stripe = mix(CORAL, OCHRE, smoothstep(-0.1, 0.1, perlin(33 * along, 3.0, 0.0, 209)))
        hem = mix(stripe, IVORY, smoothstep(0.0, 0.08, 2.0 * tooth * 0.5 + 0.18 - (rim - 0.008) / 0.05))
        colour = mix(colour, hem, smoothstep(0.0415, 0.0405, rim))
        colour = mix(colour, NIGHT, smoothstep(0.0016, 0.0008, min(abs(rim - 0.037), abs(rim - 0.006))))
    print_wear = fbm(140 * x, 140 * y, 0.0, 3, 210)
    colour = mix(colour, scale(INDIGO, 1.25), 0.5 * smoothstep(0.10, 0.42, print_wear))
    thread = perlin(1100 * x, 260 * y, 0.0, 211) + perlin(260 * x, 1100 * y, 4.0, 212)
    return scale(colour, 1.0 + 0.17 * thread)


@njit
def _wood(x, y, dark, light, seed):
    """Grain along x, with rings bent around knots."""
    kx, ky, who = scatter(x / 0.36, y / 0.13, seed, 0.9)
    knot = math.hypot(kx * 0.36 * 0.55, ky * 0.13)
    size = 0.006 + 0.012 * rand(who, 1, 0, seed)
    pull = size * math.exp(-((knot / (2.2 * size)) ** 2)) if who % 3 else 0.0
    bent = y + 1.2 * pull * (1.0 if ky > 0 else -1.0) + 0.012 * fbm(3.0 * x, 9.0 * y, seed * 0.1, 3, seed)
    ring = 0.5 + 0.5 * math.sin(bent * 420.0 + 5.0 * perlin(1.5 * x, 30.0 * bent, 0.0, seed + 1))
    fibre = fbm(22.0 * x, 900.0 * bent, 0.0, 3, seed + 2)
    broad = fbm(2.5 * x, 26.0 * bent, 0.0, 4, seed + 3)
    colour = mix(dark, light, 0.50 + 0.33 * (ring - 0.5) + 0.55 * broad + 0.5 * fibre)
    pore = smoothstep(0.26, 0.42, perlin(70.0 * x, 1500.0 * y, 0.0, seed + 4))
    colour = mix(colour, scale(dark, 0.4), 0.6 * pore)
    if who % 3:
        colour = mix(colour, scale(dark, 0.35), smoothstep(1.1, 0.5, knot / size))
    return colour


@njit
def _table(x, y):
    plank = math.floor(y / 0.118)
    inside = abs(y / 0.118 - plank - 0.5)
    tint = 0.8 + 0.4 * rand(plank, 0, 0, 221)
    colour = scale(_wood(x + 3.1 * plank, y + 0.7 * plank, WALNUT, OAK, 222), tint)
    colour = mix(colour, scale(WALNUT, 0.2), smoothstep(0.487, 0.495, inside))
    scratch = smoothstep(0.30, 0.45, perlin(30 * x + 20 * y, 700 * y - 260 * x, 0.0, 223))
    colour = mix(colour, HONEY, 0.35 * scratch)
    stain = fbm(7 * x, 7 * y, 0.0, 4, 224)
    return scale(colour, 1.0 + 0.3 * stain)


@njit
def _wall(x, y, seed):
    mottle = fbm(3 * x, 3 * y, seed * 3.7, 5, 231)
    base = PLASTER if seed != 2 else SAGE
    colour = scale(base, 1.0 + 0.16 * mottle + 0.06 * perlin(40 * x, 40 * y, seed * 1.0, 232))
    if seed == 2 or seed == 3:
        # Faded botanical wallpaper.
        faded = _bouquets(colour, x + 0.02 * perlin(5 * x, 5 * y, 0.0, 233), y, 0.24, 234 + seed, 0.85)
        faded = _bouquets(faded, x + 0.1, y + 0.07, 0.13, 236 + seed, 0.6)
        colour = mix(colour, faded, 0.42)
    return colour


@njit
def _book(x, y, seed):
    dye = _DYES[seed & 7]
    colour = scale(dye, 0.55 + 0.7 * rand(seed, 1, 0, 241))
    gold = OCHRE if (seed >> 4) & 1 else IVORY
    for i in range(2 + seed % 3):
        at = 0.02 + 0.22 * rand(seed, 2, i, 241)
        colour = mix(colour, gold, 0.8 * smoothstep(0.005, 0.003, abs(y - at)))
    label = abs(y - 0.1 - 0.05 * rand(seed, 3, 0, 241))
    if (seed >> 5) & 1 and label < 0.03:
        other = _DYES[(seed >> 6) & 7]
        colour = mix(other, gold, smoothstep(0.012, 0.008, abs(label - 0.018)))
    return scale(colour, 1.0 + 0.25 * fbm(20 * x, 20 * y, (seed & 1023) * 0.37, 3, 243))


@njit
def _picture(x, y, seed):
    """A loosely painted landscape: sky, hills, fields, trees."""
    s = (seed & 1023) * 0.61
    warm = rand(seed, 1, 0, 251)
    sky = mix(mix(SKY, BLUSH, warm), IVORY, 0.5 + 0.8 * fbm(6 * x, 11 * y, s, 4, 252))
    colour = sky
    horizon = 0.28 + 0.1 * rand(seed, 2, 0, 251)
    for layer in range(4):
        line = horizon - 0.075 * layer + 0.07 * fbm((4 + 2 * layer) * x, layer * 9.0, s, 4, 253)
        field = mix(_DYES[(seed >> (3 * layer)) & 7], LEAF, 0.45)
        field = mix(field, sky, 0.55 - 0.17 * layer)
        stroke = perlin(45 * x, 130 * y, s + layer, 254) + perlin(18 * x, 40 * y, s, 255)
        colour = mix(colour, scale(field, 1.0 + 0.35 * stroke), smoothstep(0.0, -0.008, y - line))
    return scale(colour, 1.0 + 0.2 * perlin(60 * x, 60 * y, s, 256))


@njit
def _fabric(x, y, seed):
    dye, second = _DYES[(seed * 5 + 2) & 7], _DYES[(seed * 3 + 5) & 7]
    if seed < 3:
        colour = mix(TEAL, SAGE, 0.35 + 0.5 * fbm(9 * x, 9 * y, seed * 1.0, 4, 261))
        return scale(colour, 0.9 + 0.25 * perlin(120 * x, 120 * y, 0.0, 262))
    colour = mix(dye, LINEN, 0.35)
    if seed & 1:
        colour = _bouquets(colour, x, y, 0.11, 263 + seed, 0.95)
    else:
        band = (y / 0.055 + 0.12 * perlin(30 * x, 30 * y, 0.0, 264)) % 1.0
        colour = mix(colour, second, smoothstep(0.45, 0.5, band))
        zig = abs(((x / 0.05) % 1.0) - 0.5) * 0.6 + 0.2
        colour = mix(colour, IVORY, smoothstep(0.09, 0.05, abs(band - zig)))
    return scale(colour, 1.0 + 0.25 * fbm(50 * x, 50 * y, seed * 1.0, 3, 265))


@njit
def _rug(x, y):
    colour = mix(BRICK, PLUM, 0.5 + fbm(3 * x, 3 * y, 0.0, 3, 271))
    cell_x, cell_y = math.floor(x / 0.2), math.floor(y / 0.2)
    u, v = abs(x / 0.2 - cell_x - 0.5), abs(y / 0.2 - cell_y - 0.5)
    dye = _DYES[int(rand(cell_x, cell_y, 0, 272) * 8)]
    second = _DYES[int(rand(cell_x, cell_y, 1, 272) * 8)]
    colour = mix(colour, dye, smoothstep(0.46, 0.44, u + v))
    colour = mix(colour, second, smoothstep(0.27, 0.25, u + v))
    return scale(colour, 0.75 + 0.3 * fbm(30 * x, 30 * y, 0.0, 4, 273))


@njit
def _garden(x, y):
    """Out of focus trees under a bright sky: radiance relative to the window's mean."""
    tree = fbm(2.2 * x, 2.2 * y, 0.0, 4, 281) + 0.9 - 1.1 * y
    near, _, who = cells(7 * x, 7 * y, 0.5, 282)
    glow = smoothstep(0.6, 0.1, near) * ((who & 255) / 255.0)
    green = mix(scale(LEAF, 0.8), scale(AMBER, 1.4), 0.25 + 0.6 * glow)
    return mix((1.05, 1.15, 1.3), scale(green, 1.6), smoothstep(-0.05, 0.25, tree))


@njit
def room_colour(material, seed, x, y, z):
    """Linear albedo of a surface in its painter's coordinates; for the window and the lamp, relative radiance."""
    if material == CLOTH:
        return _cloth(x, y)
    if material == TABLE:
        return _table(x, y)
    if material == WALL:
        return _wall(x, y, seed)
    if material == FLOOR:
        plank = math.floor(y / 0.11)
        return scale(
            _wood(x + 1.7 * plank, y, WALNUT, HONEY, 291),
            0.7 + 0.5 * rand(plank, int(x + 0.3 * plank), 0, 292),
        )
    if material == WINDOW:
        return _garden(x, y)
    if material == CURTAIN:
        return scale(mix(LINEN, IVORY, 0.4), 1.0 + 0.2 * fbm(30 * x, 9 * y, seed * 1.0, 4, 293))
    if material == BOOK:
        return _book(x, y, seed)
    if material == SHELF:
        return _wood(x, y + (seed % 17) * 0.3, scale(WALNUT, 0.7), WALNUT, 294)
    if material == PICTURE:
        return _picture(x, y, seed)
    if material == CEILING:
        return scale(IVORY, 0.9)
    if material == LAMP:
        return 1.0 + 0.2 * fbm(20 * x, 20 * y, 20 * z, 3, 295), 0.95, 0.9
    if material == FABRIC:
        return _fabric(x, y, seed)
    if material == PLANT:
        vein = 0.5 + 0.5 * math.sin(50.0 * x + 6.0 * abs(y - 0.5))
        green = mix(scale(LEAF, 0.5), mix(LEAF, OLIVE, 0.5), rand(seed, 1, 0, 296))
        return mix(green, mix(green, AMBER, 0.4), 0.35 * vein)
    if material == POT:
        glaze = _DYES[(seed >> 3) & 7]
        colour = mix(glaze, CLAY, 0.5 + 0.9 * fbm(18 * x, 18 * y, 18 * z + seed % 97, 4, 297))
        band = abs((y * 22.0 + seed % 7) % 1.0 - 0.5)
        return mix(colour, CREAM, 0.6 * smoothstep(0.2, 0.14, band))
    if material == RUG:
        return _rug(x, y)
    return scale(IVORY, 0.85)
