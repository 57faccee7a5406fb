"""Texture pyramids for minification."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast.arrays import settled


@dataclass(frozen=True)
class Pyramid:
    """All levels of a texture in one flat array, each level half the one before (Williams 1983).

    ``texels``: (sum of H*W, 3) uint8 sRGB. ``start``: first texel of each level. ``size``: (L, 2) width, height.
    """

    texels: NDArray[np.uint8]
    start: NDArray[np.int64]
    size: NDArray[np.int64]


def pyramid(image: NDArray[np.uint8]) -> Pyramid:
    """Levels of ``image`` (H, W, 1|3|4) uint8 down to one texel; alpha is dropped."""
    from meshloom.kernels.raycast._texture_kernel import halve

    level = np.ascontiguousarray(rgb(image))
    levels = [level]
    while max(level.shape[:2]) > 1:
        level = halve(settled(level, np.uint8))
        levels.append(level)
    counts = [each.shape[0] * each.shape[1] for each in levels]
    return Pyramid(
        np.concatenate([each.reshape(-1, 3) for each in levels]),
        np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64),
        np.array([[each.shape[1], each.shape[0]] for each in levels], np.int64),
    )


def no_texture() -> Pyramid:
    """A single white texel."""
    return pyramid(np.full((1, 1, 3), 255, np.uint8))


def rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) of (H, W) or (H, W, 1|3|4): grey is repeated, alpha is dropped."""
    if image.ndim == 2:
        image = image[:, :, None]
    return np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image[:, :, :3]


def factor_curve(factor: tuple[float, float, float]) -> NDArray[np.uint8]:
    """(256, 3) sRGB to sRGB for a factor in linear light."""
    level = np.arange(256.0)[:, None] / 255.0
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) * np.array(factor)
    srgb = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    )
    return (np.clip(srgb, 0, 1) * 255 + 0.5).astype(np.uint8)


def tinted(image: NDArray[np.uint8], curve: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``image`` through a ``factor_curve``."""
    flat = rgb(image)
    return np.stack([curve[flat[:, :, c], c] for c in range(3)], axis=2)
