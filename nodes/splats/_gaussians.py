"""Values to what the rasteriser takes, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, Splats
from meshloom.kernels.splatting.arrays import Camera, Gaussians

if TYPE_CHECKING:
    from numpy.typing import NDArray


def gaussians_of(splats: Splats) -> Gaussians:
    """The arrays of a value, as they are."""
    return Gaussians(splats.means, splats.quaternions, splats.scales, splats.opacities, splats.sh)


def splats_of(gaussians: Gaussians, antialiased: bool) -> Splats:
    """A value of arrays that nobody else will change."""
    return Splats(
        gaussians.means,
        gaussians.quaternions,
        gaussians.scales,
        gaussians.opacities,
        gaussians.sh,
        antialiased,
    )


def need_splats(splats: Splats) -> None:
    """Raise where there is nothing."""
    if not len(splats):
        raise NodeError(
            "the scene holds no splats; expected one or more", hint="look at where they come from"
        )


def cameras_of(cameras: Cameras, doing: str) -> list[Camera]:
    """The cameras as pinholes. Raises ``NodeError`` where there are none, or one is distorted or not finite."""
    if not len(cameras):
        raise NodeError(
            f"there are no cameras to {doing}; expected one or more",
            hint="connect the cameras of a reconstruction",
        )
    cameras.need_pinholes()
    return [
        Camera.of(cameras.intrinsics[n], cameras.extrinsics[n], *cameras.sizes[n].tolist())
        for n in range(len(cameras))
    ]


def extent_of(splats: Splats) -> float:
    """About the size of the scene: half the diagonal of what holds the middle 96 % of the splats."""
    good = splats.means[np.isfinite(splats.means).all(axis=1)]
    if not len(good):
        return 1.0
    low, high = np.quantile(good[:: max(1, len(good) // 100_000)].astype(np.float64), [0.02, 0.98], axis=0)
    return float(np.linalg.norm(high - low)) / 2 or 1.0


def planes(pixels: NDArray[np.generic]) -> NDArray[np.float32]:
    """(H, W, C) to (C, H, W) float32."""
    return np.ascontiguousarray(np.moveaxis(pixels, 2, 0), np.float32)
