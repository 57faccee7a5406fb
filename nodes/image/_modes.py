"""Blend modes: base and top colours in, colours out, element by element.

Formulas of W3C "Compositing and Blending Level 1". They are made for 0..1; where a value is beyond white,
each is continued so that a brighter picture never gives a darker result.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def screen(base: Floats, top: Floats) -> Floats:
    inside = (base <= 1) & (top <= 1)
    return np.where(inside, base + top - base * top, np.maximum(base, top))


def hard_light(base: Floats, top: Floats) -> Floats:
    """Multiply by dark tops, screen with light ones."""
    top = np.clip(top, 0, 1)
    return np.where(top <= 0.5, 2 * base * top, 1 - 2 * (1 - base) * (1 - top))


def overlay(base: Floats, top: Floats) -> Floats:
    """Hard light with the roles swapped: the base decides."""
    top = np.clip(top, 0, 1)
    return np.where(base <= 0.5, 2 * base * top, 1 - 2 * (1 - base) * (1 - top))


def soft_light(base: Floats, top: Floats) -> Floats:
    top = np.clip(top, 0, 1)
    low = np.clip(base, 0, 0.25)
    lift = np.where(base <= 0.25, ((16 * low - 12) * low + 4) * base, np.sqrt(np.maximum(base, 0)))
    return np.where(
        top <= 0.5, base - (1 - 2 * top) * base * (1 - base), base + (2 * top - 1) * (lift - base)
    )


MODES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "normal": lambda base, top: top,
    "multiply": lambda base, top: base * top,
    "screen": screen,
    "overlay": overlay,
    "soft light": soft_light,
    "hard light": hard_light,
    "add": lambda base, top: base + top,
    "subtract": lambda base, top: base - top,
    "difference": lambda base, top: np.abs(base - top),
    "lighten": np.maximum,
    "darken": np.minimum,
}
