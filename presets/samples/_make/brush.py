"""The painter's palette and the two strokes of folk painting: a flower and a leaf."""

from __future__ import annotations

import math

from numba import njit

from .colour import hexed, mix, scale
from .noise import smoothstep

CREAM, IVORY, INK = hexed("#e9dcc0"), hexed("#f3ead6"), hexed("#2b211d")
COBALT, TEAL, TURQUOISE = hexed("#2f4f8f"), hexed("#1f6f78"), hexed("#57a7a0")
OCHRE, AMBER, CORAL = hexed("#d39a3a"), hexed("#eaa62b"), hexed("#cf5b41")
BRICK, ROSE, LEAF, OLIVE = hexed("#8f3b2c"), hexed("#d98a86"), hexed("#5d8a4a"), hexed("#7d7f3c")
BLUSH, SKY, PLUM = hexed("#e8b79a"), hexed("#8fb6cc"), hexed("#6d3f5e")


@njit
def petals_over(colour, x, y, radius, petals, turn, petal, heart):
    """Paint one flower over ``colour``; ``x, y`` are measured from its middle."""
    r = math.hypot(x, y) / radius
    if r > 1.25:
        return colour
    angle = math.atan2(y, x) + turn
    lobe = (angle / (2 * math.pi) * petals) % 1.0 - 0.5
    reach = 0.62 + 0.38 * math.cos(lobe * 2 * math.pi) ** 1
    inside = reach - r
    streak = 0.5 + 0.5 * math.sin(angle * petals * 5.0 + 3.0 * r)
    shade = mix(scale(petal, 0.62), mix(petal, IVORY, 0.45), r * 0.75 + 0.25 * streak)
    colour = mix(colour, scale(INK, 1.4), 0.75 * smoothstep(-0.085, -0.03, inside))
    colour = mix(colour, shade, smoothstep(-0.02, 0.03, inside))
    colour = mix(
        colour, scale(petal, 0.4), 0.7 * smoothstep(0.05, 0.0, abs(lobe) * r) * smoothstep(0.7, 0.5, r)
    )
    colour = mix(colour, INK, smoothstep(0.36, 0.33, r))
    stipple = 0.5 + 0.5 * math.sin(x * 5200.0) * math.sin(y * 5200.0)
    return mix(colour, mix(heart, scale(heart, 0.45), stipple), smoothstep(0.31, 0.28, r))


@njit
def leaf_over(colour, x, y, length, width, turn, green):
    """Paint one leaf that starts at the origin and points along ``turn``."""
    c, s = math.cos(turn), math.sin(turn)
    along, across = (c * x + s * y) / length, (-s * x + c * y) / width
    if along < -0.1 or along > 1.1 or abs(across) > 1.3:
        return colour
    inside = 4.0 * along * (1.0 - along) * (1.0 - 0.35 * along) - abs(across)
    vein = abs(((along * 7.0 - abs(across) * 0.9) % 1.0) - 0.5) * 2.0
    shade = mix(scale(green, 0.65), mix(green, AMBER, 0.35), 0.5 + 0.5 * across)
    shade = mix(shade, IVORY, 0.35 * smoothstep(0.25, 0.05, vein))
    shade = mix(shade, scale(green, 0.35), smoothstep(0.16, 0.06, abs(across)))
    colour = mix(colour, scale(INK, 1.6), 0.7 * smoothstep(-0.18, -0.05, inside))
    return mix(colour, shade, smoothstep(-0.05, 0.06, inside))
