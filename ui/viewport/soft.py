"""Splats in the viewport: coarse Gaussians or points while the eye moves, Gaussians when it rests."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import PointCloud, Splats
from meshloom.kernels.raycast.render import Frame
from meshloom.kernels.raycast.view import View
from meshloom.ui.viewport.box import Box
from meshloom.ui.viewport.fading import THIN, Y0, dimmed_harmonics
from meshloom.ui.viewport.things import Points, mapped

#: The point for a splat is as large as for one of this opacity at least.
_LEAST = 0.65
#: Splats fainter than this are not worth a point.
_FAINT = 0.1


class Soft(Points):
    """A cloud of the centres, with the Gaussians themselves for when there is time."""

    def __init__(self, splats: Splats) -> None:
        self.splats = splats
        colours = np.clip((splats.sh[:, 0] * Y0 + 0.5) * 255, 0, 255)
        super().__init__(PointCloud(splats.means, np.nan_to_num(colours).astype(np.uint8)))
        # Faint ones last, so that those drawn while moving are those that show.
        faint = self.splats.opacities[self.index] < _FAINT
        order = np.argsort(faint, kind="stable")
        self.index = self.index[order]
        self.positions = np.ascontiguousarray(self.positions[order])
        #: How many are not faint; all, where nothing else is there.
        self.solid = int(len(faint) - faint.sum()) or len(faint)
        self.core = splats.core() or self.bounds
        # As large as half of the light is gone there; the middle axis, or needles would be wheels.
        middle = np.sort(splats.scales[self.index], axis=1)[:, 1]
        half = np.sqrt(2 * np.log(np.maximum(splats.opacities[self.index], _LEAST) / 0.5))
        self.sizes = (half * middle / max(self.radius, 1e-30)).astype(np.float32)
        self._resting: tuple[str, NDArray[np.float32]] = ("colour", splats.sh)

    @property
    def near(self) -> float:
        """What is nearer to the eye is not drawn."""
        if self.bounds is None or self.core is None:
            return 1e-3
        whole, core = (float(np.linalg.norm(box[1] - box[0])) for box in (self.bounds, self.core))
        return min(0.002 * whole, 0.01 * core)

    def offers(self) -> list[str]:
        return ["colour", "base", "opacity", "size", "height", "plain"]

    def harmonics(self, by: str) -> NDArray[np.float32]:
        """(N, K, 3) colours of the Gaussians themselves, as the points of :meth:`colours` have them."""
        if by not in self.offers():
            by = "colour"
        if self._resting[0] != by:
            self._resting = (by, self._plain(by) if by not in ("colour", "base") else
                             self.splats.sh if by == "colour" else self.splats.sh[:, :1].copy())  # fmt: skip
        return self._resting[1]

    def _plain(self, by: str) -> NDArray[np.float32]:
        """Of one colour from all sides."""
        found = np.zeros((len(self.splats), 1, 3), np.float32)
        found[self.index, 0] = (self.colours(by).astype(np.float32) / 255 - 0.5) / Y0
        return found

    def _paint(self, by: str) -> NDArray[np.uint8]:
        if by == "base":
            by = "colour"
        if by == "opacity":
            return mapped(self.splats.opacities[self.index])
        if by == "size":
            size = np.log(np.maximum(self.splats.scales.max(axis=1)[self.index], 1e-12))
            low, high = np.percentile(size, (5, 95))
            return mapped((size - low) / max(float(high - low), 1e-9))
        return super()._paint(by)


def draw_soft(
    frame: Frame,
    view: View,
    soft: Soft,
    plane: NDArray[np.float64] | None,
    by: str = "colour",
    crop: Box | None = None,
    samples: int = 1,
    backdrop: tuple[float, float, float] = (0.0, 0.0, 0.0),
    between: Callable[[], None] = lambda: None,
    flat: bool = False,
) -> None:
    """Blend the Gaussians into ``frame`` (of ``view``'s size), where they are before what it shows.

    A splat that reaches around a surface is before or behind it as its middle is. ``by``: what they are coloured by.
    What ``crop`` does not keep is near to ``backdrop``. ``samples``: pixels of the frame along one of the picture;
    Gaussians are smooth, more of them show nothing more. ``between`` is called now and then; what it raises ends
    the work. ``flat``: of one colour from all sides.
    """
    from meshloom.kernels.raycast._screen_kernel import over
    from meshloom.kernels.splatting.arrays import Camera, Gaussians, Settings
    from meshloom.kernels.splatting.cpu import CpuRasteriser

    splats = soft.splats
    sh = soft.harmonics(by)
    if plane is not None:
        kept = splats.means @ plane[:3].astype(np.float32) + np.float32(plane[3]) >= 0
        splats, sh = splats.take(kept), sh[kept]
    if not len(splats):
        return
    view = view.resized(view.size[0] // samples, view.size[1] // samples)
    opacities = splats.opacities
    if crop is not None:
        kept = crop.kept(splats.means)
        opacities = np.where(kept, opacities, np.float32(THIN) * opacities)
        sh = dimmed_harmonics(sh, kept, backdrop)
    gaussians = Gaussians(splats.means, splats.quaternions, splats.scales, opacities, sh)
    extrinsics = np.hstack([view.rotation, view.shift[:, None]])
    camera = Camera.of(view.intrinsics, extrinsics, *view.size)
    degree = 0 if flat else splats.degree
    settings = Settings(antialiased=splats.antialiased, near=soft.near, degree=degree, geometry=True)
    with CpuRasteriser(os.cpu_count() or 2) as rasteriser:
        drawn = rasteriser.render(gaussians, camera, settings, None if flat else between)
    assert drawn.median is not None
    frame.depth, frame.face, frame.colour, frame.alpha = (
        np.require(held, requirements="CW") for held in (frame.depth, frame.face, frame.colour, frame.alpha)
    )
    # Where less than half of the light is gone there is no middle: thin mist is taken to be in front.
    over(
        frame.depth, frame.face, frame.colour, frame.alpha, drawn.median, drawn.colour, drawn.alpha, samples
    )  # fmt: skip
