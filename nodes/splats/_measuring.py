"""How well splats show what photos show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Figure, Series, Table
from meshloom.kernels.splatting.arrays import Camera, Gaussians, Settings
from meshloom.kernels.splatting.kernel import Rasteriser
from meshloom.kernels.splatting.losses import REACH, PhotoLoss, Target
from meshloom.kernels.splatting.training import View

#: A distance between two pictures (3, H, W) where (H, W) counts.
Distance = Callable[[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]], float]


@dataclass(frozen=True)
class Score:
    """PSNR in dB of stored values; ``evened`` after one factor a channel; SSIM; the picture (3, H, W).

    ``lpips``: the distance to the photo, where there was something to measure it with.
    """

    psnr: float
    evened: float
    ssim: float
    picture: NDArray[np.float32]
    lpips: float | None = None


def measure(
    rasteriser: Rasteriser,
    gaussians: Gaussians,
    view: View,
    settings: Settings,
    background: tuple[float, float, float],
    camera: Camera | None = None,
    lpips: Distance | None = None,
) -> Score:
    """Draw a view and compare it with its photo where that counts."""
    frame = rasteriser.render(gaussians, camera or view.camera, replace(settings, geometry=False))
    drawn = np.clip(frame.over(np.array(background)), 0, 1)
    photo = view.photo
    if view.alpha is not None:
        photo = photo + (1 - view.alpha) * np.array(background, np.float32)[:, None, None]
    weight = np.ones(photo.shape[1:], np.float32) if view.counts is None else view.counts
    total = float(weight.sum()) * 3
    error = float((weight * (drawn - photo) ** 2).sum()) / max(total, 1e-9)
    # One factor a channel: photos differ in exposure, which no scene can know.
    gains = (weight * drawn * photo).sum(axis=(1, 2)) / np.maximum(
        (weight * drawn * drawn).sum(axis=(1, 2)), 1e-9
    )
    even = float((weight * (drawn * gains[:, None, None] - photo) ** 2).sum()) / max(total, 1e-9)
    shown = drawn * weight + photo * (1 - weight)
    shown, photo = shown.astype(np.float32), np.ascontiguousarray(photo)
    # Where no window holds anything that counts both are equal, and SSIM 1: taken out of its mean.
    share = 1.0
    if view.counts is not None:
        from scipy.ndimage import maximum_filter

        share = max(float(maximum_filter(weight > 0, 2 * REACH + 1).mean()), 1e-9)
    ssim = 1 - (1 - PhotoLoss(rasteriser)(shown, Target(photo))[1]) / share
    apart = lpips(shown, photo, weight) if lpips is not None else None
    return Score(decibels(error), decibels(even), ssim, drawn.astype(np.float32), apart)


def decibels(error: float) -> float:
    """PSNR of a mean squared error; 100 for none."""
    return float(min(-10 * np.log10(max(error, 1e-10)), 100.0))


#: Columns of the table, with their digits; the last only where it was measured.
_COLUMNS = {
    "psnr": ("psnr_db", 3),
    "evened": ("psnr_exposure_evened_db", 3),
    "ssim": ("ssim", 4),
    "lpips": ("lpips", 4),
}


def table_of(names: list[str], scores: list[Score]) -> Table:
    """A row a photo, and their mean."""
    parts = [part for part in _COLUMNS if all(getattr(score, part) is not None for score in scores)]
    if not scores:
        parts.remove("lpips")
    values = [[getattr(score, part) for part in parts] for score in scores]
    rows = list(zip(names, values, strict=True))
    if scores:
        rows.append(("mean", [float(np.mean(column)) for column in zip(*values, strict=True)]))
    digits = [_COLUMNS[part][1] for part in parts]
    return Table(
        ("photo", *(_COLUMNS[part][0] for part in parts)),
        tuple((name, *map(round, row, digits)) for name, row in rows),
    )


def curve_of(rows: NDArray[np.float64]) -> Figure:
    """Loss, PSNR and SSIM over the iterations. ``rows``: (N, 4): iteration, PSNR (dB), SSIM, loss."""
    at, psnr, ssim, loss = rows.T
    series = [Series("loss x 100", at, loss * 100)]
    if np.isfinite(psnr).any():
        series += [Series("PSNR of held-out photos (dB)", at, psnr), Series("SSIM x 10", at, ssim * 10)]
    return Figure("Training", "iteration", "", tuple(series))
