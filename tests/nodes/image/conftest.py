"""Pictures to try the nodes on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from meshloom.graph_runtime.types import Image


def _picture(channels: int = 3, dtype: str = "uint8", height: int = 40, width: int = 48) -> Image:
    """Slopes, a disc, fine texture; where there is alpha, a soft hole on the right."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    disc = 1 / (1 + np.exp((np.hypot(x - 0.4, y - 0.4) - 0.25) * 60))
    texture = 0.05 * np.sin(40 * x + 25 * y)
    planes = [0.2 + 0.5 * x + 0.2 * disc, 0.3 + 0.4 * y, 0.7 - 0.4 * disc, np.clip(2.2 - 2.5 * x, 0, 1)]
    planes = [planes[0] + texture] if channels == 1 else [p + texture * (i < 3) for i, p in enumerate(planes)]
    pixels = np.stack(planes[:channels], axis=2).astype(np.float32)
    if dtype == "uint8":
        pixels = (np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8)
    return Image(pixels, "photo.png", 1000.0)


@pytest.fixture
def picture() -> Callable[..., Image]:
    """``picture(channels=3, dtype="uint8", height=40, width=48)``."""
    return _picture


def _plain(value: object, height: int = 8, width: int = 8, dtype: str = "float32", name: str = "") -> Image:
    pixels = np.empty((height, width, len(value)), dtype)  # type: ignore[arg-type]
    pixels[:] = value
    return Image(pixels, name)


@pytest.fixture
def plain() -> Callable[..., Image]:
    """``plain([0.2, 0.4, 0.6], height=8, width=8)``: one colour everywhere."""
    return _plain
