"""Two pictures in numbers, on a thread of their own: large photos take seconds."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime import types
from meshloom.ui.look.image_view import pixels_of


class Measuring(threading.Thread):
    """Brings two values to levels of one size and scale, then measures them.

    Nothing of Qt is touched: who waits asks :meth:`threading.Thread.is_alive`.
    """

    def __init__(self, one: Any, other: Any) -> None:
        super().__init__(name="compare", daemon=True)
        self._values = (one, other)
        self._levels: list[NDArray[np.float32]] = []
        self._ready = threading.Event()
        self.numbers: dict[str, float] = {}
        self.start()

    def run(self) -> None:
        try:
            self._levels = together(*self._values)
        finally:
            self._ready.set()
        one, other = self._levels
        largest = float(np.abs(one - other).max())
        self.numbers = {"PSNR": psnr(one, other), "SSIM": ssim(one, other), "max": largest}

    @property
    def is_ready(self) -> bool:
        """Whether :attr:`levels` are there."""
        return bool(self._levels)

    @property
    def levels(self) -> list[NDArray[np.float32]]:
        """Both pictures, (H, W, 3) of the first's size; waits for them. Empty if there was no memory for them."""
        self._ready.wait()
        return self._levels


def together(one: Any, other: Any) -> list[NDArray[np.float32]]:
    """Two images, masks or depth maps at the size of the first; depths on one scale."""
    depths = [value for value in (one, other) if isinstance(value, types.DepthMap)]
    farthest = max(map(_farthest, depths), default=0.0)
    first = levels_of(one, farthest)
    return [first, fitted_to(levels_of(other, farthest), first.shape)]


def levels_of(value: Any, farthest: float = 0.0) -> NDArray[np.float32]:
    """(H, W, 3) float32 sRGB of an image or mask; of a depth map its depths, ``farthest`` (or its own) being 1."""
    pixels = pixels_of(value)
    assert pixels is not None
    if isinstance(value, types.DepthMap):
        held = np.where(np.isfinite(pixels), pixels, 0)
        top = farthest or _farthest(value) or 1.0
        return np.repeat((held / top).astype(np.float32), 3, axis=2)
    levels = pixels.astype(np.float32) / 255.0 if pixels.dtype == np.uint8 else pixels.astype(np.float32)
    return levels[:, :, :3] if levels.shape[2] >= 3 else np.repeat(levels[:, :, :1], 3, axis=2)


def _farthest(value: types.DepthMap) -> float:
    return float(value.depth[np.isfinite(value.depth)].max(initial=0.0))


def fitted_to(levels: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The same picture at another size (H, W), for comparing pixel by pixel."""
    import cv2

    if levels.shape[:2] == shape[:2]:
        return levels
    smaller = levels.shape[0] > shape[0]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(levels, (shape[1], shape[0]), interpolation=how), np.float32)


def psnr(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Peak signal to noise ratio in dB for a peak of 1.0; infinite for equal pictures."""
    error = float(np.mean((one.astype(np.float64) - other) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(1.0 / error))


def ssim(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Mean structural similarity (Wang 2004) of the luma, window 7."""
    from skimage.metrics import structural_similarity

    luma = np.array([0.2126, 0.7152, 0.0722], np.float32)
    if min(one.shape[:2]) < 7:
        return float("nan")
    return float(structural_similarity(one @ luma, other @ luma, data_range=1.0))
