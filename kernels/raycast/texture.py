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

    level = np.ascontiguousarray(np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image[:, :, :3])
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
