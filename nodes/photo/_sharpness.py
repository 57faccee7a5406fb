"""How sharp a picture is, as a number that can be compared between pictures of the same scene."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Image


def grey(image: Image, longest: int) -> NDArray[np.float32]:
    """(h, w) float32 luma in 0..1, the longer side at most ``longest``."""
    import cv2

    pixels: NDArray[Any] = np.ascontiguousarray(image.rgb())
    if max(pixels.shape[:2]) > longest:
        scale = longest / max(pixels.shape[:2])
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    if pixels.dtype == np.uint8:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32) / np.float32(255)
    luma = cv2.cvtColor(np.ascontiguousarray(pixels, np.float32), cv2.COLOR_RGB2GRAY)
    return np.clip(np.nan_to_num(luma, nan=0.0, posinf=1.0, neginf=0.0), 0, 1).astype(np.float32)


def sharpness(luma: NDArray[np.float32]) -> float:
    """Variance of the Laplacian over that of the picture (Pech-Pacheco et al. 2000, made free of contrast).

    0 for a blank picture. The sharpest detail decides, not how much blank wall surrounds it: the picture is
    cut into 8 x 8 tiles and the upper quarter of them is averaged.
    """
    import cv2

    if min(luma.shape) < 3:
        return 0.0
    spread = float(luma.var())
    if spread < 1e-6:
        return 0.0
    # A touch of smoothing first, so that sensor noise does not count as detail.
    edges = cv2.Laplacian(cv2.GaussianBlur(luma, (0, 0), 0.8), cv2.CV_32F) ** 2
    tiles = cv2.resize(edges, (8, 8), interpolation=cv2.INTER_AREA) if min(luma.shape) >= 8 else edges
    strongest = np.sort(tiles.ravel())[-max(1, tiles.size // 4) :]
    return float(strongest.mean() / spread)
