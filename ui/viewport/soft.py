"""Splats in the viewport: points while the eye moves, soft ellipsoids when it rests."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import PointCloud, Splats
from meshloom.kernels.raycast.render import Frame
from meshloom.kernels.raycast.view import View
from meshloom.ui.viewport.box import Box
from meshloom.ui.viewport.fading import FAINT
from meshloom.ui.viewport.things import Points, mapped

#: The first coefficient of real spherical harmonics.
_Y0 = 0.28209479177387814
#: Splats fainter than this are not worth a point.
_FAINT = 0.1


class Soft(Points):
    """A cloud of the centres, with the Gaussians themselves for when there is time."""

    def __init__(self, splats: Splats) -> None:
        self.splats = splats
        colours = np.clip((splats.sh[:, 0] * _Y0 + 0.5) * 255, 0, 255)
        super().__init__(PointCloud(splats.means, np.nan_to_num(colours).astype(np.uint8)))
        # Faint ones last, so that those drawn while moving are those that show.
        faint = self.splats.opacities[self.index] < _FAINT
        order = np.argsort(faint, kind="stable")
        self.index = self.index[order]
        self.positions = np.ascontiguousarray(self.positions[order])

    def offers(self) -> list[str]:
        return ["colour", "opacity", "size", "height", "plain"]

    def _paint(self, by: str) -> NDArray[np.uint8]:
        if by == "opacity":
            return mapped(self.splats.opacities[self.index])
        if by == "size":
            size = np.log(np.maximum(self.splats.scales.max(axis=1)[self.index], 1e-12))
            low, high = np.percentile(size, (5, 95))
            return mapped((size - low) / max(float(high - low), 1e-9))
        return super()._paint(by)


def draw_soft(
    frame: Frame, view: View, soft: Soft, plane: NDArray[np.float64] | None, crop: Box | None = None
) -> None:
    """Blend the Gaussians into ``frame`` (of ``view``'s size), where they are before what it shows. A splat that
    reaches around a surface is before or behind it as its middle is. What ``crop`` does not keep is faint."""
    from meshloom.kernels.splatting.arrays import Camera, Gaussians, Settings
    from meshloom.kernels.splatting.cpu import CpuRasteriser

    splats = soft.splats
    if plane is not None:
        splats = splats.take(splats.means @ plane[:3].astype(np.float32) + np.float32(plane[3]) >= 0)
    if not len(splats):
        return
    opacities = splats.opacities
    if crop is not None:
        opacities = np.where(crop.kept(splats.means), opacities, FAINT * opacities).astype(np.float32)
    gaussians = Gaussians(splats.means, splats.quaternions, splats.scales, opacities, splats.sh)
    extrinsics = np.hstack([view.rotation, view.shift[:, None]])
    camera = Camera.of(view.intrinsics, extrinsics, *view.size)
    near = 1e-3
    if soft.bounds is not None:
        near = 0.002 * float(np.linalg.norm(soft.bounds[1] - soft.bounds[0]))
    settings = Settings(antialiased=splats.antialiased, near=near, degree=splats.degree, geometry=True)
    with CpuRasteriser(os.cpu_count() or 2) as rasteriser:
        drawn = rasteriser.render(gaussians, camera, settings)
    assert drawn.median is not None
    alpha = np.clip(drawn.alpha, 0, 1)
    # Where less than half of the light is gone there is no middle: thin mist is taken to be in front.
    before = (alpha > 1 / 255) & ((frame.depth <= 0) | (drawn.median <= 0) | (drawn.median < frame.depth))
    share = np.where(before, alpha, 0)[..., None]
    over = np.moveaxis(drawn.colour, 0, 2) * before[..., None] + frame.colour * frame.alpha[..., None] * (
        1 - share
    )
    total = share[..., 0] + frame.alpha * (1 - share[..., 0])
    frame.colour = (over / np.maximum(total, 1e-6)[..., None]).astype(np.float32)
    frame.alpha = total.astype(np.float32)
    solid = before & (drawn.median > 0)
    frame.depth = np.where(solid, drawn.median, frame.depth).astype(np.float32)
    frame.face = np.where(solid, -1, frame.face).astype(np.int32)
