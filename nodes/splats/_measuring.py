"""How well splats show what photos show."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import Table
from meshloom.kernels.splatting.arrays import Camera, Gaussians, Settings
from meshloom.kernels.splatting.kernel import Rasteriser
from meshloom.kernels.splatting.losses import PhotoLoss, Target
from meshloom.kernels.splatting.training import View


@dataclass(frozen=True)
class Score:
    """PSNR in dB of stored values; ``evened`` after one factor a channel; SSIM; the picture (3, H, W)."""

    psnr: float
    evened: float
    ssim: float
    picture: NDArray[np.float32]


def measure(
    rasteriser: Rasteriser,
    gaussians: Gaussians,
    view: View,
    settings: Settings,
    background: tuple[float, float, float],
    camera: Camera | None = None,
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
    ssim = PhotoLoss(rasteriser)(shown.astype(np.float32), Target(np.ascontiguousarray(photo)))[1]
    return Score(decibels(error), decibels(even), ssim, drawn.astype(np.float32))


def decibels(error: float) -> float:
    """PSNR of a mean squared error; 100 for none."""
    return float(min(-10 * np.log10(max(error, 1e-10)), 100.0))


def table_of(names: list[str], scores: list[Score]) -> Table:
    """A row a photo, and their mean."""
    rows: list[tuple[str | float, ...]] = [
        (name, round(score.psnr, 3), round(score.evened, 3), round(score.ssim, 4))
        for name, score in zip(names, scores, strict=True)
    ]
    if scores:
        means = [float(np.mean([getattr(s, part) for s in scores])) for part in ("psnr", "evened", "ssim")]
        rows.append(("mean", round(means[0], 3), round(means[1], 3), round(means[2], 4)))
    return Table(("photo", "psnr_db", "psnr_exposure_evened_db", "ssim"), tuple(rows))
